/** Our files as AWS's own programs read them, and theirs as we do. */
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSections } from '../../../src/main/outlets/ini-document.ts';
import { buildWriter } from './job.ts';
import type { Job, Writer } from './job.ts';

let writer: Writer;
let folder: string;

beforeAll(async () => {
  writer = await buildWriter();
  folder = fs.mkdtempSync(join(tmpdir(), 'rolekey-readers-'));
});

afterAll(async () => {
  await writer.remove();
  fs.rmSync(folder, { recursive: true });
});

function botocore(job: Job | null, ...args: readonly string[]): unknown[] {
  const files =
    job === null ? {} : { AWS_SHARED_CREDENTIALS_FILE: job.credentials, AWS_CONFIG_FILE: job.config };
  const script = join(import.meta.dirname, 'read-aws-files.py');
  const env = { ...process.env, ...files, PYTHONUTF8: '1' };
  return JSON.parse(
    execFileSync('/usr/bin/python3', [script, ...args], { env, encoding: 'utf8' }),
  ) as unknown[];
}

/** botocore keeps the blank lines inside a value of several lines; nothing depends on them. */
function withoutBlankLines(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value).replaceAll(/(\\n)+/g, '\\n'));
}

function awsConfigureGet(job: Job, key: string, profile: string): string {
  const env = { ...process.env, AWS_SHARED_CREDENTIALS_FILE: job.credentials, AWS_CONFIG_FILE: job.config };
  return execFileSync('/usr/bin/aws', ['configure', 'get', key, '--profile', profile], {
    env,
    encoding: 'utf8',
  });
}

const before: Readonly<Record<string, string>> = {
  nothing: '',
  'a profile': '[x]\naws_access_key_id = A\naws_secret_access_key = B\n',
  'no last line end': '[x]\naws_access_key_id = A\naws_secret_access_key = B',
  CRLF: '[x]\r\naws_access_key_id = A\r\naws_secret_access_key = B\r\n',
  'CR alone': '[x]\raws_access_key_id = A\raws_secret_access_key = B\r',
  'mixed line ends': '[x]\r\naws_access_key_id = A\raws_secret_access_key = B\n',
  'an open nested setting': '[x]\naws_access_key_id = A\naws_secret_access_key = B\ns3 =\n  max = 1',
  'indented keys': '[x]\n  aws_access_key_id = A\n  aws_secret_access_key = B\n',
  'comments at the end': '[x]\naws_access_key_id = A\naws_secret_access_key = B\n# note\n\n; note',
};

describe.each(Object.entries(before))('after %s', (name, text) => {
  it('profiles with keys and with a command are read back, and the user’s own still is', async () => {
    const job = writer.job(['work', 'play'], { first: 3 });
    fs.mkdirSync(join(job.credentials, '..'));
    fs.writeFileSync(job.credentials, text);
    fs.writeFileSync(job.config, text.replace('[x]', '[profile y]'));
    expect(await writer.finish(job)).toBeNull();

    const cliPath = join(writer.folder, 'a command');
    const answer = { Version: 1, AccessKeyId: 'P', SecretAccessKey: 'Q', SessionToken: 'R' };
    fs.writeFileSync(
      cliPath,
      `#!/bin/sh\n[ "$*" = "credential-process --account proc" ] && echo '${JSON.stringify(answer)}'\n`,
    );
    fs.chmodSync(cliPath, 0o755);
    expect(await writer.finish({ ...job, accounts: ['proc'], cliPath })).toBeNull();

    const profiles = ['work', 'play', 'proc', ...(name === 'nothing' ? [] : ['x'])];
    const found = botocore(job, 'credentials', ...profiles);
    const token = (account: string): string => `TOKEN-${account}-3-${'x'.repeat(800)}`;
    expect(found.slice(0, 3)).toEqual([
      {
        accessKeyId: 'KEY-work-3',
        secretAccessKey: 'SECRET-work-3',
        sessionToken: token('work'),
        region: null,
      },
      {
        accessKeyId: 'KEY-play-3',
        secretAccessKey: 'SECRET-play-3',
        sessionToken: token('play'),
        region: null,
      },
      { accessKeyId: 'P', secretAccessKey: 'Q', sessionToken: 'R', region: 'eu-west-2' },
    ]);
    if (name !== 'nothing') expect(found[3]).toMatchObject({ accessKeyId: 'A', secretAccessKey: 'B' });
  });
});

it('aws configure get reads what was written', async () => {
  const job = writer.job(['work']);
  expect(await writer.finish(job)).toBeNull();
  expect(await writer.finish({ ...job, accounts: ['proc'], cliPath: '/opt/rolekey' })).toBeNull();
  expect(awsConfigureGet(job, 'aws_secret_access_key', 'work')).toBe('SECRET-work-1\n');
  expect(awsConfigureGet(job, 'x_security_token_expires', 'work')).toBe('2026-11-22T12:00:00Z\n');
  expect(awsConfigureGet(job, 'region', 'proc')).toBe('eu-west-2\n');
  expect(awsConfigureGet(job, 'credential_process', 'proc')).toBe(
    '"/opt/rolekey" credential-process --account proc\n',
  );
});

it('shlex and sh split the command alike, whatever safe path it has', async () => {
  const character = fc.constantFrom(...'azAZ09-_./\\: '.split(''));
  const paths = fc
    .sample(fc.string({ unit: character, maxLength: 12 }), { numRuns: 60, seed: 7 })
    .map((name) => `/x${name}`.replaceAll(/\\{2,}/g, '\\').replace(/\\$/, ''));
  const job = writer.job(['id']);
  const lines: string[] = [];
  for (const cliPath of paths.slice(0, 10)) {
    fs.rmSync(job.config, { force: true });
    expect(await writer.finish({ ...job, cliPath })).toBeNull();
    lines.push(/^credential_process = (.*)$/m.exec(fs.readFileSync(job.config, 'utf8'))![1]!);
  }
  lines.push(...paths.slice(10).map((path) => `"${path}" credential-process --account id`));
  const words = paths.map((path) => [path, 'credential-process', '--account', 'id']);
  expect(botocore(null, 'command', ...lines)).toEqual(words);
  for (const [index, line] of lines.entries()) {
    const print = `for word in ${line}; do printf '%s\\n' "$word"; done`;
    expect(execFileSync('/bin/sh', ['-c', print], { encoding: 'utf8' }).split('\n').slice(0, -1)).toEqual(
      words[index],
    );
  }
});

it('we read sections, keys and values as botocore does', () => {
  const line = fc.constantFrom(
    '',
    '  ',
    '[a]',
    '[profile b]',
    '[ c ]',
    '[d] # note',
    'k = v',
    'K=v',
    'k2: v = w',
    '  k3 = v',
    '    k4 = v',
    '\tk5 = v',
    's3 =',
    '  # note',
    '; note',
    'x = y # kept',
    'ü = ß',
    'empty =',
  );
  const files = fc.sample(fc.tuple(fc.array(line, { maxLength: 15 }), fc.constantFrom('\n', '\r\n', '\r')), {
    numRuns: 3000,
    seed: 11,
  });
  const paths = files.map(([lines, end], index) => {
    const path = join(folder, String(index));
    fs.writeFileSync(path, lines.map((text) => text + end).join(''));
    return path;
  });
  let compared = 0;
  botocore(null, 'sections', ...paths).forEach((theirs, index) => {
    if (theirs === null) return; // botocore refuses the whole file; we read what there is
    const ours = readSections(fs.readFileSync(paths[index]!));
    expect(ours.map(({ name, keys }) => [name, Object.fromEntries(keys)])).toEqual(withoutBlankLines(theirs));
    compared += 1;
  });
  expect(compared).toBeGreaterThan(200);
});
