/** Finds the key a PKCS#11 URI names, without asking anybody anything, and the certificate that goes with it. */
import { AppError, isAppError, type ErrorCode } from '../../shared/errors.ts';
import type { Clock, Files } from '../ports.ts';
import type { Certificate } from '../roles-anywhere/certificate.ts';
import type { HostKeyRef } from './host/protocol.ts';
import type { TokenKey } from './key-matching.ts';
import { ExplainedSigner } from './explained-signer.ts';
import { KeySearch, type FoundKey, type KeySearchOptions } from './key-search.ts';
import type { ModuleHost } from './module-host.ts';
import type { Attempt, Signer, SignerAccount, SignerKey } from './signer.ts';
import { pickCertificate, readCertificates, type SigningCertificate } from './signing-certificate.ts';
import { isHardware, keyUri, tokenKind, touchPolicy } from './token-info.ts';
import type { TokenLogins } from './token-login.ts';
import { TokenSigner } from './token-signer.ts';
import type { TouchWatch } from './touch-watch.ts';
import { isPkcs11Uri, matchesObject, matchesToken, parseUri, printUri, type Pkcs11Uri } from './uri.ts';

export interface TokenKeysOptions extends KeySearchOptions {
  readonly files: Files;
  readonly clock: Clock;
  readonly logins: TokenLogins;
  readonly touches: TouchWatch;
}

/** After these the key is not there, and the account's next one is looked at. */
const absent: readonly ErrorCode[] = [
  ...(['token-absent', 'key-unknown', 'module-missing', 'platform-unsupported'] as const),
  ...(['tpm-missing', 'tpm-access', 'tpm-store-missing'] as const),
];

export class TokenKeys {
  readonly #options: TokenKeysOptions;
  readonly #search: KeySearch;

  constructor(options: TokenKeysOptions) {
    this.#options = options;
    this.#search = new KeySearch(options);
  }

  /**
   * @throws AppError `account-invalid`, `key-ambiguous`, `module-*` but `module-missing`, `cert-missing`,
   * `cert-unreadable`, `cert-key-mismatch`, `file-unreadable`, `token-failed`.
   */
  async find(text: string, account: SignerAccount): Promise<Attempt> {
    const uri = parseUri(text);
    if (uri.type !== null && uri.type !== 'private') {
      throw new AppError('account-invalid', {
        message: `The private key’s URI says type=${uri.type}.`,
        remedy: 'Leave the type out, or say type=private.',
      });
    }
    try {
      const found = await this.#search.find(uri, account);
      return { signer: await this.#signer(found, uri, account) };
    } catch (error) {
      if (isAppError(error) && absent.includes(error.code)) return { absent: error };
      throw error;
    }
  }

  async #signer(found: FoundKey, uri: Pkcs11Uri, account: SignerAccount): Promise<Signer> {
    const { module, host, token, key } = found;
    const unusable = key?.problems.find(({ code }) => ['key-unknown', 'key-unsupported'].includes(code));
    if (unusable !== undefined) throw unusable;
    const { certificate, issuers } = await this.#certificate(found, account);
    const { keyType } = certificate;
    if (keyType === null) throw new AppError('key-unsupported');
    const signer = new TokenSigner({
      host,
      token,
      privateKey: privateKeyRef(found, uri, keyType.type),
      key: await signerKey(found, uri),
      certificate,
      issuers,
      logins: this.#options.logins,
      touches: this.#options.touches,
    });
    return new ExplainedSigner(signer, (error) => this.#options.finder.explain(module, error));
  }

  /** The account's certificate, or the one beside the key. */
  async #certificate(found: FoundKey, account: SignerAccount): Promise<SigningCertificate> {
    const { files } = this.#options;
    const own = await this.#ownCertificate(found, account.certificate);
    const intermediates =
      account.intermediates === null ? [] : await readCertificates(files, account.intermediates);
    return { certificate: own.certificate, issuers: [...intermediates, ...own.issuers] };
  }

  async #ownCertificate({ key, host }: FoundKey, named: string | null): Promise<SigningCertificate> {
    const { files, clock } = this.#options;
    const spki = key?.spki ?? null;
    if (named === null) {
      if (key?.certificate) return { certificate: key.certificate, issuers: [] };
      throw key?.problems[0] ?? new AppError('cert-missing');
    }
    if (!isPkcs11Uri(named)) {
      return pickCertificate(await readCertificates(files, named), spki, clock.now(), named);
    }
    const certificates = await this.#certificatesAt(host, parseUri(named));
    return { ...pickCertificate(certificates, spki, clock.now(), named), issuers: [] };
  }

  /** Certificates a URI names, in the module that has the key. */
  async #certificatesAt(host: ModuleHost, uri: Pkcs11Uri): Promise<Certificate[]> {
    const tokens = (await host.tokens(false)).filter((token) => matchesToken(uri, token));
    const contents = await Promise.all(tokens.map((token) => this.#options.readContents(host, token)));
    return contents
      .flatMap(({ certificates }) => certificates)
      .filter(({ id, label }) => matchesObject(uri, { id, labels: [label] }))
      .map(({ certificate }) => certificate);
  }
}

function privateKeyRef({ key, contents }: FoundKey, uri: Pkcs11Uri, type: HostKeyRef['type']): HostKeyRef {
  if (key === null) return { id: uri.id, label: uri.object, type };
  const isTwin = (other: TokenKey): boolean =>
    other !== key && other.id === key.id && other.type === key.type;
  const needsLabel = key.id === '' || contents.keys.some(isTwin);
  return {
    id: key.id === '' ? null : key.id,
    label: needsLabel ? (key.labels[0] ?? null) : null,
    type: key.type,
    ...(key.alwaysAuthenticate ? { alwaysAuthenticate: true } : {}),
  };
}

async function signerKey({ host, token, key, contents }: FoundKey, uri: Pkcs11Uri): Promise<SignerKey> {
  const kind = tokenKind(await host.info(), token);
  return {
    uri: key === null ? printUri(uri) : keyUri(token, key, contents),
    token: { label: token.label, serial: token.serial },
    hardware: isHardware(kind),
    touch: touchPolicy(kind, key),
    alwaysAuthenticate: key?.alwaysAuthenticate ?? false,
  };
}
