/** How far this computer's clock is from that of an endpoint. Pure. */
import type { Finding } from '../../shared/api.ts';
import { parseHttpDate } from '../roles-anywhere/http-date.ts';
import { fine, problem, warning } from './finding.ts';

/** An answer and when it was asked for and came, milliseconds since the epoch by this computer's clock. */
export interface DatedAnswer {
  readonly host: string;
  /** The Date header. */
  readonly date: string | undefined;
  readonly sentAt: number;
  readonly receivedAt: number;
}

const check = 'clock';
/** Milliseconds. AWS takes five minutes; two are a sign that nothing keeps the clock. */
const tolerableMs = 120_000;
/** More than this is not corrected by Rolekey (sessions/server-clock). */
const correctableMs = 24 * 3_600_000;
const remedy = 'Set the clock, best by turning network time on.';

export function judgeClock(answer: DatedAnswer): Finding {
  const { host } = answer;
  const offset = clockOffset(answer);
  if (offset === null) {
    return warning(
      check,
      host,
      'It did not tell its time, so this computer’s clock cannot be compared.',
      null,
    );
  }
  const size = Math.abs(offset);
  if (size <= tolerableMs)
    return fine(check, host, `The clock is right to ${String(Math.round(size / 1000))} s.`);
  const message = `The clock of this computer is ${inWords(size)} ${offset > 0 ? 'behind' : 'ahead'}.`;
  if (size > correctableMs) return problem(check, host, message, remedy);
  return warning(
    check,
    host,
    `${message} Rolekey allows for it while it runs; other programs do not.`,
    remedy,
  );
}

/** Milliseconds the host's clock is ahead of this computer's; null where it did not tell. */
function clockOffset({ date, sentAt, receivedAt }: DatedAnswer): number | null {
  const time = parseHttpDate(date);
  if (time === null) return null;
  // The header is cut to whole seconds, and was written somewhere between request and answer.
  return Math.round(time + 500 - (sentAt + receivedAt) / 2);
}

function inWords(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 120) return `${String(minutes)} minutes`;
  const hours = Math.round(ms / 3_600_000);
  return hours < 48 ? `${String(hours)} hours` : `${String(Math.round(hours / 24))} days`;
}
