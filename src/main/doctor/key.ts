/** Whether an account's key is there and its certificate fits, as far as can be told without a PIN. Pure. */
import type { Finding } from '../../shared/api.ts';
import type { AppError } from '../../shared/errors.ts';
import { formatTime } from '../../shared/model.ts';
import type { Certificate } from '../roles-anywhere/certificate.ts';
import type { Findings } from '../roles-anywhere/preflight.ts';
import type { SignerKey } from '../tokens/signer.ts';
import { failed, fine, warning } from './finding.ts';

/** What the search for the key ended with. */
export type KeyFacts =
  | { readonly error: AppError }
  | {
      readonly key: Pick<SignerKey, 'uri' | 'token'>;
      readonly certificate: Pick<Certificate, 'subject' | 'notAfter'>;
      /** Of the certificate and its issuers. */
      readonly preflight: Findings;
    };

/** A token that is not plugged in, or in use, is no fault of anything. */
const passing: ReadonlySet<AppError['code']> = new Set([
  'token-absent',
  'pin-needed',
  'ssh-agent-missing',
  'ssh-key-missing',
]);

export function judgeKey(account: string, facts: KeyFacts): Finding[] {
  if ('error' in facts) {
    const { error } = facts;
    if (passing.has(error.code)) return [warning('token', account, error.message, error.remedy)];
    // The key was found where only its certificate is at fault.
    return [failed(error.code.startsWith('cert-') ? 'certificate' : 'token', account, error)];
  }
  const { key, certificate, preflight } = facts;
  return [
    fine('token', account, `Its key is ${placeOf(key)}.`),
    ...judgeCertificate(account, certificate, preflight),
  ];
}

function placeOf({ uri, token }: Pick<SignerKey, 'uri' | 'token'>): string {
  if (token !== null) return `on the token ${token.label || token.serial}`;
  return uri.startsWith('ssh-agent:') ? `in the ssh-agent (${uri})` : `in the file ${uri}`;
}

function judgeCertificate(
  account: string,
  { subject, notAfter }: Pick<Certificate, 'subject' | 'notAfter'>,
  { problems, warnings }: Findings,
): Finding[] {
  const findings = [
    ...problems.map((error) => failed('certificate', account, error)),
    ...warnings.map(({ code, message }) => warning('certificate', account, message, remedies[code] ?? null)),
  ];
  if (findings.length > 0) return findings;
  const end = formatTime(notAfter).slice(0, 10);
  const message = `The certificate of ${subject} fits until ${end}; whether it leads up to the trust anchor only AWS can tell.`;
  return [fine('certificate', account, message)];
}

/** What to do about the preflight's warnings (roles-anywhere/preflight) where something can be done. */
const remedies: Readonly<Record<string, string>> = {
  'cert-ends-soon': 'Renew the certificate of this device.',
  'issuer-expired': 'Ask whoever runs the CA for its present certificate.',
  'issuer-sha1': 'Ask whoever runs the CA for certificates signed with SHA-256.',
  'chain-too-long': 'Leave out what is not between the certificate and the trust anchor.',
  'issuers-unrelated': 'Name the right file: rolekey accounts edit ID --intermediates FILE.',
};
