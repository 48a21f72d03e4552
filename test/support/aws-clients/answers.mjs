/** What the clients written in JavaScript have in common: arguments, the times of calls, and lines of JSON. */

/**
 * @typedef {{ accessKeyId: string, secretAccessKey: string, sessionToken?: string | undefined }} Keys
 * @typedef {{ arn?: string | undefined, requestId?: string | null | undefined }} Identity
 */

/** @param {object} answer */
function print(answer) {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

/** @param {unknown} error */
const told = (error) => (error instanceof Error ? `${error.name}: ${error.message}` : String(error));

/** When to call, milliseconds after the full second: see README.md. */
const offsetMs = 100;

/** @param {number} everyMs */
const untilNext = (everyMs) => everyMs - ((Date.now() - offsetMs) % everyMs);

/**
 * Does what the arguments of this program say.
 * @param {{ resolve: (profile: string | undefined) => Promise<Keys>, call: () => Promise<Identity> }} client
 * @returns {Promise<void>}
 */
export async function answer({ resolve, call }) {
  const [action, ...rest] = process.argv.slice(2);
  if (action === 'resolve') {
    for (const profile of rest.length === 0 ? [undefined] : rest) {
      try {
        const { accessKeyId, secretAccessKey, sessionToken } = await resolve(profile);
        print({ profile, accessKeyId, secretAccessKey, sessionToken });
      } catch (error) {
        print({ profile, error: told(error) });
      }
    }
    return;
  }
  if (action !== 'call') throw new Error('Usage: resolve [PROFILE]... | call [EVERY_MS SECONDS]');
  const [everyMs = 0, seconds = 0] = rest.map(Number);
  const end = performance.now() + seconds * 1000;
  do {
    if (everyMs > 0) await new Promise((done) => setTimeout(done, untilNext(everyMs)));
    print(await answered(call));
  } while (performance.now() < end);
}

/** @param {() => Promise<Identity>} call */
async function answered(call) {
  const started = performance.now();
  const ms = () => Math.round(performance.now() - started);
  try {
    const { arn, requestId } = await call();
    return { arn, requestId, ms: ms() };
  } catch (error) {
    return { error: told(error), ms: ms() };
  }
}
