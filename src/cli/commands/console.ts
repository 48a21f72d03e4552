/**
 * `rolekey console`: the AWS console in the browser. The address that signs in is a secret for 15 minutes, so it is in no
 * argument list, which every user of the computer can read.
 */
import { sessionDurationRange } from '../../shared/constants.ts';
import { aboutAccount } from '../about-account.ts';
import { mayStart, withAgent } from '../agent-link.ts';
import type { Work } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { flagNumber } from '../flag-values.ts';

/** The agent asks AWS twice at most, ten seconds each. */
const patienceMs = 25_000;

export const openConsole: Work = async ({ words, flags }, terminal) => {
  const account = String(words[0]);
  const isAsked = flags.text('duration') !== null;
  const sessionDuration = isAsked ? flagNumber(flags, 'duration', 0, sessionDurationRange) : null;
  const destination = flags.text('destination');
  const answer = await aboutAccount(
    account,
    withAgent(terminal, { start: mayStart(terminal), patienceMs }, (agent) =>
      agent.call('consoleUrl', { account, destination, sessionDuration }),
    ),
  );
  const { url } = answer;
  if (isAsked && answer.sessionDuration === null && !terminal.json) {
    terminal.say('rolekey: AWS took no duration; the console’s session ends with the account’s credentials.');
  }
  if (terminal.json || flags.on('print')) {
    terminal.print({ account, url }, () => url);
    return exitCodes.ok;
  }
  const { openInBrowser } = await import('../open-in-browser.ts');
  if (await openInBrowser(url, terminal.env)) {
    terminal.print({}, () => `The AWS console of ${account} opens in your browser.`);
    return exitCodes.ok;
  }
  terminal.write(`${url}\n`);
  terminal.say(
    'rolekey: No browser could be opened here. This address signs in for 15 minutes: open it, and show it to nobody.',
  );
  return exitCodes.ok;
};
