/** `rolekey whoami`: asks STS who the credentials are, and whether that is who the account names. */
import type { CallOutput } from '../../shared/api.ts';
import { AppError, errorTable } from '../../shared/errors.ts';
import { aboutAccount } from '../about-account.ts';
import { mayStart, withAgent } from '../agent-link.ts';
import type { Work } from '../command.ts';
import { exitCodeOf, exitCodes } from '../exit-codes.ts';

type Identity = { account: string } & CallOutput<'whoami'>;

export const whoami: Work = async ({ words }, terminal) => {
  const asking = withAgent(terminal, { start: mayStart(terminal) }, async (agent) => {
    const answers = await Promise.allSettled(
      words.map((account) => aboutAccount(account, agent.call('whoami', { account }))),
    );
    const results = answers.map((answer, index): Identity | null =>
      answer.status === 'rejected' ? null : { account: String(words[index]), ...answer.value },
    );
    return everyone(results, answers);
  });
  const results = await aboutAccount(String(words[0]), asking);
  terminal.print({ results }, () => results.map(line).join('\n'));
  const stranger = results.find(({ matches }) => !matches);
  if (stranger === undefined) return exitCodes.ok;
  const { message, remedy } = mismatch(stranger.account);
  if (!terminal.json) terminal.say(`rolekey: ${message} ${remedy}`);
  return exitCodeOf('identity-mismatch');
};

/** @throws what failed first, in argument order, where one could not be asked: that fails the command as a whole. */
function everyone(
  results: readonly (Identity | null)[],
  answers: readonly PromiseSettledResult<unknown>[],
): Identity[] {
  const known = results.filter((result) => result !== null);
  if (known.length === results.length) return known;
  const first = results.findIndex((result) => result?.matches !== true);
  const answer = answers[first];
  if (answer?.status === 'rejected') throw answer.reason;
  throw mismatch(results[first]?.account ?? '');
}

function mismatch(account: string): AppError {
  return new AppError('identity-mismatch', {
    message: `${account}: ${errorTable['identity-mismatch'].message}`,
  });
}

function line({ account, Arn, matches }: Identity): string {
  return `${account}  ${Arn}${matches ? '' : '  (not the role this account names)'}`;
}
