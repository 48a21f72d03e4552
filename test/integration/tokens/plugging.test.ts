/** Keys that come and go, and what goes wrong around them, with the vendor's module and the reader service it needs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTokenHosts } from '../../../src/main/node/token-hosts.ts';
import { Authority } from '../../support/pki/authority.ts';
import type { VirtualYubikey } from '../../support/virtual-yubikey/virtual-yubikey.ts';
import { YubikeyWorld } from '../../support/virtual-yubikey/yubikey-world.ts';
import { opensc, ykcs11 } from './contract-yubikey.ts';
import { bundleTokenHost, type HostBundle } from './host-bundle.ts';
import { processesWith, until } from './host-process.ts';
import { KeyEngine } from './key-engine.ts';

/** On a busy machine all takes its time; what has to happen by itself never comes later than in a few seconds. */
const patienceMs = 20_000;
const directory = mkdtempSync(join(tmpdir(), 'plugging-'));
let bundle: HostBundle;
let authority: Authority;
let world: YubikeyWorld;
/** Plugged into the first reader. */
let key: VirtualYubikey;
/** Not plugged in. */
let other: VirtualYubikey;
let engine: KeyEngine;

beforeAll(async () => {
  bundle = await bundleTokenHost();
  authority = Authority.root(join(directory, 'ca'));
});

beforeEach(async () => {
  world = await YubikeyWorld.start();
  key = world.create({ serial: 12345678 });
  other = world.create({ serial: 87654321, pin: '654321' });
  for (const each of [key, other]) {
    each.setChuid();
    const { der } = authority.issue({ holder: { publicKey: each.generate('9a', 'P-256') } });
    each.importCertificate('9a', der);
  }
  await key.insert();
  engine = engineFor(ykcs11);
});

afterEach(async () => {
  await engine.close();
  await world.dispose();
  expect(processesWith(bundle.path)).toEqual([]);
});

afterAll(() => {
  bundle.remove();
  rmSync(directory, { recursive: true, force: true });
});

const bySerial = { mine: 'pkcs11:serial=12345678;id=%01', other: 'pkcs11:serial=87654321;id=%01' };

function engineFor(module: string, accounts: Readonly<Record<string, string>> = bySerial): KeyEngine {
  return new KeyEngine({
    hosts: createTokenHosts({ bundle: bundle.path, environment: { ...process.env, ...world.environment } }),
    module,
    accounts,
  });
}

const becomes = (id: string, word: string): Promise<void> =>
  until(() => engine.word(id) === word, `${id} is “${word}”`, patienceMs);

/** The account serves anew, after `signatures` signatures altogether, without a question. */
async function serves(id: string, signatures: number): Promise<void> {
  await until(
    () => engine.word(id) === 'idle' && engine.signed.length === signatures,
    `${id} serves after ${String(signatures)} signatures`,
    patienceMs,
  );
}

describe('a key that is plugged in while its account waits', () => {
  it('is seen while the module is in use: the account says what it needs now, and nobody was asked', async () => {
    await key.remove();
    const somebody = await engine.connect(['mine'], key.pin);
    expect(engine.word('mine')).toBe('needs-you token-absent');
    await key.insert();
    await becomes('mine', 'needs-you pin');
    expect(somebody.asked).toEqual([]);
    expect(key.counts.verify).toBe(0);
    await engine.connect(['mine'], key.pin);
    expect(engine.word('mine')).toBe('idle');
  });

  it('is seen by a look, where the module is not in use', async () => {
    await engine.connect(['mine'], key.pin);
    await key.remove();
    engine.halfLife();
    await becomes('mine', 'needs-you token-absent');
    await engine.tokens.lock();
    expect(processesWith(bundle.path)).toEqual([]);
    await key.insert();
    engine.sessions.lookForTokens();
    await becomes('mine', 'needs-you pin');
  });

  it('in the other reader is the same key', async () => {
    await engine.connect(['mine'], key.pin);
    await key.remove();
    engine.halfLife();
    await becomes('mine', 'needs-you token-absent');
    await key.insert(1);
    await becomes('mine', 'needs-you pin');
    await engine.connect(['mine'], key.pin);
    expect(engine.word('mine')).toBe('idle');
    expect(engine.signed).toHaveLength(2);
  });

  it('is not taken for another one in its reader', async () => {
    await engine.connect(['mine'], key.pin);
    await key.remove();
    await other.insert(0);
    engine.halfLife();
    await becomes('mine', 'needs-you token-absent');
    await engine.connect(['other'], other.pin);
    expect(engine.word('other')).toBe('idle');
    expect(other.counts).toEqual({ verify: 1, generalAuthenticate: 1 });
    expect(key.counts).toEqual({ verify: 1, generalAuthenticate: 1 });
  });
});

describe('a key that is pulled out', () => {
  it('leaves what is served alone, and takes its PIN with it', async () => {
    await engine.connect(['mine'], key.pin);
    const before = engine.state('mine');
    await key.remove();
    await until(() => !isHeld(), 'the PIN does not count as held');
    expect(engine.state('mine')).toEqual(before);
    await key.insert();
    engine.halfLife();
    await becomes('mine', 'needs-you pin');
    expect(key.counts.verify).toBe(1);
  });

  it('voids the question for its PIN', async () => {
    let ask: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (ask = resolve));
    const isVoid = engine.sessions.connect(['mine'], {
      askedBy: 'a test',
      prompts: {
        ask: (_question, unneeded) => {
          ask();
          return new Promise((resolve) => unneeded?.addEventListener('abort', () => resolve(null)));
        },
      },
    });
    await asked;
    await key.remove();
    await isVoid;
    expect(engine.word('mine')).toBe('needs-you token-absent');
    expect(key.counts.verify).toBe(0);
  });

  it('is what an account waits for that waited for its PIN', async () => {
    await engine.connect(['mine'], key.pin);
    await engine.tokens.lock();
    engine.halfLife();
    await becomes('mine', 'needs-you pin');
    await key.remove();
    await becomes('mine', 'needs-you token-absent');
    await key.insert();
    await becomes('mine', 'needs-you pin');
  });

  it('takes nothing from another key that stays', async () => {
    await other.insert(1);
    await engine.connect(['other'], other.pin);
    await engine.connect(['mine'], key.pin);
    await key.remove();
    await until(() => !isHeld(), 'the PIN does not count as held');
    engine.halfLife();
    await serves('other', 3);
    await becomes('mine', 'needs-you token-absent');
  });

  it('during a signature: a typed error, and the next one works in the same process', async () => {
    await engine.connect(['mine'], key.pin);
    const [pid] = processesWith(bundle.path);
    key.signDelayMs = 3000;
    engine.halfLife();
    await until(() => key.counts.generalAuthenticate === 2, 'the card signs');
    await key.remove();
    key.signDelayMs = 0;
    await becomes('mine', 'needs-you token-absent');
    await key.insert();
    await becomes('mine', 'needs-you pin');
    await engine.connect(['mine'], key.pin);
    expect(engine.word('mine')).toBe('idle');
    expect(engine.signed).toHaveLength(2);
    expect(key.counts.generalAuthenticate).toBe(3);
    expect(processesWith(bundle.path)).toEqual([pid]);
  });

  /** Whether `mine` could be renewed without a person, as the engine believes. */
  function isHeld(): boolean {
    return engine.isReady('mine');
  }
});

describe('a card that others use too', () => {
  /** Wants the card for itself, as gpg's scdaemon does. */
  const greedy = async (): Promise<string> => {
    const config = join(directory, 'opensc.conf');
    writeFileSync(config, 'app default { reader_driver pcsc { connect_exclusive = true; } }\n');
    return world.run('env', [
      `OPENSC_CONF=${config}`,
      'opensc-tool',
      '--reader',
      world.readers[0]!,
      '--serial',
    ]);
  };

  it('is held for ten seconds, then let go for who wants it alone, and taken again without a question', async () => {
    await engine.connect(['mine'], key.pin);
    await expect(greedy()).rejects.toThrow('Command failed');
    let isFree = false;
    await until(
      async () => {
        isFree = await greedy().then(
          () => true,
          () => false,
        );
        return isFree;
      },
      'the card is let go',
      30_000,
    );
    expect(await world.run('pkcs15-tool', ['--reader', world.readers[0]!, '--list-keys'])).toContain(
      'PIV AUTH',
    );
    engine.halfLife();
    await serves('mine', 2);
    expect(key.counts).toEqual({ verify: 2, generalAuthenticate: 2 });
    expect(key.pinTriesLeft).toBe(3);
  }, 60_000);

  it('that another program resets while it is held signs without a question', async () => {
    await engine.connect(['mine'], key.pin);
    await key.reset();
    engine.halfLife();
    await serves('mine', 2);
    expect(key.counts.generalAuthenticate).toBe(2);
    expect(key.counts.verify).toBeLessThanOrEqual(3);
  });

  it('is used beside another program that shares it', async () => {
    await engine.connect(['mine'], key.pin);
    expect(await world.run('pkcs15-tool', ['--reader', world.readers[0]!, '--list-keys'])).toContain(
      'PIV AUTH',
    );
    engine.halfLife();
    await serves('mine', 2);
    expect(await world.run('pkcs15-tool', ['--reader', world.readers[0]!, '--list-keys'])).toContain(
      'PIV AUTH',
    );
  });
});

describe('a reader service', () => {
  it('that was stopped and started between two signatures is not noticed', async () => {
    await engine.connect(['mine'], key.pin);
    await world.stopReaderService();
    await world.startReaderService();
    engine.halfLife();
    await serves('mine', 2);
    expect(key.counts).toEqual({ verify: 2, generalAuthenticate: 2 });
  });

  it('that is stopped is a failure that passes: the next signature works, with the PIN that is held', async () => {
    await engine.connect(['mine'], key.pin);
    const [pid] = processesWith(bundle.path);
    await world.stopReaderService();
    engine.halfLife();
    await becomes('mine', 'retrying token-failed');
    await world.startReaderService();
    engine.sessions.lookForTokens();
    await serves('mine', 2);
    expect(key.counts).toEqual({ verify: 2, generalAuthenticate: 2 });
    expect(processesWith(bundle.path)).toEqual([pid]);
  });

  it('that is stopped during a signature does not have it made twice', async () => {
    await engine.connect(['mine'], key.pin);
    key.signDelayMs = 2000;
    engine.halfLife();
    await until(() => key.counts.generalAuthenticate === 2, 'the card signs');
    await world.stopReaderService();
    key.signDelayMs = 0;
    await until(() => !engine.word('mine').startsWith('renewing'), 'it failed');
    await world.startReaderService();
    engine.sessions.lookForTokens();
    await serves('mine', 2);
    expect(key.counts.generalAuthenticate).toBe(3);
  });
});

describe('through OpenSC', () => {
  beforeEach(async () => {
    await engine.close();
    engine = engineFor(opensc, { mine: 'pkcs11:id=%01' });
  });

  it('a key that is pulled out and put back is followed, and signs', async () => {
    await engine.connect(['mine'], key.pin);
    await key.remove();
    engine.halfLife();
    await becomes('mine', 'needs-you token-absent');
    await key.insert();
    await becomes('mine', 'needs-you pin');
    await engine.connect(['mine'], key.pin);
    expect(engine.word('mine')).toBe('idle');
  });

  it('a reset leaves the next signature working, without a question; a reader service that went and came loses the PIN', async () => {
    await engine.connect(['mine'], key.pin);
    await key.reset();
    engine.halfLife();
    await serves('mine', 2);
    await world.stopReaderService();
    await until(() => !engine.isReady('mine'), 'the PIN does not count as held'); // no reader, and no error: as if pulled out
    await world.startReaderService();
    engine.halfLife();
    await becomes('mine', 'needs-you pin');
    const { asked } = await engine.connect(['mine'], key.pin);
    expect(asked).toHaveLength(1);
    expect(engine.word('mine')).toBe('idle');
  });
});
