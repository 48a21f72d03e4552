/** Waits for what announces itself nowhere: it is looked at again and again. */

/**
 * @param probe gives undefined, null, false or '' as long as it is not there.
 * @param what for the message, such as “a tray icon”.
 * @throws Error when it is not there after `timeoutMs` milliseconds.
 */
export async function until<T>(
  probe: () => Promise<T> | T,
  what: string,
  timeoutMs = 10_000,
): Promise<NonNullable<T>> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined && found !== null && found !== false && found !== '') return found;
    if (Date.now() > deadline) throw new Error(`Waited ${String(timeoutMs)} ms for ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
