/**
 * A bridge without a main side behind it, for pages that are looked at alone. Knows the bridge as the blueprint of both
 * sides has it and imports nothing of it: `page.addInitScript(installFakeBridge, { answers })` before the page loads.
 */

/** What each call answers, by its name: `{ result }` or `{ error }`, or several in a row, of which the last stays. */
export interface Scenario {
  readonly answers: Readonly<Record<string, unknown>>;
  /** Calls that are never answered. */
  readonly silent?: readonly string[];
}

export interface FakeBridge {
  /** Every call in order, with its input. */
  readonly asked: { readonly name: string; readonly input: unknown }[];
  /** What `securitypolicyviolation` events told. */
  readonly violations: string[];
  /** Tells the page an event. */
  readonly tell: (event: string, payload: unknown) => void;
  /** Changes what a call answers from now on. */
  readonly answer: (name: string, answer: unknown) => void;
}

interface PageGlobals {
  rolekey?: unknown;
  fakeBridge?: FakeBridge;
  readonly document: {
    addEventListener: (
      event: string,
      listener: (event: { effectiveDirective: string; blockedURI: string; sample: string }) => void,
    ) => void;
  };
}

/** Runs in the page, so it may name nothing outside of itself. */
export function installFakeBridge({ answers, silent = [] }: Scenario): void {
  const page = globalThis as unknown as PageGlobals;
  const given = new Map(Object.entries(answers));
  const listeners = new Map<string, Set<(payload: unknown) => void>>();
  const asked: { name: string; input: unknown }[] = [];
  const violations: string[] = [];
  page.document.addEventListener('securitypolicyviolation', (event) => {
    violations.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sample}`);
  });

  const answerTo = (name: string): unknown => {
    const answer = given.get(name);
    if (!Array.isArray(answer)) return answer;
    const [first, ...rest] = answer as unknown[];
    if (rest.length > 0) given.set(name, rest);
    return first;
  };
  const missing = (name: string): unknown => ({
    error: { code: 'internal', message: `Nothing answers ${name}.`, remedy: '', requestId: null },
  });
  const call = (name: string) => (input: unknown) => {
    asked.push({ name, input });
    if (silent.includes(name)) return new Promise(() => undefined);
    return Promise.resolve(structuredClone(answerTo(name) ?? missing(name)));
  };

  page.rolekey = {
    calls: new Proxy({}, { get: (_, name) => call(String(name)) }),
    on: (event: string, listener: (payload: unknown) => void) => {
      const heard = listeners.get(event) ?? new Set();
      listeners.set(event, heard.add(listener));
      return () => heard.delete(listener);
    },
  };
  page.fakeBridge = {
    asked,
    violations,
    tell: (event, payload) => listeners.get(event)?.forEach((listener) => listener(structuredClone(payload))),
    answer: (name, answer) => given.set(name, answer),
  };
}
