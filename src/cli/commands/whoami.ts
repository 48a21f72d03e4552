/** `rolekey whoami`: asks STS who the credentials are, and whether that is who the account names. */
import type { CallOutput } from '../../shared/api.ts';
import { errorTable } from '../../shared/errors.ts';
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
    return answers.map((answer, index): Identity => {
      if (answer.status === 'rejected') throw answer.reason; // the first that failed, in argument order
      return { account: String(words[index]), ...answer.value };
    });
  });
  const results = await aboutAccount(String(words[0]), asking);
  terminal.print({ results }, () => results.map(line).join('\n'));
  const stranger = results.find(({ matches }) => !matches);
  if (stranger === undefined) return exitCodes.ok;
  const { message, remedy } = errorTable['identity-mismatch'];
  if (!terminal.json) terminal.say(`rolekey: ${stranger.account}: ${message} ${remedy}`);
  return exitCodeOf('identity-mismatch');
};

function line({ account, Arn, matches }: Identity): string {
  return `${account}  ${Arn}${matches ? '' : '  (not the role this account names)'}`;
}
