import { describe, expect, it } from 'vitest';
import { judgeAwsFiles, type AwsFilesFacts } from '../../../src/main/doctor/aws-files.ts';
import { configDialect, credentialsDialect } from '../../../src/main/outlets/dialects.ts';
import { AppError } from '../../../src/shared/errors.ts';
import { account, awsFile, cliPath, configPath, credentialsPath, wrongs } from './facts.ts';

const ours = (id: string, profile = id, cli = cliPath): string =>
  `[profile ${profile}]\n# managed by rolekey: ${id}\ncredential_process = "${cli}" credential-process --account ${id}\n`;
const keys = (id: string, profile = id): string =>
  `[${profile}]\n# managed by rolekey: ${id}\naws_access_key_id = ASIA\naws_secret_access_key = s\naws_session_token = t\nx_security_token_expires = e\n`;

function facts(
  some: Partial<AwsFilesFacts> & { config?: never; credentials?: never },
  texts: {
    config?: string | null;
    credentials?: string | null;
  },
): AwsFilesFacts {
  const accounts = some.accounts ?? [];
  return {
    config: awsFile(configPath, texts.config ?? null, configDialect),
    credentials: awsFile(credentialsPath, texts.credentials ?? null, credentialsDialect),
    asked: new Set(accounts.map(({ id }) => id)),
    serving: new Set(),
    cliPath,
    ...some,
    accounts,
  };
}

describe('AWS files', () => {
  const dev = account('dev');
  const file = account('file', { outlet: 'credentials-file' });
  const serving = new Set(['file']);
  const rows: readonly (readonly [string, AwsFilesFacts, string[]])[] = [
    ['that are not there', facts({}, {}), []],
    ['with the account’s section', facts({ accounts: [dev] }, { config: ours('dev') }), []],
    ['without it', facts({ accounts: [dev] }, { config: '[default]\n' }), ['problem aws-files dev']],
    ['without a config file', facts({ accounts: [dev] }, {}), ['problem aws-files dev']],
    [
      'with a marker that only the user’s lines are left of',
      facts({ accounts: [dev] }, { config: '[profile dev]\n# managed by rolekey: dev\nregion = x\n' }),
      ['problem aws-files dev'],
    ],
    [
      'with it under another profile',
      facts({ accounts: [dev] }, { config: ours('dev', 'old') }),
      ['problem aws-files dev'],
    ],
    [
      'with another command in it',
      facts({ accounts: [dev] }, { config: ours('dev', 'dev', '/old/rolekey') }),
      ['warning aws-files dev'],
    ],
    [
      'with that of an account nobody asked about missing',
      facts({ accounts: [dev], asked: new Set() }, {}),
      [],
    ],
    ['of an account that writes none', facts({ accounts: [account('n', { outlet: 'none' })] }, {}), []],
    ['of one that is not connected', facts({ accounts: [file] }, {}), []],
    ['of one that is connected', facts({ accounts: [file], serving }, { credentials: keys('file') }), []],
    [
      'of one that is connected, without its credentials',
      facts({ accounts: [file], serving }, { credentials: '[x]\n' }),
      ['problem aws-files file'],
    ],
    [
      'with credentials of one that is not connected',
      facts({ accounts: [file] }, { credentials: keys('file') }),
      ['warning aws-files file'],
    ],
    [
      'with sections of accounts that are gone',
      facts({}, { config: ours('gone'), credentials: keys('lost') }),
      [`warning aws-files ${configPath}`, `warning aws-files ${credentialsPath}`],
    ],
    [
      'with nothing but the mark of one that is gone',
      facts({}, { config: '[profile gone]\n# managed by rolekey: gone\nregion = x\n' }),
      [],
    ],
  ];

  it.each(rows)('%s', (_what, given, expected) => {
    expect(wrongs(judgeAwsFiles(given))).toEqual(expected);
  });

  it.each([
    [0o600, []],
    [0o400, []],
    [null, []],
    [0o644, [`warning aws-files ${credentialsPath}`]],
    [0o660, [`warning aws-files ${credentialsPath}`]],
    [0o601, [`warning aws-files ${credentialsPath}`]],
  ])('credentials of mode %s', (mode, expected) => {
    const given = facts({}, { credentials: '' });
    const found = judgeAwsFiles({ ...given, credentials: { ...given.credentials, mode } });
    expect(wrongs(found)).toEqual(expected);
  });

  it.each(['file-unreadable', 'file-undecodable', 'marker-damaged'] as const)(
    'that are %s say so, and nothing of what is in them',
    (code) => {
      const error = new AppError(code);
      const given = facts({ accounts: [dev, file], serving }, {});
      const broken = { sections: [], error, exists: true };
      const found = judgeAwsFiles({
        ...given,
        config: { ...given.config, ...broken },
        credentials: { ...given.credentials, ...broken },
      });
      expect(found).toEqual(
        [configPath, credentialsPath].map((subject) => ({
          check: 'aws-files',
          status: 'problem',
          subject,
          message: error.message,
          remedy: error.remedy,
        })),
      );
    },
  );
});
