/** A module that goes wrong a hundred times in a row, and one that never starts. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createTokenHosts } from '../../../src/main/node/token-hosts.ts';
import type { TokenHosts } from '../../../src/main/ports.ts';
import { HostClient } from '../../../src/main/tokens/host-client.ts';
import { isAppError } from '../../../src/shared/errors.ts';
import { ManualClock, silentLog } from '../../unit/tokens/doubles.ts';
import { bundleTokenHost, type HostBundle } from './host-bundle.ts';
import { processesWith, until } from './host-process.ts';
import { KeyEngine } from './key-engine.ts';
import { filesWith, Rogue, signOnce, zombies } from './rogue.ts';

const pin = 'storm-of-4711';
let bundle: HostBundle;
let rogue: Rogue;
let ends: (() => Promise<void>)[] = [];

beforeAll(async () => {
  bundle = await bundleTokenHost();
  rogue = new Rogue(pin);
});

afterEach(async () => {
  await Promise.all(ends.map((end) => end()));
  ends = [];
});

afterAll(() => {
  bundle.remove();
  rogue.dispose();
});

function countingHosts(environment: NodeJS.ProcessEnv): TokenHosts & { readonly starts: () => number } {
  const hosts = createTokenHosts({ bundle: bundle.path, environment });
  let starts = 0;
  return {
    starts: () => starts,
    start: (path) => {
      starts += 1;
      return hosts.start(path);
    },
  };
}

function codeOf(error: unknown): string {
  return isAppError(error) ? error.code : 'no AppError';
}

const places = ['C_Login', 'C_FindObjects', 'C_Sign'];
const actions = ['segv', 'abort', 'kill', 'exit', 'hang', 'flood'];

describe('a module that goes wrong a hundred times in a row', () => {
  it('is a typed error each time; the next call is served by a fresh host; nothing is left behind', async () => {
    const script = join(rogue.directory, 'script');
    const hosts = countingHosts(rogue.environment({ ROGUE_SCRIPT: script }));
    const clock = new ManualClock();
    const client = new HostClient({
      path: rogue.module,
      hosts,
      clock,
      log: silentLog,
      onEnd: () => undefined,
    });
    ends.push(() => client.end());
    expect(await signOnce(client, pin)).toHaveLength(88);
    let crashes = 0;
    for (let round = 0; round < 100; round += 1) {
      const action = actions[round % actions.length]!;
      const place = places[Math.floor(round / actions.length) % places.length]!;
      if (place === 'C_Login') await client.end(); // one who is logged in does not log in again
      writeFileSync(script, `${action} ${place}`);
      const [before] = processesWith(bundle.path);
      const signing = signOnce(client, pin).then(() => 'signed', codeOf);
      if (action === 'hang') {
        await until(() => !existsSync(script), `round ${String(round)}: the module hangs`);
        clock.expire();
      }
      const outcome = await signing;
      expect([round, action, place, outcome]).toEqual([
        round,
        action,
        place,
        action === 'flood' ? 'signed' : 'token-failed',
      ]);
      if (action !== 'flood') {
        crashes += 1;
        expect(await signOnce(client, pin)).toHaveLength(88);
        expect(processesWith(bundle.path)).not.toContain(before);
      }
    }
    expect(crashes).toBe(84);
    await client.end();
    await until(() => processesWith(bundle.path).length === 0, 'every process is gone');
    await until(() => zombies().length === 0, 'no process is left undead');
    expect(filesWith(rogue.directory, pin)).toEqual([]);
  }, 300_000);
});

describe('a module that dies whenever it is started', () => {
  it('is an error for who asked, and started once for each try, with growing pauses', async () => {
    const hosts = countingHosts(rogue.environment({ ROGUE_FUNCTION: '0', ROGUE_ACTION: 'segv' }));
    const engine = new KeyEngine({
      hosts,
      module: rogue.module,
      accounts: { mine: 'pkcs11:token=rogue;id=%01' },
    });
    ends.push(() => engine.close());
    const somebody = await engine.connect(['mine'], pin);
    expect(somebody.asked).toEqual([]);
    expect(engine.word('mine')).toBe('retrying token-failed');
    expect(engine.state('mine').error?.message).toContain('SIGSEGV');
    const pauses: number[] = [];
    for (let tries = 1; tries <= 6; tries += 1) {
      await until(() => engine.word('mine') === 'retrying token-failed', 'the try failed');
      expect(hosts.starts()).toBe(tries);
      pauses.push(await engine.nextTry('mine'));
    }
    expect(pauses).toEqual([...pauses].sort((a, b) => a - b));
    expect(pauses.at(-1)).toBeGreaterThan(100_000);
  }, 60_000);
});
