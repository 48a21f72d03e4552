import { describe, expect, it } from 'vitest';
import { createCredentialsFile } from '../../../src/main/outlets/credentials-file.ts';
import type { CredentialsEntry, CredentialsFile } from '../../../src/main/outlets/credentials-file.ts';
import { unifiedDiff } from '../../../src/main/outlets/unified-diff.ts';
import { errorTable } from '../../../src/shared/errors.ts';
import { MemoryFiles } from './memory-files.ts';

const path = '/home/a/.aws/credentials';
const configPath = '/home/a/.aws/config';

function entry(accountId: string, profile = accountId, version = '1'): CredentialsEntry {
  return {
    accountId,
    profile,
    credentials: {
      accessKeyId: `ASIA${version}`,
      secretAccessKey: `s/+=${version}`,
      sessionToken: `t/+=${version}`,
      expiration: '2026-11-22T12:00:00Z',
    },
  };
}

function section(accountId: string, profile = accountId, version = '1'): string {
  return `[${profile}]
# managed by rolekey: ${accountId}
aws_access_key_id = ASIA${version}
aws_secret_access_key = s/+=${version}
aws_session_token = t/+=${version}
x_security_token_expires = 2026-11-22T12:00:00Z
`;
}

function setUp(texts: Record<string, string> = {}): {
  files: MemoryFiles;
  created: Set<string>;
  outlet: CredentialsFile;
  text: () => string | undefined;
} {
  const files = new MemoryFiles(texts);
  const created = new Set<string>();
  const outlet = createCredentialsFile({ files, path, configPath, createdFiles: created });
  return { files, created, outlet, text: () => files.texts.get(path) };
}

describe('put', () => {
  it('writes what the contract says, all profiles at once, and takes permissions from others', async () => {
    const { files, outlet, text } = setUp({ [path]: '[x]\nk = v\n' });
    const entries = Array.from({ length: 100 }, (_, index) => entry(`id-${String(index)}`));
    expect(await outlet.put(entries)).toEqual({ changed: true, tightened: false });
    expect(text()).toBe(`[x]\nk = v\n\n${entries.map(({ accountId }) => section(accountId)).join('\n')}`);
    expect(files.writes).toEqual([{ path, options: { createMode: 0o600, tighten: true } }]);
  });

  it('of the same values changes nothing', async () => {
    const { files, outlet } = setUp();
    await outlet.put([entry('a'), entry('b')]);
    expect(await outlet.put([entry('b'), entry('a')])).toEqual({ changed: false, tightened: false });
    expect(files.writes).toHaveLength(1);
  });

  it('of several with one that is refused writes none, and names the file', async () => {
    const { files, outlet } = setUp({ [path]: '[b]\n' });
    await expect(outlet.put([entry('a'), entry('b')])).rejects.toMatchObject({
      code: 'section-foreign',
      message: `${path}: The AWS profile b (line 1) is not managed by Rolekey.`,
      remedy: errorTable['section-foreign'].remedy,
    });
    expect(files.writes).toEqual([]);
  });

  it('is refused where the profile’s section in the config file is ours', async () => {
    const config = '[profile p]\n# managed by rolekey: a\ncredential_process = c\n';
    for (const accountId of ['a', 'b']) {
      const { files, outlet } = setUp({ [configPath]: config });
      await expect(outlet.put([entry(accountId, 'p')])).rejects.toMatchObject({ code: 'section-foreign' });
      expect(files.writes).toEqual([]);
    }
  });

  it('is not refused for what the user has in the config file', async () => {
    const { outlet, text } = setUp({
      [configPath]: '[profile a]\nregion = x\n[profile b]\n# managed by rolekey: b\noutput = json\n',
    });
    await outlet.put([entry('a'), entry('b')]);
    expect(text()).toBe(`${section('a')}\n${section('b')}`);
  });

  it.each(['\n', '\r', '\0', ' #'])('refuses %j in a value', async (bad) => {
    const { files, outlet } = setUp();
    const credentials = { ...entry('a').credentials, sessionToken: `a${bad}b` };
    await expect(outlet.put([{ ...entry('a'), credentials }])).rejects.toMatchObject({
      code: 'account-invalid',
    });
    expect(files.writes).toEqual([]);
  });
});

describe('a file that was not there', () => {
  it('is deleted again with the last of ours', async () => {
    const { created, outlet, text } = setUp();
    await outlet.put([entry('a'), entry('b')]);
    expect([...created]).toEqual([path]);
    await outlet.remove(['a']);
    expect(text()).toBe(section('b'));
    await outlet.remove(['b']);
    expect(text()).toBeUndefined();
    expect([...created]).toEqual([]);
  });

  it('stays when somebody else wrote to it, and is theirs from then on', async () => {
    const { files, created, outlet, text } = setUp();
    await outlet.put([entry('a')]);
    files.texts.set(path, `${text() ?? ''}\n[x]\n`);
    await outlet.remove(['a']);
    expect(text()).toBe('\n[x]\n');
    expect([...created]).toEqual([]);
    files.texts.set(path, '');
    await outlet.put([entry('a')]);
    await outlet.remove(['a']);
    expect(text()).toBe('');
  });

  it('is not taken for ours when somebody made it at the same moment', async () => {
    const { files, outlet, text } = setUp();
    files.meanwhile = () => void files.texts.set(path, '');
    await outlet.put([entry('a')]);
    await outlet.remove(['a']);
    expect(text()).toBe('');
  });

  it('is deleted also after a restart in the middle of its first write', async () => {
    const { files, created, outlet, text } = setUp();
    created.add(path); // remembered, then killed: the file was not written
    await outlet.put([entry('a')]);
    await outlet.remove(['a']);
    expect(text()).toBeUndefined();
    created.add(path); // the same, and then the user made it
    files.texts.set(path, '');
    await outlet.remove(['a']);
    expect(text()).toBe('');
    created.add(path);
    await outlet.put([entry('a')]);
    await outlet.remove(['a']);
    expect(text()).toBe('');
  });
});

it('a file that was empty stays, empty', async () => {
  const { outlet, text } = setUp({ [path]: '' });
  await outlet.put([entry('a')]);
  await outlet.remove(['a']);
  expect(text()).toBe('');
});

describe('remove', () => {
  it('of accounts that have no section, or of a file that is not there, does nothing', async () => {
    const { files, outlet } = setUp();
    expect(await outlet.remove(['a'])).toEqual({ changed: false, tightened: false });
    files.texts.set(path, '[x]\n');
    expect(await outlet.remove(['a'])).toEqual({ changed: false, tightened: false });
    expect(files.writes).toEqual([]);
  });

  it('leaves the marker with lines of the user, unless the section is to be forgotten', async () => {
    const { files, outlet, text } = setUp({ [path]: `${section('a')}region = x\n` });
    await outlet.remove(['a']);
    expect(text()).toBe('[a]\n# managed by rolekey: a\nregion = x\n');
    expect(await outlet.managed()).toMatchObject([{ accountId: 'a', profile: 'a', active: false }]);
    await outlet.put([entry('a')]);
    await outlet.remove(['a'], { forget: true });
    expect(text()).toBe('[a]\nregion = x\n');
    expect(files.writes).toHaveLength(3);
  });

  it('is told a damaged marker with the file’s name', async () => {
    const { outlet } = setUp({ [path]: section('a').replace(': a', '') });
    await expect(outlet.remove(['a'])).rejects.toMatchObject({
      code: 'marker-damaged',
      message: expect.stringContaining(path) as string,
    });
  });
});

it('contents are what the file hands out for our accounts', async () => {
  const cut = section('b').replace(/aws_session_token.*\n/, '');
  const { outlet } = setUp({ [path]: `[x]\naws_access_key_id = A\n\n${section('a')}\n${cut}` });
  expect(await outlet.contents()).toEqual([
    { accountId: 'a', credentials: entry('a').credentials },
    { accountId: 'b', credentials: { ...entry('b').credentials, sessionToken: '' } },
  ]);
  expect(await setUp().outlet.contents()).toEqual([]);
  const left = setUp({ [path]: '[a]\n# managed by rolekey: a\nregion = x\n' });
  expect(await left.outlet.contents()).toEqual([]);
});

describe('a preview', () => {
  it('refuses as put would, and writes nothing', async () => {
    const { files, outlet } = setUp({ [path]: '[a]\n' });
    await expect(outlet.previewPut([{ accountId: 'a', profile: 'a' }])).rejects.toMatchObject({
      code: 'section-foreign',
    });
    await outlet.previewPut([{ accountId: 'a', profile: 'a', adopt: true }]);
    await outlet.previewRemove(['a']);
    expect(files.writes).toEqual([]);
  });

  it('lets the account’s own section in the config file pass, which goes before', async () => {
    const { outlet } = setUp({
      [configPath]: '[profile a]\n# managed by rolekey: a\ncredential_process = c\n',
    });
    const { after } = await outlet.previewPut([{ accountId: 'a', profile: 'a' }]);
    expect(after).not.toBeNull();
    await expect(outlet.previewPut([{ accountId: 'b', profile: 'a' }])).rejects.toMatchObject({
      code: 'section-foreign',
    });
  });

  it('shows no secret, neither ours nor the user’s', async () => {
    const { outlet } = setUp({
      [path]: '[a]\naws_access_key_id = AKIAOLD\naws_secret_access_key = OLDSECRET\n',
    });
    expect(unifiedDiff(await outlet.previewPut([{ accountId: 'a', profile: 'a', adopt: true }]))).toBe(
      `--- ${path}
+++ ${path}
@@ -1,3 +1,9 @@
 [a]
+# managed by rolekey: a
 aws_access_key_id = ********
 aws_secret_access_key = ********
+aws_session_token = ********
+x_security_token_expires = ********
+# rolekey-kept: [a]
+# rolekey-kept: aws_access_key_id = ********
+# rolekey-kept: aws_secret_access_key = ********
`,
    );
  });
});
