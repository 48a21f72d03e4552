import { AppError } from '../../shared/errors.ts';
import { needsTouch } from '../../shared/touch.ts';
import type { Certificate } from '../roles-anywhere/certificate.ts';
import { signatureFromToken, tokenInput, verifySignature } from '../roles-anywhere/signature.ts';
import type { HostKeyRef, HostToken } from './host/protocol.ts';
import type { ModuleHost } from './module-host.ts';
import type { Human, Signer, SignerKey } from './signer.ts';
import { withWayOut, type TokenLogins } from './token-login.ts';
import type { TouchWatch } from './touch-watch.ts';

export interface TokenSignerOptions {
  readonly host: ModuleHost;
  readonly token: HostToken;
  /** Which of the token's private keys signs. */
  readonly privateKey: HostKeyRef;
  readonly key: SignerKey;
  readonly certificate: Certificate;
  readonly issuers: readonly Certificate[];
  /** Shared by all signers, so that several keys on a token ask for one PIN. */
  readonly logins: TokenLogins;
  /** Shared likewise: a token signs for one at a time. */
  readonly touches: TouchWatch;
}

/** A key on a token. */
export class TokenSigner implements Signer {
  readonly key: SignerKey;
  readonly certificate: Certificate;
  readonly issuers: readonly Certificate[];
  readonly #options: TokenSignerOptions;

  constructor(options: TokenSignerOptions) {
    this.key = options.touches.known(options.key);
    this.certificate = options.certificate;
    this.issuers = options.issuers;
    this.#options = options;
  }

  readyWithoutHuman(): boolean {
    return this.#options.host.isReady(this.#options.token) && !needsTouch(this.key.touch);
  }

  async unlock(human: Human | null): Promise<void> {
    const { host, token, logins } = this.#options;
    await logins.unlock(host, token, human);
  }

  async sign(message: Uint8Array, human?: Human): Promise<Uint8Array> {
    const { host, token, privateKey, touches } = this.#options;
    const { keyType } = this.certificate;
    if (keyType === null) throw new AppError('key-unsupported');
    const { mechanism, data } = tokenInput(keyType, message);
    const { touch } = this.key;
    const request = { token, key: privateKey, mechanism, data: Buffer.from(data).toString('base64'), touch };
    const answer = await touches
      .sign(host.nameOf(token), this.key, human, (begin) => host.sign(request, begin))
      .catch(async (error: unknown) => {
        throw await withWayOut(error, host, token);
      });
    const signature = signatureFromToken(keyType, answer);
    // A wrong signature is AWS's to refuse, but ours to explain.
    if (!verifySignature(this.certificate, message, signature)) {
      await host.tokens(true); // somebody changed what is on it: it shall be read anew
      throw new AppError('cert-key-mismatch');
    }
    return signature;
  }
}
