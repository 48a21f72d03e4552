import { EventEmitter } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import {
  parentChannel,
  type HostProcess,
  type UtilityPort,
} from '../../../../src/main/tokens/host/channel.ts';
import { closeMessage, type HostRequest } from '../../../../src/main/tokens/host/protocol.ts';
import { serve } from '../../../../src/main/tokens/host/server.ts';

class FakePort extends EventEmitter implements UtilityPort {
  readonly posted: unknown[] = [];
  postMessage(message: unknown): void {
    this.posted.push(message);
  }
}

class FakeProcess extends EventEmitter implements HostProcess {
  readonly sent: unknown[] = [];
  readonly parentPort: FakePort | undefined;
  readonly send = ((message: unknown) => {
    this.sent.push(message);
    return true;
  }) as NonNullable<NodeJS.Process['send']>;
  constructor(parentPort?: FakePort) {
    super();
    this.parentPort = parentPort;
  }
}

const request: HostRequest = { id: 1, method: 'open', params: {} };
const response = { id: 1, result: {} };

/** The same for both kinds of process: how a test's engine speaks to it, and what it heard. */
const kinds = [
  {
    name: 'a process started with fork',
    make: () => {
      const host = new FakeProcess();
      return {
        host,
        channel: parentChannel(host),
        heard: host.sent,
        say: (message: unknown) => host.emit('message', message),
        ways: {
          'its channel taken away': () => host.emit('disconnect'),
          SIGTERM: () => host.emit('SIGTERM'),
        },
      };
    },
  },
  {
    name: 'a utility process',
    make: () => {
      const port = new FakePort();
      const host = new FakeProcess(port);
      return {
        host,
        channel: parentChannel(host),
        heard: port.posted,
        say: (message: unknown) => port.emit('message', { data: message, ports: [] }),
        ways: {
          'the word that it is over': () => port.emit('message', { data: closeMessage, ports: [] }),
          'its port closed': () => port.emit('close'),
          SIGTERM: () => host.emit('SIGTERM'),
        },
      };
    },
  },
];

describe.each(kinds)('the channel of $name', ({ make }) => {
  it('hears requests and answers', () => {
    const { channel, heard, say } = make();
    const requests: unknown[] = [];
    channel.onRequest((one) => requests.push(one));
    say(request);
    channel.send(response);
    expect(requests).toEqual([request]);
    expect(heard).toEqual([response]);
  });

  it.each(Object.keys(make().ways))('closes with %s, which is no request', (way) => {
    const { channel, ways } = make();
    const onRequest = vi.fn();
    const onClose = vi.fn();
    channel.onRequest(onRequest);
    channel.onClose(onClose);
    expect(onClose).not.toHaveBeenCalled();
    (ways as Record<string, () => void>)[way]!();
    expect(onClose).toHaveBeenCalledTimes(1);
    expect(onRequest).not.toHaveBeenCalled();
  });
});

describe('a utility process', () => {
  it('does not close with a request', () => {
    const port = new FakePort();
    const onClose = vi.fn();
    parentChannel(new FakeProcess(port)).onClose(onClose);
    port.emit('message', { data: request });
    expect(onClose).not.toHaveBeenCalled();
  });

  it('does not listen to what a forked one would', () => {
    const host = new FakeProcess(new FakePort());
    const channel = parentChannel(host);
    channel.onRequest(() => undefined);
    channel.onClose(() => undefined);
    channel.send(response);
    expect(host.eventNames()).toEqual(['SIGTERM']);
    expect(host.sent).toEqual([]);
  });

  it('forgets its PINs and ends after the call it is in', async () => {
    vi.useFakeTimers();
    const port = new FakePort();
    const steps: string[] = [];
    let finish: () => void = () => undefined;
    const served = {
      counts: async () => {
        await new Promise<void>((resolve) => (finish = resolve));
        return { sign: 0, login: 0 };
      },
      forgetPins: () => steps.push('forgot'),
    };
    serve(parentChannel(new FakeProcess(port)), served as never, () => steps.push('exit'));
    port.emit('message', { data: { id: 1, method: 'counts', params: {} } });
    await vi.advanceTimersByTimeAsync(0);
    port.emit('message', { data: closeMessage });
    expect(steps).toEqual(['forgot']);
    finish();
    await vi.advanceTimersByTimeAsync(0);
    expect(steps).toEqual(['forgot', 'exit']);
    vi.useRealTimers();
  });
});
