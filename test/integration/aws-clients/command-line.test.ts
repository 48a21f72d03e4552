/** The line in `~/.aws/config`, as every client reads it, whatever path the rolekey command has. */
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFiles } from '../../../src/main/node/files.ts';
import { createConfigFile } from '../../../src/main/outlets/config-file.ts';
import {
  awsClients,
  callAws,
  resolveCredentials,
  type AwsClient,
  type Resolved,
} from '../../support/aws-clients/clients.ts';
import { textOf, World } from '../../support/world/world.ts';
import { configFor, using } from './using.ts';

let world: World;
let clients: AwsClient[];

beforeAll(async () => {
  world = await World.open();
  clients = await awsClients(world.directory);
});
afterAll(() => world.dispose());

describe('the rolekey command at a path with', () => {
  it.each([
    ['spaces', 'a folder  with spaces/rolekey', 'spaces'],
    ['every kind of character that is allowed', 'Odd-1_a.b:c\\d  e/.x/role key', 'odd'],
  ])('%s: all clients get the identity', async (_what, path, id) => {
    const command = join(world.directory, path);
    mkdirSync(dirname(command), { recursive: true });
    symlinkSync(world.cli, command);
    await world.rolekey(['agent', 'stop']);
    // The agent that writes the line is the one this command starts.
    const key = ['--private-key', world.device.uri];
    const added = await world.run(command, ['accounts', 'add', id, ...world.accountFlags(id), ...key]);
    expect(added).toMatchObject({ code: 0, stderr: '' });
    expect(textOf(world.configFile)).toContain(
      `\ncredential_process = "${command}" credential-process --account ${id}\n`,
    );
    await world.connect(id);
    const answers = await Promise.all(
      clients.map((client) => callAws(world, client, { env: using(id, client, world) })),
    );
    for (const [index, [answer]] of answers.entries()) {
      expect(answer, clients[index]!.name).toMatchObject({
        arn: expect.stringContaining(`:assumed-role/${id}/`) as string,
      });
    }
  });
});

describe('a command at any path that may be written', () => {
  const folders = () => join(world.directory, 'any');
  const character = fc.constantFrom(...'azAZ09-_./\\: '.split(''));
  /** Paths of files, without a folder that is another path’s file. */
  const paths = fc
    .sample(fc.string({ unit: character, minLength: 1, maxLength: 14 }), { numRuns: 60, seed: 5 })
    .map((text) => text.replaceAll(/\\{2,}/g, '\\').replaceAll(/(^|\/)\.\.(?=\/|$)/g, '$1.x'))
    .filter((text) => !/[/\\]$|(^|\/)\.$/.test(text))
    .slice(0, 30);
  let answers: Map<string, Resolved[]>;

  beforeAll(async () => {
    const files = createFiles(world.folder('any-run'));
    const [path, credentialsPath] = [world.configFile, world.credentialsFile];
    for (const [index, name] of paths.entries()) {
      const id = `any-${String(index)}`;
      const cliPath = `${folders()}/${String(index)}/${name}`;
      mkdirSync(dirname(cliPath), { recursive: true });
      writeFileSync(cliPath, program(id));
      chmodSync(cliPath, 0o755);
      const options = { files, path, credentialsPath, createdFiles: new Set<string>(), cliPath };
      await createConfigFile(options).put([{ accountId: id, profile: id, profileRegion: null }]);
    }
    const ids = paths.map((_, index) => `any-${String(index)}`);
    const resolved = clients.map(async (client): Promise<[string, Resolved[]]> => {
      const some = client.name === 'AWS CLI' ? ids.slice(0, 4) : ids; // a process for each
      return [client.name, await resolveCredentials(world, client, some, configFor(client, world))];
    });
    answers = new Map(await Promise.all(resolved));
  });

  it('holds all that is allowed', () => {
    expect(paths).toHaveLength(30);
    expect(new Set(paths.join(''))).toEqual(new Set('azAZ09-_./\\: '));
  });

  it.each([
    ['AWS CLI', 4],
    ['boto3', 30],
    ['AWS SDK for JavaScript', 30],
    ['AWS SDK for Go', 30],
  ])('%s runs it with the arguments that are written', (name, count) => {
    expect(answers.get(name)).toEqual(
      Array.from({ length: count }, (_, index) => ({
        profile: `any-${String(index)}`,
        accessKeyId: `KEY-any-${String(index)}`,
        secretAccessKey: 'secret',
        sessionToken: 'token',
      })),
    );
  });

  /** Answers only to the words of the contract. */
  function program(id: string): string {
    const keys = { AccessKeyId: `KEY-${id}`, SecretAccessKey: 'secret', SessionToken: 'token' };
    const document = JSON.stringify({ Version: 1, ...keys });
    return `#!/bin/sh\n[ "$#:$*" = "3:credential-process --account ${id}" ] && echo '${document}'\n`;
  }
});

describe('a Go SDK from before November 2023', () => {
  it('runs the command without its arguments, and reports an error', async () => {
    const go = clients.find(({ readsQuotes }) => !readsQuotes)!;
    const ran = join(world.directory, 'ran');
    const command = world.file('words', `#!/bin/sh\necho "$#" > ${ran}\n`);
    chmodSync(command, 0o755);
    const line = `credential_process = "${command}" credential-process --account x`;
    const config = world.file('old-go-config', `[profile x]\n${line}\n`);
    const env = { AWS_PROFILE: 'x', AWS_CONFIG_FILE: config };
    const answer = await callAws(world, go, { env });
    expect(answer).toEqual([
      {
        error: expect.stringContaining('process provider error') as string,
        ms: expect.any(Number) as number,
      },
    ]);
    expect(textOf(ran)).toBe('0\n');
  });

  it('reads single quotes, as all others do', async () => {
    const document = JSON.stringify({ Version: 1, AccessKeyId: 'KEY', SecretAccessKey: 'secret' });
    const command = world.file('in single quotes', `#!/bin/sh\n[ "$#" = 1 ] && echo '${document}'\n`);
    chmodSync(command, 0o755);
    const config = world.file('single-quotes', `[profile x]\ncredential_process = '${command}' word\n`);
    const resolve = (client: AwsClient): Promise<Resolved[]> =>
      resolveCredentials(world, client, ['x'], { AWS_CONFIG_FILE: config });
    for (const answer of await Promise.all(clients.map(resolve))) {
      expect(answer).toMatchObject([{ profile: 'x', accessKeyId: 'KEY' }]);
    }
  });
});
