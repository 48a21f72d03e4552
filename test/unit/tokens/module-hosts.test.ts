/** The hosts of several modules: which of them are looked at when something was plugged in or pulled out. */
import { beforeEach, expect, it } from 'vitest';
import { ModuleHosts } from '../../../src/main/tokens/module-hosts.ts';
import type { FoundModule } from '../../../src/main/tokens/module-finder.ts';
import type { ModuleHost } from '../../../src/main/tokens/module-host.ts';
import { FakeClock, settle } from '../../support/fakes/clock.ts';
import { silentLog } from './doubles.ts';
import { ScriptedCryptoki, scriptedHosts, ScriptedToken } from './scripted-cryptoki.ts';

const second = 1000;
let clock: FakeClock;
let tokens: Record<'a' | 'b', ScriptedToken>;
let loaded: Map<string, ScriptedCryptoki>;
let went: string[];
let hosts: ModuleHosts;

beforeEach(() => {
  clock = new FakeClock();
  tokens = { a: new ScriptedToken({ label: 'a' }), b: new ScriptedToken({ label: 'b' }) };
  loaded = new Map();
  went = [];
  const load = (path: string): ScriptedCryptoki => {
    const cryptoki = new ScriptedCryptoki([path === '/a.so' ? tokens.a : tokens.b]);
    cryptoki.noticesPlugging = true;
    loaded.set(path, cryptoki);
    return cryptoki;
  };
  hosts = new ModuleHosts({
    hosts: scriptedHosts(load, clock),
    clock,
    log: silentLog,
    onTokens: (change) => went.push(...change.went.map(({ label }) => label)),
  });
});

const hostOf = (name: 'a' | 'b' | 'c'): ModuleHost =>
  hosts.of({ file: { path: `/${name}.so` } } as unknown as FoundModule);

it('looks at modules that hold a PIN, though they let the card go, and takes the PIN of a key that went', async () => {
  await hostOf('a').login(tokens.a.describe(0), '123456');
  await hostOf('b').tokens(false);
  hostOf('c');
  await clock.advance(60 * second); // both let go: nothing is seen by itself
  const calls = loaded.get('/b.so')!.calls.length;
  tokens.a.present = false;
  await clock.advance(60 * second);
  expect(hostOf('a').isReady(tokens.a.describe(0))).toBe(true);
  await hosts.lookAtHeld();
  await settle();
  expect(hostOf('a').isReady(tokens.a.describe(0))).toBe(false);
  expect(went).toEqual(['a']);
  expect(loaded.get('/b.so')!.calls).toHaveLength(calls); // holds none
  expect([...loaded.keys()]).toEqual(['/a.so', '/b.so']); // none was started for it
  tokens.a.present = true;
  await expect(hostOf('a').login(tokens.a.describe(0), null)).rejects.toMatchObject({ code: 'pin-needed' });
});

it('does not mind a module that fails when it is looked at', async () => {
  for (const name of ['a', 'b'] as const) await hostOf(name).login(tokens[name].describe(0), '123456');
  await clock.advance(60 * second);
  loaded.get('/a.so')!.before = () => {
    throw new Error('a fault');
  };
  tokens.b.present = false;
  await hosts.lookAtHeld();
  expect(hostOf('b').isReady(tokens.b.describe(0))).toBe(false);
});
