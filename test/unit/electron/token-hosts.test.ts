import { EventEmitter } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createUtilityTokenHosts } from '../../../src/main/electron/token-hosts.ts';
import { closeMessage, type HostRequest } from '../../../src/main/tokens/host/protocol.ts';

class FakeChild extends EventEmitter {
  pid: number | undefined;
  readonly posted: unknown[] = [];
  postMessage(message: unknown): void {
    this.posted.push(message);
  }
  start(pid: number): void {
    this.pid = pid;
    this.emit('spawn');
  }
  end(code: number): void {
    this.pid = undefined;
    this.emit('exit', code);
  }
}

const forked = vi.hoisted(() => ({ fork: vi.fn<(...args: unknown[]) => unknown>() }));
vi.mock('electron', () => ({ utilityProcess: forked }));

const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
afterEach(() => {
  kill.mockClear();
  forked.fork.mockReset();
});

function start(environment: NodeJS.ProcessEnv = {}) {
  const child = new FakeChild();
  forked.fork.mockReturnValue(child);
  const host = createUtilityTokenHosts({ bundle: '/app/token-host.cjs', environment }).start('/module.so');
  return { child, host };
}
const request: HostRequest = { id: 1, method: 'open', params: {} };
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('a token host under Electron', () => {
  it('is a utility process with the module in it, whose output goes nowhere', () => {
    start({
      SOFTHSM2_CONF: '/conf',
      NODE_OPTIONS: '--inspect',
      node_path: '/x',
      AWS_PROFILE: 'p',
      TPM2_PKCS11_STORE: '',
      GONE: undefined,
    });
    expect(forked.fork.mock.calls).toEqual([
      [
        '/app/token-host.cjs',
        ['/module.so'],
        {
          env: { SOFTHSM2_CONF: '/conf' },
          execArgv: [],
          serviceName: 'token-host',
          stdio: 'ignore',
          allowLoadingUnsignedLibraries: true,
        },
      ],
    ]);
  });

  it('carries messages both ways', () => {
    const { child, host } = start();
    const heard: unknown[] = [];
    host.onMessage((message) => heard.push(message));
    host.send(request);
    child.emit('message', { id: 1, result: {} });
    expect(child.posted).toEqual([request]);
    expect(heard).toEqual([{ id: 1, result: {} }]);
  });

  it('is told once to end, and nothing after that', () => {
    const { child, host } = start();
    host.end();
    host.end();
    host.send(request);
    expect(child.posted).toEqual([closeMessage]);
    expect(kill).not.toHaveBeenCalled();
  });

  it('is killed by its number', () => {
    const { child, host } = start();
    child.start(123);
    host.kill();
    expect(kill.mock.calls).toEqual([[123, 'SIGKILL']]);
  });

  it('is killed as soon as it has a number', () => {
    const { child, host } = start();
    host.kill();
    expect(kill).not.toHaveBeenCalled();
    child.start(123);
    expect(kill.mock.calls).toEqual([[123, 'SIGKILL']]);
  });

  it('may be gone when it is killed', () => {
    const { child, host } = start();
    child.start(123);
    kill.mockImplementationOnce(() => {
      throw Object.assign(new Error('no such process'), { code: 'ESRCH' });
    });
    expect(() => host.kill()).not.toThrow();
  });

  it('is left alone once it has ended: its number may be another process’s', async () => {
    const { child, host } = start();
    child.start(123);
    child.emit('exit', 1);
    host.kill();
    host.end();
    host.send(request);
    await settle();
    expect(kill).not.toHaveBeenCalled();
    expect(child.posted).toEqual([]);
  });

  it('says once how it ended, also to who asks later', async () => {
    const { child, host } = start();
    const ends: string[] = [];
    host.onEnd((how) => ends.push(how));
    child.end(9);
    await settle();
    host.onEnd((how) => ends.push(`late: ${how}`));
    await settle();
    expect(ends).toEqual(['exit code 9', 'late: exit code 9']);
  });
});
