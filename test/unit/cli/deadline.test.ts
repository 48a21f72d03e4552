import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { whileAlive, within } from '../../../src/cli/deadline.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  expect(vi.getTimerCount(), 'timers left').toBe(0);
  vi.useRealTimers();
});

const after = <T>(ms: number, value: T): Promise<T> =>
  new Promise((resolve) => setTimeout(() => resolve(value), ms));
const never = (): Promise<never> => new Promise<never>(() => undefined);
/** What became of it, with the time that took. */
async function outcome(work: Promise<string>): Promise<[result: string, ms: number]> {
  const started = performance.now();
  const told = work.then(
    (value): [string, number] => [value, performance.now() - started],
    (error: unknown): [string, number] => [
      (error as { code?: string }).code ?? String(error),
      performance.now() - started,
    ],
  );
  await vi.advanceTimersByTimeAsync(60_000);
  return told;
}

describe('within', () => {
  it('answers what came in time, and throws what was thrown', async () => {
    expect(await outcome(within(100, after(99, 'done')))).toEqual(['done', 99]);
    expect(await outcome(within(100, Promise.reject(new Error('no'))))).toEqual(['Error: no', 0]);
  });

  it('ends in agent-failed when the time is over', async () => {
    expect(await outcome(within(100, never()))).toEqual(['agent-failed', 100]);
  });
});

describe('while alive', () => {
  it('quick work is not asked after', async () => {
    const ask = vi.fn(never);
    expect(await outcome(whileAlive(1000, ask, after(400, 'done')))).toEqual(['done', 400]);
    expect(ask).not.toHaveBeenCalled();
  });

  it('slow work is waited for as long as there are signs of life', async () => {
    const ask = vi.fn(() => after(300, 'alive'));
    expect(await outcome(whileAlive(1000, ask, after(30_000, 'done')))).toEqual(['done', 30_000]);
    expect(ask.mock.calls.length).toBeGreaterThan(30);
  });

  it('a failure is a sign of life', async () => {
    const ask = (): Promise<never> => Promise.reject(new Error('busy'));
    expect(await outcome(whileAlive(1000, ask, after(5000, 'done')))).toEqual(['done', 5000]);
  });

  it('ends in agent-failed when there was none for so long', async () => {
    expect(await outcome(whileAlive(1000, never, never()))).toEqual(['agent-failed', 1000]);
  });

  it('throws what the work throws', async () => {
    const work = after(700, '').then(() => Promise.reject(new Error('no')));
    expect(await outcome(whileAlive(1000, () => after(1, ''), work))).toEqual(['Error: no', 700]);
  });
});
