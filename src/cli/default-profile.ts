/**
 * The AWS profile `default`, as far as it stands in the way: AWS SDKs and the AWS CLI take credentials of it before they
 * ask a container endpoint (SDKs and Tools Reference Guide, "credential provider chain"; botocore, SDK for Go and
 * JavaScript alike), so that a program would work with another identity than the account's, without a word.
 */
import { readFileSync, statSync } from 'node:fs';
import { devNull } from 'node:os';
import { join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** Each file with the variable that names another one. */
const files = [
  { variable: 'AWS_SHARED_CREDENTIALS_FILE', name: 'credentials' },
  { variable: 'AWS_CONFIG_FILE', name: 'config' },
] as const;

/** Keys by which a profile gives credentials. */
const givesCredentials =
  /^\s*(aws_access_key_id|aws_secret_access_key|credential_process|credential_source|role_arn|source_profile|sso_\w+|web_identity_token_file|login_session)\s*[=:]/i;
const header = /^\s*\[([^\]]*)\]?/;
const defaultName = /^\s*(profile\s+)?(["']?)default\2\s*$/i;

export interface InTheWay {
  /** Paths of the files whose profile `default` gives credentials. */
  readonly paths: readonly string[];
  /** What hides these files from a program, as far as it can be said by its environment. */
  readonly variables: Readonly<Record<string, string>>;
}

/** @param home the user's home directory. Null: nothing is in the way. */
export function defaultInTheWay(env: Environment, home: string): InTheWay | null {
  const found = files.flatMap(({ variable, name }) => {
    const path = pathOf(env[variable], name, home);
    const lines = linesOfDefault(textOf(path));
    return lines.some((line) => givesCredentials.test(line)) ? [{ variable, path, lines }] : [];
  });
  if (found.length === 0) return null;
  const region = found.flatMap(({ lines }) => lines.flatMap(regionIn))[0];
  const hasRegion = [env.AWS_REGION, env.AWS_DEFAULT_REGION].some(
    (value) => value !== undefined && value !== '',
  );
  return {
    paths: found.map(({ path }) => path),
    variables: {
      ...Object.fromEntries(found.map(({ variable }) => [variable, devNull])),
      // It goes on to where the profile would have sent it.
      ...(region === undefined || hasRegion ? {} : { AWS_REGION: region }),
    },
  };
}

function pathOf(given: string | undefined, name: string, home: string): string {
  if (given === undefined || given === '') return join(home, '.aws', name);
  return given === '~' || given.startsWith('~/') ? join(home, given.slice(1)) : given;
}

/** What cannot be read gives no SDK credentials either. A pipe or device is not read: it may never end. */
function textOf(path: string): string {
  try {
    return statSync(path).isFile() ? readFileSync(path, 'utf8') : '';
  } catch {
    return '';
  }
}

/** The lines of every section of that name, however it is written; more than an SDK takes for one does no harm. */
function linesOfDefault(text: string): string[] {
  let isDefault = false;
  return text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\r|\n/)
    .filter((line) => {
      const name = header.exec(line)?.[1];
      if (name !== undefined) isDefault = defaultName.test(name);
      return isDefault && name === undefined;
    });
}

function regionIn(line: string): string[] {
  const region = /^\s*region\s*[=:]\s*([a-z0-9-]+)\s*$/i.exec(line)?.[1];
  return region === undefined ? [] : [region];
}
