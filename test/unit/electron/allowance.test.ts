import { expect, it } from 'vitest';
import { Allowance } from '../../../src/main/electron/allowance.ts';
import { FakeClock } from '../../support/fakes/clock.ts';

function createAllowance(perMinute = 3) {
  const clock = new FakeClock();
  return { clock, allowance: new Allowance(clock, perMinute) };
}

it('gives so many a minute and no more', () => {
  const { clock, allowance } = createAllowance();
  const taken = (): boolean => allowance.take() !== null;
  expect([taken(), taken(), taken(), taken()]).toEqual([true, true, true, false]);
  clock.jump(59_999);
  expect(taken()).toBe(false);
  clock.jump(1);
  expect([taken(), taken(), taken(), taken()]).toEqual([true, true, true, false]);
});

it('takes back what was no nuisance, once', () => {
  const { allowance } = createAllowance(1);
  const giveBack = allowance.take();
  expect(allowance.take()).toBeNull();
  giveBack?.();
  expect(allowance.take()).not.toBeNull();
  expect(allowance.take()).toBeNull();
});

it('keeps nobody out for longer where the clock was set back', () => {
  const { clock, allowance } = createAllowance(1);
  allowance.take();
  clock.jump(-3_600_000);
  expect(allowance.take()).not.toBeNull();
});
