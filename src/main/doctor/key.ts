/** Whether an account's key is there and its certificate fits, as far as can be told without a PIN. Pure. */
import type { Finding } from '../../shared/api.ts';
import type { AppError } from '../../shared/errors.ts';
import { formatTime, type TokenInfo } from '../../shared/model.ts';
import type { Certificate } from '../roles-anywhere/certificate.ts';
import type { LintFinding } from '../roles-anywhere/certificate-lint.ts';
import type { SignerKey } from '../tokens/signer.ts';
import { failed, fine, problem, warning } from './finding.ts';
import { judgePin, judgePolicy } from './pin.ts';

/** What the search for the key ended with. */
export type KeyFacts =
  | {
      readonly error: AppError;
      /** The service it would be reached through does not answer, which is told of already. */
      readonly readerIsDown: boolean;
    }
  | FoundKey;

export interface FoundKey {
  readonly key: SignerKey;
  readonly certificate: Pick<Certificate, 'subject' | 'notAfter'>;
  /** Of the certificate and its issuers. */
  readonly lint: readonly LintFinding[];
  /** As the list of tokens has it; null where the key is in none, or that was not looked at. */
  readonly token: Pick<TokenInfo, 'kind' | 'pin' | 'label'> | null;
}

/** A token that is not plugged in, or in use, is no fault of anything. */
const passing: ReadonlySet<AppError['code']> = new Set([
  'token-absent',
  'pin-needed',
  'ssh-agent-missing',
  'ssh-key-missing',
]);

export function judgeKey(account: string, facts: KeyFacts): Finding[] {
  if ('error' in facts) {
    const { error, readerIsDown } = facts;
    if (readerIsDown && error.code === 'token-failed') {
      const message = 'Its key cannot be looked for as long as the smart card service does not answer.';
      return [warning('token', account, message, 'Mend the service first, as its line above says.')];
    }
    if (passing.has(error.code)) return [warning('token', account, error.message, error.remedy)];
    // The key was found where only its certificate is at fault.
    return [failed(error.code.startsWith('cert-') ? 'certificate' : 'token', account, error)];
  }
  const { key, certificate, lint, token } = facts;
  return [
    fine('token', account, `Its key is ${placeOf(key)}${key.hardware ? '' : ' (not hardware)'}.`),
    ...(token === null ? [] : judgePin(account, token)),
    ...judgePolicy(account, key),
    ...judgeCertificate(account, certificate, lint),
  ];
}

function placeOf({ token, uri }: SignerKey): string {
  if (token !== null) return `on the token ${token.label || token.serial}`;
  return uri.startsWith('ssh-agent:') ? `in the ssh-agent (${uri})` : `in the file ${uri}`;
}

const severities = { problem, warning, hint: hinted };

function judgeCertificate(
  account: string,
  { subject, notAfter }: Pick<Certificate, 'subject' | 'notAfter'>,
  lint: readonly LintFinding[],
): Finding[] {
  const findings = lint.map(({ severity, message, remedy }) =>
    severities[severity]('certificate', account, message, remedy),
  );
  if (lint.some(({ severity }) => severity !== 'hint')) return findings;
  const end = formatTime(notAfter).slice(0, 10);
  const message = `The certificate of ${subject} fits until ${end}; whether it leads up to the trust anchor only AWS can tell.`;
  return [fine('certificate', account, message), ...findings];
}

/** What is as it may be, and could be better. */
function hinted(check: string, subject: string, message: string, remedy: string | null): Finding {
  return { ...fine(check, subject, message), remedy };
}
