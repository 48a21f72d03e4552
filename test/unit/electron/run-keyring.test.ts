import { EventEmitter } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { runUtilityKeyring } from '../../../src/main/electron/run-keyring.ts';
import type { KeyringRequest } from '../../../src/main/node/keyring-process.ts';
import { keyringTimeoutMs } from '../../../src/main/node/run-keyring.ts';

class FakeChild extends EventEmitter {
  readonly posted: unknown[] = [];
  kills = 0;
  postMessage(message: unknown): void {
    this.posted.push(message);
  }
  kill(): void {
    this.kills += 1;
  }
}

const forked = vi.hoisted(() => ({ fork: vi.fn<(...args: unknown[]) => unknown>() }));
vi.mock('electron', () => ({ utilityProcess: forked }));

afterEach(() => {
  forked.fork.mockReset();
  vi.useRealTimers();
});

const request: KeyringRequest = { method: 'set', service: 'S', name: 'n', secret: 'the PIN' };

function run() {
  const child = new FakeChild();
  forked.fork.mockReturnValue(child);
  const answer = runUtilityKeyring('/app/keyring.cjs', { HOME: '/h', NODE_OPTIONS: '-r x' }, request);
  return { child, answer };
}

describe('the process for the keyring under Electron', () => {
  it('is a utility process that is told the PIN by its channel alone, and ended once it has answered', async () => {
    const { child, answer } = run();
    expect(JSON.stringify(forked.fork.mock.calls)).not.toContain('the PIN');
    expect(forked.fork.mock.calls).toEqual([
      [
        '/app/keyring.cjs',
        [],
        { env: { HOME: '/h' }, execArgv: [], serviceName: 'keyring', stdio: 'ignore' },
      ],
    ]);
    expect(child.posted).toEqual([request]);
    child.emit('message', { result: null });
    expect(await answer).toEqual({ result: null });
    expect(child.kills).toBe(1);
  });

  it('that ends without an answer has none', async () => {
    const { child, answer } = run();
    child.emit('exit', 1);
    expect(await answer).toBeUndefined();
  });

  it('that hangs is ended', async () => {
    vi.useFakeTimers();
    const { child, answer } = run();
    vi.advanceTimersByTime(keyringTimeoutMs);
    expect(await answer).toBeUndefined();
    expect(child.kills).toBe(1);
  });
});
