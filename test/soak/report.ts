/** The figures of a soak, for people. */
import type { Violation } from './journal.ts';
import type { Soaked } from './run.ts';
import type { Happening } from './weather.ts';
import { countSignatures, growthOf } from './token-oracle.ts';

/** How many violations of one rule are shown. */
const shown = 5;

export function reportOf(soaked: Soaked, violations: readonly Violation[]): string {
  const { journal } = soaked;
  const logins = journal.tokenCalls.filter(({ call }) => call === 'login');
  const bySource = tally(journal.readings.map(({ source }) => source));
  const refused = tally(
    journal.readings.flatMap(({ found, source }) => ('code' in found ? [`${source}: ${found.code}`] : [])),
  );
  const accounts = [...journal.signatures.values()];
  const sent = accounts.filter((account) => account !== null && journal.onTokens.has(account)).length;
  const delivered = journal.issued.filter((session) => session.delivered);
  const renewals = new Set(
    delivered.filter(({ account }) => journal.onTokens.has(account)).map(({ signature }) => signature),
  );
  return [
    'What happened',
    ...list(tally(soaked.happened.map(({ name }) => name))),
    ...(soaked.canFillDisk ? [] : ['  (no disk could be filled: only root may mount one)']),
    'States seen by the person',
    ...list(soaked.states),
    'Answers read',
    ...list(bySource),
    'Answers without credentials',
    ...list(refused),
    'Tokens',
    `  PINs wanted (looks that found needs-you for a PIN)  ${String(soaked.pinsWanted)}`,
    `  connects with a PIN at hand                         ${String(journal.typedPins.length)}`,
    `  C_Login                                             ${String(logins.length)}, failed ${String(logins.filter(({ result }) => result !== 0).length)}`,
    `  C_Sign                                              ${String(countSignatures(journal.tokenCalls))}`,
    `  signatures that reached AWS                         ${String(sent)}, ${String(accounts.filter((account) => account === null).length)} more of unknown accounts`,
    `  of them answered with a session                     ${String(renewals.size)}`,
    `  token hosts killed                                  ${String(journal.hostCrashes)}`,
    'AWS',
    `  requests                                            ${String(soaked.requests)}`,
    `  signatures, key files among them                    ${String(journal.signatures.size)}`,
    `  sessions issued                                     ${String(journal.issued.length)}, delivered ${String(delivered.length)}`,
    ...list(soaked.refusals),
    'Memory, median of the second and of the last quarter',
    ...growthOf(journal).map(
      ({ who, second, last, samples }) =>
        `  ${who.padEnd(50)}  ${megabytes(second)} ${megabytes(last)} (${((100 * (last - second)) / second).toFixed(1)} %, ${String(samples)} samples)`,
    ),
    violations.length === 0 ? 'No rule was broken.' : `${String(violations.length)} violations`,
    ...list(tally(violations.map(({ rule }) => rule))),
    ...[...new Set(violations.map(({ rule }) => rule))].flatMap((rule) =>
      violations
        .filter((violation) => violation.rule === rule)
        .slice(0, shown)
        .map(({ what }) => `    ${rule}: ${what}`),
    ),
    ...(violations.length === 0 ? [] : ['When it was over', ...soaked.happened.map(lineOf)]),
  ].join('\n');
}

function lineOf({ at, name }: Happening): string {
  return `  ${new Date(at).toISOString()}  ${name}`;
}

function list(counts: ReadonlyMap<string, number>): string[] {
  return [...counts].map(([name, number]) => `  ${name.padEnd(50)}  ${String(number)}`);
}

function tally(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
