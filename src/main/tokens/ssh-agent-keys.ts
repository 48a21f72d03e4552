/** Keys in an ssh-agent behind the same face as keys on tokens. What holds them, an agent does not say: not hardware. */
import { AppError, isAppError } from '../../shared/errors.ts';
import type { Clock, Files, SshAgent } from '../ports.ts';
import type { Certificate } from '../roles-anywhere/certificate.ts';
import { verifySignature } from '../roles-anywhere/signature.ts';
import type { Attempt, Human, Signer, SignerAccount, SignerKey } from './signer.ts';
import { pickCertificate, readCertificates } from './signing-certificate.ts';
import {
  ecdsaSignature,
  fingerprint,
  identitiesRequest,
  readIdentities,
  readPublicKey,
  readSignature,
  signRequest,
  type Identity,
  type SshSignature,
} from './ssh-wire.ts';
import { isPkcs11Uri } from './uri.ts';

/** For the list of keys, which an agent knows by heart. */
const listTimeoutMs = 10_000;
/** For a signature: the agent may ask a person to confirm it, or its token for a touch. */
const signTimeoutMs = 60_000;

const scheme = 'ssh-agent:';

export function isSshAgentKey(key: string): boolean {
  return key.startsWith(scheme);
}

export interface SshAgentKeysOptions {
  readonly agent: SshAgent;
  readonly files: Files;
  readonly clock: Clock;
}

export class SshAgentKeys {
  readonly #options: SshAgentKeysOptions;

  constructor(options: SshAgentKeysOptions) {
    this.#options = options;
  }

  /**
   * @param key `ssh-agent:SHA256:...`
   * @throws AppError `account-invalid` for a certificate on a token, `cert-missing`, `cert-unreadable`, `file-unreadable`,
   * `cert-key-mismatch`, `key-unsupported` for a key whose signatures AWS does not take, `token-failed` for an agent that
   * does not speak its protocol.
   */
  async find(key: string, account: SignerAccount): Promise<Attempt> {
    const { files, clock } = this.#options;
    const wanted = key.slice(scheme.length);
    const identity = await this.#identity(wanted);
    if (identity instanceof AppError) return { absent: identity };
    const path = certificateFile(wanted, account);
    const spki = usableSpki(identity, wanted);
    const picked = pickCertificate(await readCertificates(files, path), spki, clock.now(), path);
    const issuers =
      account.intermediates === null ? [] : await readCertificates(files, account.intermediates);
    return {
      signer: new SshAgentSigner({
        uri: key,
        agent: this.#options.agent,
        blob: identity.blob,
        certificate: picked.certificate,
        issuers: [...issuers, ...picked.issuers],
      }),
    };
  }

  /** The agent's key, or why there is none. */
  async #identity(wanted: string): Promise<Identity | AppError> {
    let identities: Identity[] | null;
    try {
      const answer = await this.#options.agent.exchange(identitiesRequest, { timeoutMs: listTimeoutMs });
      identities = understand(() => readIdentities(answer));
    } catch (error) {
      if (isAppError(error, 'ssh-agent-missing')) return error;
      if (isAppError(error, 'timed-out')) return new AppError('ssh-agent-missing', late(listTimeoutMs));
      throw error;
    }
    // A locked one says that it holds none.
    if (identities === null || identities.length === 0) {
      return new AppError('ssh-key-missing', {
        message: 'The ssh-agent holds no key, or it is locked.',
        remedy: 'Add the key with ssh-add, or unlock the agent with: ssh-add -X.',
      });
    }
    return (
      identities.find(({ blob }) => fingerprint(blob) === wanted) ??
      new AppError('ssh-key-missing', { message: `The ssh-agent does not hold the key ${wanted}.` })
    );
  }
}

/** @throws AppError `account-invalid`, `cert-missing`. */
function certificateFile(name: string, { certificate }: SignerAccount): string {
  if (certificate === null) {
    throw new AppError('cert-missing', {
      message: `An ssh-agent holds no certificate for its key ${name}.`,
      remedy: 'Name the file that holds it: rolekey accounts edit ID --certificate FILE.',
    });
  }
  if (!isPkcs11Uri(certificate)) return certificate;
  throw new AppError('account-invalid', {
    message: 'A key in an ssh-agent takes its certificate from a file, not from a token.',
  });
}

/** @throws AppError `key-unsupported`. */
function usableSpki({ blob }: Identity, name: string): Uint8Array {
  const { type, spki } = understand(() => readPublicKey(blob));
  const remedy = 'Use an RSA key of 2048 to 4096 bits or an ECDSA key on P-256.';
  if (spki === null) {
    throw new AppError('key-unsupported', {
      message: `The ssh-agent’s key ${name} is of the kind ${plain(type)}, which IAM Roles Anywhere does not take.`,
      remedy,
    });
  }
  const hash = /^ecdsa-sha2-nistp(384|521)$/.exec(type)?.[1];
  if (hash === undefined) return spki;
  throw new AppError('key-unsupported', {
    message: `AWS takes SHA-256 alone, and an ssh-agent signs with SHA-${hash === '384' ? '384' : '512'} where a key is on P-${hash}, as ${name} is.`,
    remedy: `${remedy.slice(0, -1)}, or name the file of this one.`,
  });
}

/** What an agent calls its key, fit to be shown. */
function plain(text: string): string {
  return text.replace(/[^A-Za-z0-9@._-]/g, '?').slice(0, 64);
}

/** @throws AppError `token-failed` where the agent's bytes say nothing. */
function understand<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new AppError('token-failed', {
      message: 'The ssh-agent did not answer as it should.',
      remedy: 'Start the ssh-agent anew and add the key to it.',
      cause,
    });
  }
}

function late(timeoutMs: number): { readonly message: string } {
  return { message: `The ssh-agent did not answer within ${String(timeoutMs / 1000)} seconds.` };
}

interface SshAgentSignerOptions {
  readonly uri: string;
  readonly agent: SshAgent;
  readonly blob: Uint8Array;
  readonly certificate: Certificate;
  readonly issuers: readonly Certificate[];
}

class SshAgentSigner implements Signer {
  readonly key: SignerKey;
  readonly certificate: Certificate;
  readonly issuers: readonly Certificate[];
  readonly #options: SshAgentSignerOptions;

  constructor(options: SshAgentSignerOptions) {
    const { uri, certificate, issuers } = options;
    // Whether it wants to be confirmed or touched, only a signature shows.
    this.key = { uri, token: null, hardware: false, touch: 'unknown', alwaysAuthenticate: false };
    this.certificate = certificate;
    this.issuers = issuers;
    this.#options = options;
  }

  /** What a key in an agent needed to be opened was given to the agent. */
  readyWithoutHuman(): boolean {
    return true;
  }

  unlock(): Promise<void> {
    return Promise.resolve();
  }

  async sign(message: Uint8Array, human?: Human): Promise<Uint8Array> {
    const answer = await this.#ask(message, human);
    const signature = understand(() => readSignature(answer));
    if (signature === null) throw new AppError('ssh-agent-refused');
    const bytes = understand(() => this.#forAws(signature));
    // A wrong signature is AWS's to refuse, but ours to explain.
    if (!verifySignature(this.certificate, message, bytes)) throw new AppError('cert-key-mismatch');
    return bytes;
  }

  async #ask(message: Uint8Array, human: Human | undefined): Promise<Uint8Array> {
    const { agent, blob } = this.#options;
    const signal = human?.unneeded;
    try {
      return await agent.exchange(signRequest(blob, message), {
        timeoutMs: signTimeoutMs,
        ...(signal && { signal }),
      });
    } catch (error) {
      if (isAppError(error, 'timed-out')) throw new AppError('ssh-agent-refused', late(signTimeoutMs));
      throw error;
    }
  }

  #forAws({ format, bytes }: SshSignature): Uint8Array {
    const { keyType } = this.certificate;
    if (keyType?.type === 'EC' && format === 'ecdsa-sha2-nistp256') return ecdsaSignature(bytes);
    if (keyType?.type === 'RSA' && format === 'rsa-sha2-256') {
      // Leading zeros may be missing (RFC 8332).
      const length = Math.ceil(keyType.bits / 8);
      if (bytes.length > length) throw new RangeError('longer than the key');
      return Buffer.concat([Buffer.alloc(length - bytes.length), bytes]);
    }
    throw new AppError('key-unsupported', {
      message: `The ssh-agent signed with ${plain(format)}, which AWS does not take.`,
      remedy: 'Use an ssh-agent that signs RSA with SHA-256, such as OpenSSH’s.',
    });
  }
}
