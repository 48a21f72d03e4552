/** A minute of the soak: an hour and a half in fast motion with everything that can happen. `npm run soak` is all of it. */
import { expect, it } from 'vitest';
import { judge } from '../../soak/oracle.ts';
import { reportOf } from '../../soak/report.ts';
import { soak } from '../../soak/run.ts';

it('a hundred accounts live through every fault there is', { timeout: 240_000 }, async () => {
  const soaked = await soak({
    hours: 1.1,
    scale: 100,
    accounts: 100,
    seed: 3,
    calmMs: 700,
    tell: () => undefined,
    log: null,
  });
  const violations = judge(soaked.journal);
  expect(violations.length, reportOf(soaked, violations)).toBe(0);
  // It was no idle hour.
  expect(new Set(soaked.happened.map(({ name }) => name)).size).toBe(16);
  expect(soaked.journal.issued.length).toBeGreaterThan(120);
  const served = soaked.journal.readings.filter(({ found }) => 'accessKeyId' in found);
  for (const source of ['socket', 'credential-process', 'credentials-file']) {
    expect(served.filter((reading) => reading.source === source).length).toBeGreaterThan(2);
  }
});
