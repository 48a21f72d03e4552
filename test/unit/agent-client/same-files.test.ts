import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isSameFile, refuseOtherFiles } from '../../../src/agent-client/same-files.ts';

let root: string;
const at = (name: string): string => join(root, name);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'rolekey-files-'));
  mkdirSync(at('home/.aws'), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('two paths lead to one file', () => {
  it.each<[what: string, arrange: () => void, other: string]>([
    ['as they stand', () => undefined, 'home/.aws/config'],
    [
      'through a linked folder, where there is no file yet',
      () => symlinkSync(at('home'), at('link')),
      'link/.aws/config',
    ],
    [
      'through a linked file',
      () => {
        writeFileSync(at('home/.aws/config'), '');
        symlinkSync(at('home/.aws/config'), at('own'));
      },
      'own',
    ],
    [
      'by a second name of the file',
      () => {
        writeFileSync(at('home/.aws/config'), '');
        linkSync(at('home/.aws/config'), at('own'));
      },
      'own',
    ],
    ['by a roundabout way', () => undefined, 'home/x/../.aws/./config'],
  ])('%s', (_what, arrange, other) => {
    arrange();
    expect(isSameFile(at('home/.aws/config'), at(other))).toBe(true);
  });

  it.each(['home/.aws/credentials', 'other/.aws/config', 'home/.aws', 'home/.aws/config/x'])(
    'and %s is another',
    (other) => {
      expect(isSameFile(at('home/.aws/config'), at(other))).toBe(false);
      writeFileSync(at('home/.aws/config'), '');
      expect(isSameFile(at('home/.aws/config'), at(other))).toBe(false);
    },
  );
});

describe('an agent’s files', () => {
  const agent = { credentialsFile: '/a/keys', configFile: '/a/config' };

  it('that are this environment’s are fine', () => {
    expect(() =>
      refuseOtherFiles(agent, { awsCredentialsFile: '/a/keys', awsConfigFile: '/a/config' }),
    ).not.toThrow();
  });

  it.each([
    ['/b/keys', '/a/config', 'writes /a/keys, but your environment names /b/keys.'],
    ['/a/keys', '/b/config', 'writes /a/config, but your environment names /b/config.'],
    ['/b/k', '/b/c', 'writes /a/keys and /a/config, but your environment names /b/k and /b/c.'],
  ])('are others than %s, %s', (awsCredentialsFile, awsConfigFile, says) => {
    expect(() => refuseOtherFiles(agent, { awsCredentialsFile, awsConfigFile })).toThrow(
      expect.objectContaining({
        code: 'agent-other-files',
        message: expect.stringContaining(says) as string,
      }),
    );
  });
});
