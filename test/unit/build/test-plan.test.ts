import { describe, expect, it } from 'vitest';
import { planTests } from '../../../build/test-plan.mjs';

const found = { description: 'Electron 45.4.1, installed by npm' };
const none = { reason: 'there is no pip', mistake: false };
const wrong = { reason: 'there is no /e/electron', mistake: true };
const [unit, endToEnd] = ['test/unit/a.test.ts', 'test/e2e/a.test.ts'];

describe('which tests are run', () => {
  it.each([
    ['all, with an Electron', false, found, [], 0, 0, [unit, endToEnd]],
    ['all, without', false, none, ['--project=!e2e'], 1, 0, [unit]],
    ['all, with a wrong one', false, wrong, ['--project=!e2e'], 0, 1, [unit]],
    ['end to end alone, with', true, found, ['--project=e2e'], 0, 0, [endToEnd]],
    ['end to end alone, without', true, none, null, 1, 0, []],
  ])('%s', (_, onlyEndToEnd, electron, vitest, skipped, failed, included) => {
    const plan = planTests({ onlyEndToEnd, electron });
    expect(plan).toMatchObject({ vitest, skipped, failed });
    expect([unit, endToEnd].filter(plan.includes)).toEqual(included);
  });

  it('tells which Electron it is', () => {
    expect(planTests({ onlyEndToEnd: false, electron: found }).announcements).toEqual([
      'End-to-end tests run on Electron 45.4.1, installed by npm',
    ]);
  });

  it('tells in one line why there is none', () => {
    expect(planTests({ onlyEndToEnd: true, electron: none }).announcements).toEqual([
      'SKIPPED e2e: there is no pip',
    ]);
  });

  it('tells what is wrong with one that was named', () => {
    expect(planTests({ onlyEndToEnd: true, electron: wrong }).announcements).toEqual([
      '✗ e2e: there is no /e/electron',
    ]);
  });
});
