import { chmodSync, existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasTrayHost } from '../../../src/main/electron/tray-host.ts';
import { startBus, type PrivateBus } from './tray-watcher.ts';

/** A folder with these tools of the system and no other. */
function pathWith(tools: readonly string[]): string {
  const directory = mkdtempSync(join(folder, 'path-'));
  for (const tool of tools) {
    const place = (process.env.PATH ?? '').split(delimiter).find((one) => existsSync(join(one, tool)));
    if (place === undefined) throw new Error(`these tests need ${tool}`);
    symlinkSync(join(place, tool), join(directory, tool));
  }
  return directory;
}

let folder: string;
let bus: PrivateBus;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tray-host-'));
  bus = await startBus();
});
afterAll(async () => {
  await bus.stop();
  rmSync(folder, { recursive: true, force: true });
});
const ask = (PATH: string, more: NodeJS.ProcessEnv = {}): Promise<boolean> =>
  hasTrayHost({ platform: 'linux', environment: { PATH, DBUS_SESSION_BUS_ADDRESS: bus.address, ...more } });

describe.each([[['gdbus']], [['dbus-send']], [['gdbus', 'dbus-send']]])(
  'a tray host on Linux, by %s',
  (tools) => {
    it.each([
      ['is there', () => true, true],
      ['is not there, though a watcher is', () => false, false],
      [
        'is not known of where the watcher fails',
        () => {
          throw new Error('no');
        },
        false,
      ],
    ])('%s', async (_, answer, there) => {
      const stopWatcher = await bus.startWatcher(answer);
      try {
        expect(await ask(pathWith(tools))).toBe(there);
      } finally {
        await stopWatcher();
      }
    });

    it('is not there without a watcher', async () => {
      expect(await ask(pathWith(tools))).toBe(false);
    });

    it('is not there without a bus, and none is started to ask', async () => {
      const environment = { DBUS_SESSION_BUS_ADDRESS: `unix:path=${join(folder, 'none')}` };
      expect(await ask(pathWith(tools), environment)).toBe(false);
      expect(await ask(pathWith(tools), { DBUS_SESSION_BUS_ADDRESS: undefined, DISPLAY: ':0' })).toBe(false);
    });

    it('is not waited for where the bus does not answer', async () => {
      const stopWatcher = await bus.startWatcher(() => true);
      bus.pause();
      try {
        expect(await ask(pathWith(tools))).toBe(false);
      } finally {
        bus.resume();
        await stopWatcher();
      }
    });
  },
);

describe('whether there is a tray host', () => {
  it('is unknown without a tool to ask with, and so none is there', async () => {
    expect(await ask(pathWith([]))).toBe(false);
    expect(await hasTrayHost({ platform: 'linux', environment: {} })).toBe(false);
  });

  it.each<[NodeJS.Platform, boolean]>([
    ['darwin', true],
    ['win32', true],
    ['freebsd', false],
  ])('is known beforehand on %s: %s', async (platform, there) => {
    expect(await hasTrayHost({ platform, environment: {} })).toBe(there);
  });

  /** Stands in for a tool: prints what its file says. */
  const toolThatPrints = (output: string): string => {
    const directory = mkdtempSync(join(folder, 'fake-'));
    writeFileSync(join(directory, 'gdbus'), `#!/bin/sh\nprintf '%s' '${output}'\n`);
    chmodSync(join(directory, 'gdbus'), 0o755);
    return directory;
  };
  it.each([
    ['(<true>,)\n', true],
    ['(<false>,)\n', false],
    ['', false],
    ['true', false],
    ['(<true>,) (<true>,)', false],
    [`(<true>,)${'x'.repeat(10_000)}`, false],
  ])('is what the tool says, and only in its own words: %j', async (output, there) => {
    expect(await ask(toolThatPrints(output))).toBe(there);
  });
});
