/**
 * Whether PC/SC, through which YubiKeys and smart cards are reached, answers: asked with the first message of pcscd's own
 * protocol (pcsc-lite, src/winscard_msg.h), which touches no reader and no card.
 */
import { access } from 'node:fs/promises';
import { connect } from 'node:net';
import type { ReaderService, ReaderServiceState } from '../ports.ts';

export interface ReaderServiceOptions {
  readonly platform: NodeJS.Platform;
  /** PCSCLITE_CSOCK_NAME is what libpcsclite reads. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How long it may take to answer, milliseconds: systemd starts it with the first connection. */
  readonly deadlineMs?: number;
}

const usualSocket = '/run/pcscd/pcscd.comm';
const usualPrograms = ['/usr/sbin/pcscd', '/usr/bin/pcscd', '/usr/local/sbin/pcscd'];

/** CMD_VERSION, and the protocol version that is asked for: that of pcsc-lite 1.9. A newer one answers with its own. */
const commandVersion = 0x11;
const askedVersion = { major: 4, minor: 4 };
/** `struct version_struct`: major, minor, return value; bytes. The answer has no header. */
const answerBytes = 12;

export function createReaderService(options: ReaderServiceOptions): ReaderService {
  const { platform, env, deadlineMs = 5000 } = options;
  return {
    probe: async () => {
      if (platform !== 'linux') return { kind: 'built-in' };
      const named = env.PCSCLITE_CSOCK_NAME ?? '';
      const path = named === '' ? usualSocket : named;
      const found = await ask(path, deadlineMs);
      return found === 'missing'
        ? { kind: 'missing', path, installed: await isInstalled() }
        : typeof found === 'string'
          ? { kind: found, path }
          : { kind: 'answers', path, version: `${String(found.major)}.${String(found.minor)}` };
    },
  };
}

type Answer =
  | { readonly major: number; readonly minor: number }
  | Exclude<ReaderServiceState['kind'], 'built-in' | 'answers'>;

function ask(path: string, deadlineMs: number): Promise<Answer> {
  return new Promise((resolve) => {
    let received = Buffer.alloc(0);
    let connected = false;
    const socket = connect(path);
    const end = (answer: Answer): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(deadlineMs, () => end('silent'));
    socket.on('connect', () => {
      connected = true;
      socket.write(versionRequest());
    });
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length >= answerBytes) end(versionIn(received));
    });
    // What is refused is not read before it is closed, which may reset the connection.
    socket.on('close', () => end('closed'));
    socket.on('error', (error) => end(connected ? 'closed' : failureOf(error)));
  });
}

/** `struct rxHeader` (size of what follows, command) and `struct version_struct`, in the computer's byte order. */
function versionRequest(): Uint8Array {
  const { major, minor } = askedVersion;
  return new Uint8Array(new Uint32Array([answerBytes, commandVersion, major, minor, 0]).buffer);
}

function versionIn(bytes: Buffer): Answer {
  const [major = 0, minor = 0] = new Int32Array(Uint8Array.from(bytes.subarray(0, answerBytes)).buffer);
  const isVersion = major > 0 && major < 100 && minor >= 0 && minor < 100;
  return isVersion ? { major, minor } : 'odd';
}

const failures: Readonly<Record<string, Exclude<Answer, object>>> = {
  ENOENT: 'missing',
  ENOTDIR: 'missing',
  ECONNREFUSED: 'refused',
  EACCES: 'forbidden',
  EPERM: 'forbidden',
};

function failureOf(error: NodeJS.ErrnoException): Answer {
  return failures[error.code ?? ''] ?? 'odd';
}

async function isInstalled(): Promise<boolean> {
  const found = await Promise.allSettled(usualPrograms.map((program) => access(program)));
  return found.some(({ status }) => status === 'fulfilled');
}
