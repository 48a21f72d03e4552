import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { emptySettings, settingsFormat } from '../../../src/main/accounts/settings.ts';
import { setAside } from '../../../src/main/node/set-aside.ts';
import { createSettingsFile } from '../../../src/main/node/settings-file.ts';

const now = Date.UTC(2027, 2, 4, 5, 6, 7, 890);
const name = 'config.json.aside-2027-03-04T05-06-07Z';

let folder: string;
const path = (): string => join(folder, 'config.json');
const aside = (): string | null => setAside(createSettingsFile(folder, settingsFormat), now);

beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'rolekey-aside-'));
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

it.each<[what: string, content: string | Buffer]>([
  ['that is cut off', '{"version":1,'],
  ['that is empty', ''],
  ['with a field that is not known', '{"version":1,"typo":1}'],
  ['of a newer version', '{"version":99}'],
  ['that is no text', Buffer.from([0xff, 0xfe, 0x00])],
])('a configuration %s is put aside, byte for byte', (_what, content) => {
  fs.writeFileSync(path(), content);
  expect(aside()).toBe(join(folder, name));
  expect(fs.readdirSync(folder)).toEqual([name]);
  expect(fs.readFileSync(join(folder, name))).toEqual(Buffer.from(content));
});

it('one that is in order stays, and where there is none there is none', () => {
  expect(aside()).toBeNull();
  const text = JSON.stringify(emptySettings);
  fs.writeFileSync(path(), text);
  expect(aside()).toBeNull();
  expect([fs.readdirSync(folder), fs.readFileSync(path(), 'utf8')]).toEqual([['config.json'], text]);
});

it('nothing that was put aside before is overwritten', () => {
  for (const content of ['one', 'two', 'three']) {
    fs.writeFileSync(path(), content);
    aside();
  }
  expect(fs.readdirSync(folder).sort()).toEqual([name, `${name}-2`, `${name}-3`]);
  expect(fs.readFileSync(join(folder, name), 'utf8')).toBe('one');
});

it('a link is put aside as the link it is, and what it leads to stays', () => {
  const target = join(folder, 'dotfiles.json');
  fs.writeFileSync(target, 'broken');
  fs.symlinkSync('dotfiles.json', path());
  aside();
  expect([fs.readlinkSync(join(folder, name)), fs.readFileSync(target, 'utf8')]).toEqual([
    'dotfiles.json',
    'broken',
  ]);
});
