/** Ends what waits for an agent that may hang. */
import { AppError } from '../shared/errors.ts';

/** @param ms how long `work` may take, milliseconds. @throws AppError `agent-failed` when that is over. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new AppError('agent-failed', { message: 'The Rolekey agent did not answer in time.' }));
    }, ms);
  });
  return Promise.race([work, over]).finally(() => clearTimeout(timer));
}

/**
 * Waits for `work`, however long it takes, while `ask` is answered.
 * @param ask asks for a sign of life; a failure is one as well.
 * @param patienceMs how long there may be none, milliseconds; work that is quicker than half of it is not asked after.
 * @throws AppError `agent-failed` when there was none.
 */
export async function whileAlive<T>(
  patienceMs: number,
  ask: () => Promise<unknown>,
  work: Promise<T>,
): Promise<T> {
  const half = patienceMs / 2;
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    const wait = (): void => {
      timer = setTimeout(() => {
        const sign = ask().catch(() => undefined);
        within(half, sign).then(wait, reject);
      }, half);
    };
    wait();
  });
  return Promise.race([work, silence]).finally(() => clearTimeout(timer));
}
