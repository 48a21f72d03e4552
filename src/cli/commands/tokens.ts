/** `rolekey tokens`: what is plugged in and what it can do. */
import { randomUUID } from 'node:crypto';
import { mayStart, withAgent } from '../agent-link.ts';
import type { Work } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { absolutePath } from '../flag-values.ts';
import { tokensText } from '../text.ts';
import { answererFor, whileAnswering } from './connect.ts';

export const tokens: Work = async (invocation, terminal) => {
  const lib = invocation.flags.text('pkcs11-lib');
  const input = {
    pkcs11Lib: lib === null ? null : absolutePath('pkcs11-lib', lib, terminal),
    login: invocation.flags.on('login'),
  };
  const answer = await answererFor(invocation, terminal);
  const link = { start: mayStart(terminal) };
  const output = await (answer === null
    ? withAgent(terminal, link, (agent) => agent.call('tokens', input))
    : withAgent(terminal, { ...link, client: randomUUID() }, (agent) =>
        whileAnswering(agent, answer, () => agent.call('tokens', input)),
      ));
  terminal.print(output, () => tokensText(output));
  return exitCodes.ok;
};
