import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { buildWriter, writtenSection } from './job.ts';
import type { Job, Writer } from './job.ts';

vi.setConfig({ testTimeout: 180_000 });

let writer: Writer;

beforeAll(async () => {
  writer = await buildWriter();
});

afterAll(async () => {
  await writer.remove();
});

const run = promisify(execFile);
const theirs = '# mine\n[x]\nk = v\n';

function prepare(accounts: readonly string[], rest: Partial<Job> = {}): Job {
  const job = writer.job(accounts, rest);
  fs.mkdirSync(dirname(job.credentials));
  fs.writeFileSync(job.credentials, theirs);
  return job;
}

function environment({ credentials, config }: Job): NodeJS.ProcessEnv {
  return { ...process.env, AWS_SHARED_CREDENTIALS_FILE: credentials, AWS_CONFIG_FILE: config };
}

it('writers of ours never lose each other’s sections', async () => {
  const job = prepare([], { rounds: 25, removes: true });
  const groups = [['a', 'b'], ['c'], ['d']];
  const ends = await Promise.all(groups.map((accounts) => writer.finish({ ...job, accounts })));
  expect(ends).toEqual([null, null, null]);
  const blocks = fs.readFileSync(job.credentials, 'utf8').split('\n\n');
  const expected = [theirs, ...groups.flat().map((account) => writtenSection(account, 25))];
  expect(blocks.map((block) => `${block.trimEnd()}\n`).sort()).toEqual(expected.sort());
});

// What AWS's own commands run, without their second of start-up for each value.
const configureLoop = `
import sys, time
from awscli.customizations.configure.writer import ConfigFileWriter
print('begun', flush=True)
for n in range(int(sys.argv[2])):
    ConfigFileWriter().update_config({'__section__': 'theirs-%d' % n, 'aws_access_key_id': 'T%d' % n}, sys.argv[1])
    ConfigFileWriter().update_config({'__section__': 'theirs-0', 'region': 'r%d' % n}, sys.argv[1])
    time.sleep(0.01)
`;

it('aws configure at the same time harms nothing of the user’s, and ours comes back', async () => {
  const job = prepare(['a'], { rounds: 1_000_000 });
  const rounds = 60;
  const configure = spawn('/usr/bin/python3', ['-c', configureLoop, job.credentials, String(rounds)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const configured = once(configure, 'close');
  await once(configure.stdout, 'data');
  const ours = [writer.start(job), writer.start({ ...job, accounts: ['b'] })];
  expect(await configured).toEqual([0, null]);
  await run('/usr/bin/aws', ['configure', 'set', 'region', 'eu-west-2', '--profile', 'x'], {
    env: environment({ ...job, config: job.credentials }),
  });
  for (const child of ours) {
    expect(child.exitCode).toBeNull(); // no failure ended it
    const closed = once(child, 'close');
    child.kill();
    await closed;
  }

  // A program that writes back what it read a moment ago may undo an update of ours; the next one brings it back.
  expect(await writer.finish({ ...job, accounts: ['a', 'b'], first: 7, rounds: 1 })).toBeNull();
  const text = fs.readFileSync(job.credentials, 'utf8');
  expect(text.startsWith('# mine\n[x]\nk = v\n')).toBe(true);
  for (const account of ['a', 'b']) expect(text).toContain(writtenSection(account, 7));
  const names: readonly string[] = text.match(/^\[.*\]$/gm) ?? [];
  expect(new Set(names).size).toBe(names.length);
  // One write of theirs that meets one of ours is kept; of two that meet the same one, the later.
  const lost = Array.from({ length: rounds }, (_, n) => n).filter(
    (n) => !names.includes(`[theirs-${String(n)}]`),
  );
  expect(lost.length).toBeLessThan(rounds / 10);
  const { stdout } = await run('/usr/bin/aws', ['configure', 'get', 'aws_access_key_id', '--profile', 'a'], {
    env: environment(job),
  });
  expect(stdout).toBe('KEY-a-7\n');
});
