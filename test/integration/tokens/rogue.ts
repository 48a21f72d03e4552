/** The module that goes wrong, built, over a SoftHSM token with one key. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HostClient } from '../../../src/main/tokens/host-client.ts';
import { SoftHsm } from '../../support/soft-token/soft-hsm.ts';

export class Rogue {
  readonly directory = mkdtempSync(join(tmpdir(), 'rogue-'));
  readonly module = join(this.directory, 'rogue.so');
  /** All it writes is below {@link directory}. */
  readonly hsm = new SoftHsm(join(this.directory, 'hsm'));
  constructor(pin: string) {
    buildRogue(this.module);
    this.hsm.token('rogue', pin).generateKey('EC:prime256v1', { id: '01', label: 'key' });
  }

  /** The module's surroundings; `fault` has ROGUE_ variables. */
  environment(fault: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
    return { ...process.env, ...this.hsm.environment, ROGUE_REAL: this.hsm.module, ...fault };
  }

  dispose(): void {
    this.hsm.dispose();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Compiles the module. @param flags for the preprocessor. */
export function buildRogue(path: string, ...flags: string[]): void {
  const source = 'test/integration/tokens/rogue-module.c';
  execFileSync('gcc', ['-shared', '-fPIC', '-o', path, ...flags, source]);
}

/** The main path of a key: find the token, look at it, log in, sign. */
export async function signOnce(client: HostClient, pin = '123456'): Promise<string> {
  const [token] = await client.request('tokens', { fresh: false });
  await client.request('objects', { token: token! });
  await client.request('login', { token: token!, pin });
  const { signature } = await client.request('sign', {
    token: token!,
    key: { id: '01', label: null, type: 'EC' },
    mechanism: 'CKM_ECDSA',
    data: Buffer.alloc(32, 7).toString('base64'),
  });
  return signature;
}

/** Files below a folder that hold `text`. */
export function filesWith(folder: string, text: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => readFileSync(path).includes(text));
}

/** Ids of children of this process that have ended and were not seen to (Linux). */
export function zombies(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const [state, parent] = readFileSync(`/proc/${pid}/stat`, 'utf8')
          .replace(/^.*\) /s, '')
          .split(' ');
        return state === 'Z' && parent === String(process.pid);
      } catch {
        return false; // it is gone for good
      }
    })
    .map(Number);
}
