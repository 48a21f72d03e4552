/** How AWS's two files name a profile (AWS SDKs and Tools Reference Guide, "Shared config and credentials files"). */
import type { Dialect } from './section-file.ts';

/** `~/.aws/credentials`: `[work]`. */
export const credentialsDialect: Dialect = {
  headerOf: (profile) => profile,
  profileOf: plainName,
  keys: ['aws_access_key_id', 'aws_secret_access_key', 'aws_session_token', 'x_security_token_expires'],
};

/** `~/.aws/config`: `[profile work]`, but `[default]`. `region` is not always ours: people set it in any section. */
export const configDialect: Dialect = {
  headerOf: (profile) => (profile === 'default' ? 'default' : `profile ${profile}`),
  profileOf: (sectionName) => {
    const [, name] = /^\s*profile\s+(.+)$/s.exec(sectionName) ?? [];
    if (name !== undefined) return plainName(name);
    return plainName(sectionName) === 'default' ? 'default' : null;
  },
  keys: ['credential_process'],
};

/** Without the spaces, quotes and backslashes that some reader takes for part of the spelling. */
function plainName(text: string): string {
  return text.replaceAll(/["'\\]/g, '').trim();
}
