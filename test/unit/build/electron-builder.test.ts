/** The package's configuration, judged by electron-builder itself, and by what must never change unseen. */
import { resolve } from 'node:path';
import { DebugLogger } from 'builder-util';
import { getConfig, validateConfiguration } from 'app-builder-lib/out/util/config/config.js';
import { describe, expect, it } from 'vitest';
import packageJson from '../../../package.json' with { type: 'json' };

type Configuration = Awaited<ReturnType<typeof getConfig>>;

const read = (): Promise<Configuration> => getConfig(resolve('.'), resolve('electron-builder.yml'), null);
const judge = (configuration: object): Promise<void> =>
  validateConfiguration(configuration, new DebugLogger(false));

describe('the package', () => {
  it('has a configuration electron-builder accepts', async () => {
    await expect(judge(await read())).resolves.toBeUndefined();
  });

  it.each<[string, (configuration: Configuration) => object]>([
    ['a misspelt fuse', ({ electronFuses }) => ({ electronFuses: { ...electronFuses, runAsNod: false } })],
    [
      'a fuse that is a text',
      ({ electronFuses }) => ({ electronFuses: { ...electronFuses, runAsNode: 'no' } }),
    ],
    ['a misspelt section', () => ({ electronFuse: { runAsNode: false } })],
    ['a misspelt option of a platform', ({ mac }) => ({ mac: { ...mac, hardendRuntime: true } })],
  ])('would be refused with %s', async (_, spoil) => {
    const configuration = await read();
    await expect(judge({ ...configuration, ...spoil(configuration) })).rejects.toThrow(
      /Invalid configuration/,
    );
  });

  it.each([
    ['runAsNode', false],
    ['enableNodeOptionsEnvironmentVariable', false],
    ['enableNodeCliInspectArguments', false],
    ['enableEmbeddedAsarIntegrityValidation', true],
    ['onlyLoadAppFromAsar', true],
    ['enableCookieEncryption', true],
    ['grantFileProtocolExtraPrivileges', false],
  ] as const)('has the fuse %s set to %s', async (fuse, value) => {
    expect((await read()).electronFuses?.[fuse]).toBe(value);
  });

  it.each<[string, (configuration: Configuration) => unknown, unknown]>([
    ['is published nowhere', ({ publish }) => publish, null],
    ['rebuilds nothing', ({ npmRebuild }) => npmRebuild, false],
    ['is one archive', ({ asar }) => asar, true],
    ['has native modules on disk', ({ asarUnpack }) => asarUnpack, ['**/*.node']],
    ['is hardened on macOS', ({ mac }) => mac?.hardenedRuntime, true],
    ['is installed for one user on Windows', ({ nsis }) => nsis?.perMachine, false],
    ['opens its links', ({ protocols }) => protocols, [{ name: 'Rolekey', schemes: ['rolekey'] }]],
    ['goes by one name', ({ productName }) => productName, packageJson.productName],
    ['is grouped with its windows on Linux', ({ linux }) => linux?.syncDesktopName, true],
  ])('%s', async (_, value, expected) => {
    expect(value(await read())).toEqual(expected);
  });

  it('is named for the desktop entry its executable gets', async () => {
    expect(packageJson.desktopName).toBe(`${String((await read()).linux?.executableName)}.desktop`);
  });

  it('takes nothing of ours but what was built', async () => {
    const { files } = await read();
    expect(files).toEqual([{ filter: expect.any(Array) as string[] }]);
    const [{ filter }] = files as [{ filter: string[] }];
    expect(filter.filter((pattern) => !pattern.startsWith('!'))).toEqual(['dist/**', 'package.json']);
  });
});
