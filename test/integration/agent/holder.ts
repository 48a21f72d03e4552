/** A process that takes the agent's socket: says `listening`, `taken` or the error's code, and then waits to be ended. */
import { createAgentListener } from '../../../src/main/node/agent-listener.ts';
import { AppError } from '../../../src/shared/errors.ts';

const [socket = ''] = process.argv.slice(2);

createAgentListener(socket)
  .listen(async ({ path }) => ({ status: 200, headers: {}, body: `${String(process.pid)} ${path}` }))
  .then(
    (isFree) => say(isFree ? 'listening' : 'taken'),
    (error: unknown) => say(error instanceof AppError ? error.code : String(error)),
  );

function say(text: string): void {
  process.stdout.write(`${text}\n`);
  if (text !== 'listening') process.exitCode = 0;
}
