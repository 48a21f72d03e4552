/** The clock the soak lives by, in a process of its own. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { clockVariable, ScaledClock, scaledClockPreload } from '../../support/scaled-clock/scaled-clock.ts';

const directory = mkdtempSync(join(tmpdir(), 'rolekey-clock-'));
const clock = new ScaledClock(join(directory, 'clock'), 100);
afterAll(() => {
  clock.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Runs a program by the clock. @returns what it printed, parsed. */
function run(program: string): unknown {
  const output = execFileSync(process.execPath, ['-r', `./${scaledClockPreload}`, '-e', program], {
    env: { ...process.env, [clockVariable]: clock.path },
    encoding: 'utf8',
  });
  return JSON.parse(output);
}

/** Prints how long `wait` took, by the computer's own clock and by the program's, milliseconds. */
const timed = (wait: string): string => `
  const real = performance.now(), scaled = Date.now();
  const done = () => console.log(JSON.stringify([performance.now() - real, Date.now() - scaled]));
  ${wait}`;

it('shows the same time as the clock of this process, also after it was set', () => {
  for (const jump of [0, 7 * 86_400_000, -14 * 86_400_000]) {
    clock.jump(jump);
    const before = clock.now();
    const shown = run(
      'console.log(JSON.stringify([Date.now(), +new Date(), Date.parse(Date())]))',
    ) as number[];
    for (const time of shown) {
      expect(time).toBeGreaterThan(before - 1000); // Date() shows whole seconds
      expect(time).toBeLessThanOrEqual(clock.now());
    }
  }
});

it('has a time since the computer started that is as fast, and not set with it', () => {
  const [wall, since] = run(`
    const os = require('node:os'), wall = Date.now(), start = os.uptime();
    setTimeout(() => console.log(JSON.stringify([Date.now() - wall, (os.uptime() - start) * 1000])), 180_000);
  `) as [number, number];
  expect(Math.abs(wall - since)).toBeLessThan(5000); // 50 real milliseconds; the system tells hundredths
  expect(since).toBeGreaterThan(170_000);
});

it('has both times go on in a sleep', () => {
  const both = (): [number, number] =>
    run("console.log(JSON.stringify([Date.now(), require('node:os').uptime() * 1000]))") as [number, number];
  const before = both();
  clock.sleep(7 * 86_400_000);
  clock.jump(-86_400_000);
  const after = both();
  expect(Math.round((after[0] - before[0]) / 86_400_000)).toBe(6);
  expect(Math.round((after[1] - before[1]) / 86_400_000)).toBe(7);
});

it('leaves dates alone that are given', () => {
  expect(
    run('console.log(JSON.stringify([new Date(5), new Date(2026, 0), new Date(5) instanceof Date]))'),
  ).toEqual(['1970-01-01T00:00:00.005Z', new Date(2026, 0).toISOString(), true]);
});

it.each([
  ['a timer of three minutes', 'setTimeout(done, 180_000)', 1800],
  ['one imported', "require('node:timers').setTimeout(done, 180_000)", 1800],
  ['a time-out of 20 seconds: one real second', 'setTimeout(done, 20_000)', 1000],
  ['a pause shorter than a second', 'setTimeout(done, 250)', 250],
  [
    'a signal',
    'const wait = setInterval(() => 0, 1e6); AbortSignal.timeout(20_000).onabort = () => (clearInterval(wait), done())',
    1000,
  ],
])('%s', (_, wait, realMs) => {
  const [real, scaled] = run(timed(wait)) as [number, number];
  expect(real).toBeGreaterThan(realMs - 10);
  expect(scaled / real).toBeGreaterThan(50);
});
