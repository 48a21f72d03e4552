import { describe, expect, it } from 'vitest';
import { createConfigFile } from '../../../src/main/outlets/config-file.ts';
import type { ConfigEntry, ConfigFile } from '../../../src/main/outlets/config-file.ts';
import { unifiedDiff } from '../../../src/main/outlets/unified-diff.ts';
import { MemoryFiles } from './memory-files.ts';

const path = '/home/a/.aws/config';
const credentialsPath = '/home/a/.aws/credentials';
const cliPath = '/opt/Rolekey 1.0/bin/rolekey';

function setUp(
  texts: Record<string, string> = {},
  cli = cliPath,
): { files: MemoryFiles; outlet: ConfigFile; text: () => string | undefined } {
  const files = new MemoryFiles(texts);
  const outlet = createConfigFile({ files, path, credentialsPath, cliPath: cli, createdFiles: new Set() });
  return { files, outlet, text: () => files.texts.get(path) };
}

const work: ConfigEntry = { accountId: 'id', profile: 'work', profileRegion: 'eu-west-2' };
const section = `[profile work]
# managed by rolekey: id
credential_process = "${cliPath}" credential-process --account id
region = eu-west-2
`;

describe('put', () => {
  it('writes what the contract says, in one write', async () => {
    const { files, outlet, text } = setUp({ [path]: '[default]\nregion = x\n' });
    await outlet.put([work, { accountId: 'b', profile: 'b', profileRegion: null }]);
    expect(text()).toBe(
      `[default]\nregion = x\n\n${section}\n[profile b]\n# managed by rolekey: b\n` +
        `credential_process = "${cliPath}" credential-process --account b\n`,
    );
    expect(files.writes).toEqual([{ path, options: { createMode: 0o600, tighten: false } }]);
    await outlet.remove([work, { accountId: 'b', profileRegion: null }]);
    expect(text()).toBe('[default]\nregion = x\n');
  });

  it('names the default profile as it is named', async () => {
    const { outlet, text } = setUp();
    await outlet.put([{ ...work, profile: 'default' }]);
    expect(text()).toBe(section.replace('profile work', 'default'));
  });

  it('of the same values changes nothing', async () => {
    const { files, outlet } = setUp({ [path]: section });
    await outlet.put([work]);
    await outlet.put([{ ...work, formerRegion: 'eu-west-2' }]);
    expect(files.writes).toEqual([]);
  });

  it.each([
    ['us-east-1', section.replace('eu-west-2', 'us-east-1')],
    [null, section.replace('region = eu-west-2\n', '')],
  ])('changes the region it had written to %s', async (profileRegion, after) => {
    const { outlet, text } = setUp({ [path]: section });
    await outlet.put([{ ...work, profileRegion, formerRegion: 'eu-west-2' }]);
    expect(text()).toBe(after);
  });

  it('refuses a section of that name that is not ours', async () => {
    const { outlet } = setUp({ [path]: '[profile work]\nregion = x\n' });
    await expect(outlet.put([work])).rejects.toMatchObject({
      code: 'section-foreign',
      message: `${path}: The AWS profile work (line 1) is not managed by Rolekey.`,
    });
  });

  it('takes one over with adopt, and gives it back', async () => {
    const before = '[profile work]\nregion = x\nsource_profile = y\nrole_arn = z\noutput = json';
    const { outlet, text } = setUp({ [path]: before });
    await outlet.put([{ ...work, adopt: true }]);
    expect(text()).toBe(
      `${section}# rolekey-kept: [profile work]\n# rolekey-kept: region = x\n` +
        '# rolekey-kept: source_profile = y\n# rolekey-kept: role_arn = z\noutput = json',
    );
    await outlet.remove([work]);
    expect(text()).toBe(before);
  });
});

describe('keys in the credentials file', () => {
  const keys = 'aws_access_key_id = A\naws_secret_access_key = B\n';

  it.each(['[work]', '[ work ]', '[work] # mine'])(
    'of the user’s under %s refuse the profile',
    async (header) => {
      const { files, outlet } = setUp({ [credentialsPath]: `[x]\n${header}\n${keys}` });
      for (const call of [outlet.put([{ ...work, adopt: true }]), outlet.previewPut([work])]) {
        await expect(call).rejects.toMatchObject({
          code: 'section-foreign',
          message: expect.stringMatching(`^${credentialsPath}: .*line 2`) as string,
        });
      }
      expect(files.writes).toEqual([]);
    },
  );

  it('of ours refuse the profile, also to the same account, but let a preview of that pass', async () => {
    const { outlet } = setUp({ [credentialsPath]: `[work]\n# managed by rolekey: id\n${keys}` });
    await expect(outlet.put([work])).rejects.toMatchObject({ code: 'section-foreign' });
    await outlet.previewPut([work]);
    await expect(outlet.previewPut([{ ...work, accountId: 'b' }])).rejects.toMatchObject({
      code: 'section-foreign',
    });
  });

  it('of another profile, or a section without keys, are no obstacle', async () => {
    const { outlet } = setUp({ [credentialsPath]: `[work2]\n${keys}[work]\nregion = x\n` });
    expect(await outlet.put([work])).toMatchObject({ changed: true });
  });

  it('that cannot be read are an obstacle', async () => {
    const { outlet } = setUp({ [credentialsPath]: '[a]\0' });
    await expect(outlet.put([work])).rejects.toMatchObject({
      code: 'file-undecodable',
      message: expect.stringContaining(credentialsPath) as string,
    });
  });
});

describe('the path of the command', () => {
  it.each([
    '/usr/bin/rolekey',
    '/opt/My App/a_b-c.1',
    'C:\\Program Files\\Rolekey\\rolekey.exe',
    'C:/a',
    '\\\\srv\\x\\rolekey.exe',
  ])('%j is fit to be written', async (cli) => {
    const { outlet, text } = setUp({}, cli);
    await outlet.put([work]);
    expect(text()).toContain(`credential_process = "${cli}" credential-process`);
  });

  it.each([
    '/a"b',
    "/a'b",
    '/a$HOME',
    '/a`b`',
    '/a%b',
    '/a#b',
    '/a;b',
    '/a&b',
    '/a!b',
    '/a(b',
    '/ä',
    '/a\nb',
    '/a\tb',
    '/a\0b',
    '/a\\\\b',
    'C:\\a\\',
    'rolekey',
    './rolekey',
    '~/rolekey',
    'C:rolekey',
    '',
  ])('%j is cli-path-unsafe', async (cli) => {
    const { files, outlet } = setUp({}, cli);
    await expect(outlet.put([work])).rejects.toMatchObject({ code: 'cli-path-unsafe' });
    await expect(outlet.previewPut([work])).rejects.toMatchObject({ code: 'cli-path-unsafe' });
    expect(files.writes).toEqual([]);
  });
});

describe('a preview', () => {
  it('is shown as a unified diff', async () => {
    const { outlet } = setUp({ [path]: '[default]\nregion = x' });
    expect(unifiedDiff(await outlet.previewPut([work]))).toBe(
      `--- ${path}
+++ ${path}
@@ -1,2 +1,7 @@
 [default]
-region = x
\\ No newline at end of file
+region = x
+ \t
+[profile work]
+# managed by rolekey: id
+credential_process = "${cliPath}" credential-process --account id
+region = eu-west-2
`,
    );
  });

  it('of a file that is not there names it all the same', async () => {
    const { outlet } = setUp();
    expect(unifiedDiff(await outlet.previewPut([work]))).toMatch(
      `--- /dev/null\n+++ ${path}\n@@ -0,0 +1,4 @@\n+[profile`,
    );
  });

  it('of a removal shows what goes', async () => {
    const { files, outlet } = setUp({ [path]: section });
    expect(unifiedDiff(await outlet.previewRemove([work]))).toContain('-[profile work]\n');
    expect(files.writes).toEqual([]);
  });
});

it('managed tells account and profile', async () => {
  const { outlet } = setUp({ [path]: `[default]\n\n${section}` });
  expect(await outlet.managed()).toMatchObject([{ accountId: 'id', profile: 'work', active: true }]);
});
