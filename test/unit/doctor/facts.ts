/** What checks are given, as far as a test says nothing else. */
import type { Finding } from '../../../src/shared/api.ts';
import type { Account } from '../../../src/shared/model.ts';
import type { AwsFileFacts } from '../../../src/main/doctor/aws-files.ts';
import { listSections } from '../../../src/main/outlets/managed-sections.ts';
import type { Dialect } from '../../../src/main/outlets/section-file.ts';

export const configPath = '/home/u/.aws/config';
export const credentialsPath = '/home/u/.aws/credentials';
export const cliPath = '/opt/rolekey/bin/rolekey';

export function account(id: string, fields: Partial<Account> = {}): Account {
  const prefix = 'arn:aws:rolesanywhere:eu-central-1:123456789012';
  return {
    id,
    label: id,
    group: null,
    favourite: false,
    roleArn: 'arn:aws:iam::123456789012:role/reader',
    profileArn: `${prefix}:profile/0a1b2c3d-1111-4222-8333-944455556666`,
    trustAnchorArn: `${prefix}:trust-anchor/7b6f1d0e-1111-4222-8333-944455556666`,
    region: 'eu-central-1',
    sessionDuration: 3600,
    roleSessionName: null,
    keys: ['pkcs11:token=laptop;id=%01'],
    certificate: null,
    intermediates: null,
    pkcs11Lib: null,
    awsProfile: id,
    profileRegion: null,
    outlet: 'credential-process',
    endpoint: null,
    useFipsEndpoint: false,
    useDualstackEndpoint: false,
    source: { kind: 'local' },
    ...fields,
  };
}

/** A file with that text; null stands for no file. */
export function awsFile(path: string, text: string | null, dialect: Dialect): AwsFileFacts {
  const sections = text === null ? [] : listSections(new TextEncoder().encode(text), dialect);
  return { path, exists: text !== null, error: null, mode: 0o600, sections };
}

/** What is not as it should be, in short. */
export function wrongs(findings: readonly Finding[]): string[] {
  return findings
    .filter(({ status }) => status !== 'ok')
    .map(({ status, check, subject }) => `${status} ${check} ${subject}`);
}
