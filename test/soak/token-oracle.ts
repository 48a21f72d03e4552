/** Judges what happened at the tokens, and what the processes weigh. */
import type { Journal, TokenCall, Violation } from './journal.ts';

/** What a process may grow by between the second and the last quarter: garbage is collected when there is need. */
const growth = { ratio: 1.15, bytes: 6 * 1024 * 1024 };
/** Below this many samples a quarter says nothing. */
const enoughSamples = 80;

export function judgeTokens(journal: Journal): Violation[] {
  return [...judgeLogins(journal), ...judgeSignatures(journal)];
}

/** CKR_PIN_INCORRECT to CKR_PIN_LOCKED: what a wrong PIN costs. */
const spent = { first: 0xa0, last: 0xa4 };

/** A PIN is in a host's memory because somebody typed it for that host: each first login has a PIN of its own. */
function judgeLogins({ tokenCalls, typedPins }: Journal): Violation[] {
  const violations: Violation[] = [];
  const left = [...typedPins];
  const known = new Set<string>();
  for (const { pid, token, result, at, call } of tokenCalls) {
    if (call !== 'login') continue;
    if (result >= spent.first && result <= spent.last) {
      violations.push({ rule: 'a PIN try was spent', what: `${token}, result ${String(result)}` });
    }
    const host = `${String(pid)} ${token}`;
    if (result !== 0 || known.has(host)) continue;
    known.add(host);
    const typed = left.findIndex((pin) => pin.token === token && pin.at <= at);
    if (typed === -1) violations.push({ rule: 'a login nobody typed a PIN for', what: `host ${host}` });
    else left.splice(typed, 1);
  }
  return violations;
}

/** Every signature went to AWS, except those a host or a disconnect took with it. */
function judgeSignatures(journal: Journal): Violation[] {
  const made = countSignatures(journal.tokenCalls);
  const accounts = [...journal.signatures.values()];
  const sent = accounts.filter((account) => account !== null && journal.onTokens.has(account)).length;
  const unknown = accounts.filter((account) => account === null).length;
  const mayBeLost = unknown + journal.hostCrashes + journal.disconnected.length;
  if (made - sent >= 0 && made - sent <= mayBeLost) return [];
  const what = `${String(made)} made, ${String(sent)} sent; ${String(mayBeLost)} may be lost`;
  return [{ rule: 'signatures are not renewals', what }];
}

export function countSignatures(calls: readonly TokenCall[]): number {
  return calls.filter(({ call, result }) => call === 'sign' && result === 0).length;
}

export interface Growth {
  readonly who: string;
  readonly second: number;
  readonly last: number;
  readonly samples: number;
}

/** The median of the second quarter of the samples against that of the last, bytes. */
export function growthOf({ memory }: Pick<Journal, 'memory'>): Growth[] {
  return [...new Set(memory.map(({ who }) => who))].map((who) => {
    const bytes = memory.filter((sample) => sample.who === who).map((sample) => sample.bytes);
    const quarter = (number: number): number =>
      median(
        bytes.slice(Math.floor((bytes.length * number) / 4), Math.floor((bytes.length * (number + 1)) / 4)),
      );
    return { who, second: quarter(1), last: quarter(3), samples: bytes.length };
  });
}

export function judgeMemory(journal: Journal): Violation[] {
  return growthOf(journal)
    .filter(({ samples }) => samples >= enoughSamples)
    .filter(({ second, last }) => last > second * growth.ratio && last > second + growth.bytes)
    .map(({ who, second, last }) => ({
      rule: 'memory grows',
      what: `${who}: ${String(second)} to ${String(last)} bytes`,
    }));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
