/**
 * Judges a soak by what was seen from outside. Knows the rules of docs/cli.md and docs/architecture.md, and not a line
 * of what it judges.
 */
import type { Issued, Journal, Reading, Span, Violation } from './journal.ts';
import { judgeMemory, judgeTokens } from './token-oracle.ts';

/** What an answer may be late, and AWS's clock be misjudged by it: a time-out, in the computer's milliseconds. */
const blurRealMs = 1000;
/**
 * How long after expiry a section may stay, in the computer's milliseconds: the agent looks once a second, and what a
 * hundred accounts want after a sleep takes a busy computer many. What is served at the socket has no such leave.
 */
const sectionRealMs = 15_000;
/** AWS's clock as the agent knows it: half of an exchange of 20 s, whole seconds, and 5 s that it does not mind. */
const learntMs = 16_000;

export function judge(journal: Journal): Violation[] {
  return [
    ...judgeAnswers(journal),
    ...judgeRenewals(journal),
    ...judgeTokens(journal),
    ...judgeMemory(journal),
    ...journal.foreignChanges.map((what) => ({ rule: 'foreign bytes changed', what })),
  ];
}

/** Every answer against what AWS issued, and every refusal against what was served before. */
function judgeAnswers(journal: Journal): Violation[] {
  const violations: Violation[] = [];
  const issued = new Map(journal.issued.map((session) => [session.accessKeyId, session]));
  /** What each source gave last for an account. */
  const last = new Map<string, Reading>();
  for (const reading of journal.readings) {
    const { found, account, source } = reading;
    const place = `${source} ${account}`;
    if ('code' in found) {
      const what = judgeRefusal(journal, reading, found.code, last.get(place), issued);
      if (what !== null) violations.push(violation(what, reading));
      if (source === 'credentials-file') last.delete(place);
      continue;
    }
    const session = issued.get(found.accessKeyId);
    const what =
      session?.account === account
        ? judgeServed(journal, reading, session, found.expiration)
        : 'credentials AWS did not issue for the account';
    if (what !== null) violations.push(violation(what, reading, aboutSession(journal, reading, session)));
    last.set(place, reading);
  }
  return violations;
}

function violation(rule: string, { answered, account, source, found }: Reading, more = ''): Violation {
  const told = 'code' in found ? found.code : `${found.accessKeyId} until ${time(found.expiration)}`;
  return { rule, what: `${time(answered)} ${source} ${account} ${told}${more}` };
}

/** What is known of what was served, for whoever looks into it. */
function aboutSession(journal: Journal, { asked }: Reading, session: Issued | undefined): string {
  if (session === undefined) return '';
  const offsets = offsetsBetween(journal, session.at, asked).map((offset) => `${String(offset / 1000)} s`);
  const clock = `the agent’s clock ahead by ${offsets.join(', then ')}`;
  return `; issued ${time(session.at)} until ${time(session.expiresAt)}, ${clock}`;
}

function judgeServed(
  journal: Journal,
  { asked, source }: Reading,
  session: Issued,
  told: number,
): string | null {
  const blur = learntMs + blurRealMs * journal.scale;
  const setBack = setBackSince(journal, session, blur, asked);
  const slept = sleptThrough(journal, session, blur);
  const late = asked - session.expiresAt - setBack - slept - blur;
  if (source === 'credentials-file') {
    const expired = { from: session.expiresAt, to: asked };
    const hindered = overlap([...journal.suspended, ...journal.diskFull], expired);
    if (late - hindered > sectionRealMs * journal.scale) return 'a section outlived its credentials';
  } else if (late > 0) return 'expired credentials were served';
  // It is told by the agent's clock as it was when it was asked for, or at any time since.
  const offsets = offsetsBetween(journal, session.at - blur, asked);
  const errors = offsets.map((offset) => told - (session.expiresAt + offset));
  const isRight = errors.some((error) => error >= -blur && error <= blur + slept);
  return isRight ? null : 'a wrong expiry was told';
}

/** @returns what is wrong with a refusal; null where it is right, or nothing can be said. */
function judgeRefusal(
  journal: Journal,
  { asked, answered, agentTime, account }: Reading,
  code: string,
  before: Reading | undefined,
  issued: ReadonlyMap<string, Issued>,
): string | null {
  const look = { from: asked, to: answered };
  if (touches(journal.suspended, look)) return null; // nobody was there to answer
  if (code === 'no-answer') return 'the agent did not answer';
  if (before === undefined || 'code' in before.found) return null;
  const session = issued.get(before.found.accessKeyId);
  const since = { from: before.asked, to: answered };
  const gone = journal.disconnected.some((span) => span.account === account && touches([span], since));
  if (session === undefined || gone) return null;
  const blur = learntMs + blurRealMs * journal.scale;
  // By whichever clock runs out first: the agent may believe its own until AWS has told it better.
  const ahead = Math.max(0, ...offsetsBetween(journal, session.at, answered), agentTime - answered);
  const isGood = session.expiresAt > answered + ahead + blur && before.found.expiration > agentTime + blur;
  return isGood ? 'good credentials were replaced by nothing' : null;
}

/**
 * Answers that were no good any more because the laptop's clock had been set back, or it slept while they came: as long as
 * the agent has not spoken to AWS since, it cannot know better. They break no rule, and are counted.
 */
export function servedAfterSetBack(journal: Journal): number {
  const issued = new Map(journal.issued.map((session) => [session.accessKeyId, session]));
  return journal.readings.filter(({ asked, found, source }) => {
    if (source === 'credentials-file' || 'code' in found) return false;
    const expiresAt = issued.get(found.accessKeyId)?.expiresAt ?? Infinity;
    return asked > expiresAt + learntMs + blurRealMs * journal.scale;
  }).length;
}

/** A renewal is due when half of the life is gone; sooner only after what stirs the agent up. */
function judgeRenewals(journal: Journal): Violation[] {
  const stirs = [
    ...journal.clockSet.map(({ at }) => at),
    ...journal.connects,
    ...journal.suspended.flatMap(({ from, to }) => [from, to]),
  ];
  const violations: Violation[] = [];
  const last = new Map<string, Issued>();
  // Whether an answer that was sent has arrived is known by the credentials in it being served.
  const served = new Set(
    journal.readings.flatMap(({ found }) => ('code' in found ? [] : [found.accessKeyId])),
  );
  for (const session of journal.issued.filter(({ delivered }) => delivered)) {
    const before = last.get(session.account);
    last.set(session.account, session);
    if (before === undefined || !served.has(before.accessKeyId) || before.signature === session.signature)
      continue;
    const early = 0.45 * (journal.durations.get(session.account) ?? 0) * 1000;
    const from = before.at - blurRealMs * journal.scale; // what was asked for before that may have come after it
    const stirred = stirs.some((at) => at >= from && at <= session.at);
    if (session.at - before.at >= early || stirred) continue;
    violations.push({ rule: 'renewed too soon', what: `${time(session.at)} ${session.account}` });
  }
  return violations;
}

/** How far the agent's clock was set back since credentials were asked for: it may have been set before they came. */
function setBackSince(journal: Journal, { at }: Issued, blur: number, to: number): number {
  const then = offsetsBetween(journal, at - blur, Math.min(at + blur, to));
  return Math.max(...then) - Math.min(...offsetsBetween(journal, at - blur, to));
}

/**
 * How long the computer slept while the answer was on its way. The agent takes AWS's clock to be late by that, and
 * credentials to be good for longer: docs/known-issues.md. To be struck out here once that is mended.
 */
function sleptThrough({ suspended }: Journal, { at }: Issued, blur: number): number {
  const spans = suspended.filter(({ from }) => from >= at - blur && from <= at + blur);
  return Math.max(0, ...spans.map(({ from, to }) => to - from));
}

/** How far the agent's clock was ahead of the world's: when `from` was, and after each time it was set until `to`. */
function offsetsBetween({ clockSet }: Journal, from: number, to: number): number[] {
  let offset = 0;
  const offsets: number[] = [];
  for (const { at, by } of clockSet) {
    if (at > to) break;
    if (at > from) offsets.push(offset);
    offset += by;
  }
  return [...offsets, offset];
}

function touches(spans: readonly Span[], { from, to }: Span): boolean {
  return spans.some((span) => span.from <= to && span.to >= from);
}

/** How much of `span` lies in any of the others, which may overlap: milliseconds. */
function overlap(spans: readonly Span[], { from, to }: Span): number {
  let covered = 0;
  let until = from;
  for (const span of [...spans].sort((a, b) => a.from - b.from)) {
    const start = Math.max(span.from, until);
    const end = Math.min(span.to, to);
    if (end <= start) continue;
    covered += end - start;
    until = end;
  }
  return covered;
}

const time = (ms: number): string => new Date(ms).toISOString();
