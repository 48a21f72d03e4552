/** Shorthand for edits of AWS files in tests: text in, text out. */
import { configDialect, credentialsDialect } from '../../../src/main/outlets/dialects.ts';
import { putSections, removeSections } from '../../../src/main/outlets/managed-sections.ts';
import type { SectionEntry } from '../../../src/main/outlets/managed-sections.ts';

export const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
export const decode = (bytes: Uint8Array): string =>
  new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);

/** A credentials section; every value is `OURS-ACCOUNT-VERSION`. */
export function credentialsEntry(
  accountId: string,
  profile: string,
  { version = 1, adopt = false } = {},
): SectionEntry {
  const value = `OURS-${accountId}-${String(version)}`;
  return {
    accountId,
    profile,
    adopt,
    written: [],
    values: credentialsDialect.keys.map((key) => [key, value]),
  };
}

export function putCredentials(text: string | null, ...entries: SectionEntry[]): string {
  return decode(putSections(text === null ? null : encode(text), credentialsDialect, entries));
}

export function removeCredentials(text: string, ...accountIds: string[]): string {
  const removals = accountIds.map((accountId) => ({ accountId, written: [], forget: false }));
  return decode(removeSections(encode(text), credentialsDialect, removals));
}

/** The lines of a section as the contract has them. */
export function block(accountId: string, profile: string, { version = 1, end = '\n' } = {}): string {
  const value = `OURS-${accountId}-${String(version)}`;
  const keys = [
    'aws_access_key_id',
    'aws_secret_access_key',
    'aws_session_token',
    'x_security_token_expires',
  ];
  const lines = [
    `[${profile}]`,
    `# managed by rolekey: ${accountId}`,
    ...keys.map((key) => `${key} = ${value}`),
  ];
  return lines.map((line) => line + end).join('');
}

export { configDialect, credentialsDialect };
