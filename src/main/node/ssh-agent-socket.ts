/** The user's ssh-agent, over its socket or named pipe. */
import { connect } from 'node:net';
import { AppError } from '../../shared/errors.ts';
import type { SshAgent, SshAgentExchange } from '../ports.ts';

/** As long as OpenSSH's own client takes a message. */
const maxMessageBytes = 256 * 1024;

/** Where OpenSSH's agent listens on Windows. */
const windowsPipe = '\\\\.\\pipe\\openssh-ssh-agent';

/** Where the user's agent listens; null where nothing says so. @param env the agent process's. */
export function sshAgentAddress(
  env: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform,
): string | null {
  const named = env.SSH_AUTH_SOCK ?? '';
  if (named !== '') return named;
  return platform === 'win32' ? windowsPipe : null;
}

export function createSshAgent(address: string | null): SshAgent {
  return {
    exchange: async (request, options) => {
      if (address === null) {
        throw new AppError('ssh-agent-missing', {
          message: 'No ssh-agent is known to Rolekey: SSH_AUTH_SOCK was not set when its agent was started.',
        });
      }
      return exchange(address, request, options);
    },
  };
}

function exchange(
  address: string,
  request: Uint8Array,
  { timeoutMs, signal }: SshAgentExchange,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const socket = connect(address);
    const chunks: Buffer[] = [];
    let received = 0;
    const timer = setTimeout(() => end(new AppError('timed-out')), timeoutMs);
    const cancel = (): void => end(new AppError('cancelled'));
    signal?.addEventListener('abort', cancel);
    if (signal?.aborted === true) cancel();

    function end(outcome: AppError | Uint8Array): void {
      clearTimeout(timer);
      signal?.removeEventListener('abort', cancel);
      socket.destroy();
      if (outcome instanceof AppError) reject(outcome);
      else resolve(outcome);
    }

    socket.on('error', (cause) => end(new AppError('ssh-agent-missing', { cause })));
    // It is said in the middle of what was announced, or before anything was.
    socket.on('close', () =>
      end(new AppError('ssh-agent-missing', { message: 'The ssh-agent closed the connection.' })),
    );
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      received += chunk.length;
      if (received < 4) return;
      const message = Buffer.concat(chunks);
      const length = message.readUInt32BE();
      if (length > maxMessageBytes || received > 4 + length) {
        end(new AppError('token-failed', { message: 'The ssh-agent did not answer as it should.' }));
      } else if (received === 4 + length) {
        end(message.subarray(4));
      }
    });
    const header = Buffer.alloc(4);
    header.writeUInt32BE(request.length);
    socket.write(Buffer.concat([header, request]));
  });
}
