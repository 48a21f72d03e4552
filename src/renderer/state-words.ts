/** What an account is doing, in words and in one of five tones: a total function of its state. Pure. */
import { errorTable, type ErrorCode, type ErrorShape } from '../shared/errors.ts';
import type { State } from '../shared/model.ts';
import { secondsLeft, servesAt } from './remaining.ts';
import { clockTime, remaining, stateText, windowRemedy, withoutFlags } from './text.ts';

/** Which colour and sign go with it; the words say it all. */
export type Tone = 'on' | 'busy' | 'wants' | 'bad' | 'off';

export interface StateWords {
  readonly headline: string;
  readonly tone: Tone;
}

/** @param now milliseconds since the epoch. */
export function stateWords(state: State, now: number): StateWords {
  const served = servesAt(state, now) ? remaining(secondsLeft(state.serving.expiresAt, now)) : null;
  const { doing, tone } = doingOf(state, served !== null);
  if (served === null) return { headline: doing, tone };
  const isWell = state.activity === 'idle' || state.activity === 'renewing';
  if (isWell && state.reason === null) {
    return { headline: stateText.left(doing, served), tone };
  }
  return { headline: stateText.still(doing, served), tone };
}

function doingOf(state: State, serves: boolean): { doing: string; tone: Tone } {
  const { activity, reason, error, serving, retryAt } = state;
  switch (activity) {
    case 'idle':
      if (serves) return { doing: stateText.connected, tone: 'on' };
      if (serving !== null || error?.code === 'session-expired') {
        return { doing: stateText.expired, tone: 'off' };
      }
      return { doing: stateText.notConnected, tone: 'off' };
    case 'connecting':
      if (reason === 'touch') return { doing: stateText.touchNow, tone: 'wants' };
      return { doing: stateText.connecting, tone: 'busy' };
    case 'renewing':
      if (reason === 'touch') return { doing: stateText.touchNow, tone: 'wants' };
      return { doing: serves ? stateText.renewingConnected : stateText.renewing, tone: 'busy' };
    case 'needs-you':
      return { doing: reason === null ? stateText.needsYou : stateText.needs[reason], tone: 'wants' };
    case 'retrying':
      return {
        doing: retryAt === null ? stateText.retrying : stateText.retryingAt(clockTime(retryAt)),
        tone: 'wants',
      };
    case 'failed':
      if (error !== null && ofAwsFiles.has(error.code)) return { doing: stateText.fileFailed, tone: 'bad' };
      return { doing: serves ? stateText.renewalFailed : stateText.failed, tone: 'bad' };
  }
}

/** Failures of handing out, not of connecting. */
const ofAwsFiles = new Set<ErrorCode>([
  'section-foreign',
  'marker-damaged',
  'file-readonly',
  'file-busy',
  'file-unreadable',
  'file-undecodable',
  'disk-full',
  'cli-path-unsafe',
]);

/** Sentences of the table that the headline has said already; one that says more is another. */
const saidByHeadline: ReadonlySet<string> = new Set(
  (['session-expired', 'pin-needed', 'pin-locked', 'token-absent'] as const).map(
    (code) => errorTable[code].message,
  ),
);

export interface ErrorWords {
  /** What happened; empty where the headline says so. */
  readonly message: string;
  readonly remedy: string;
}

/** An error as a window says it. */
export function errorWords(error: ErrorShape): ErrorWords {
  return { message: withoutFlags(error.message), remedy: windowRemedy(error) };
}

/** An account’s error under its headline. */
export function errorUnderHeadline({ error }: State): ErrorWords | null {
  if (error === null) return null;
  return saidByHeadline.has(error.message) ? { message: '', remedy: windowRemedy(error) } : errorWords(error);
}

/** Whether there is something to connect. */
export function canConnect(state: State, now: number): boolean {
  switch (state.activity) {
    case 'idle':
      return !servesAt(state, now);
    case 'connecting':
    case 'renewing':
      return false;
    case 'needs-you':
    case 'retrying':
    case 'failed':
      return true;
  }
}

/** Whether there is something to end: what is served, or what would be tried again. */
export function canDisconnect(state: State, now: number): boolean {
  return state.activity !== 'connecting' && (servesAt(state, now) || state.activity === 'retrying');
}

/** Whether the two differ in nothing but times: no news for who hears them read out. */
export function isSameKind(one: State, other: State): boolean {
  return (
    one.activity === other.activity &&
    one.reason === other.reason &&
    one.error?.code === other.error?.code &&
    (one.serving === null) === (other.serving === null)
  );
}
