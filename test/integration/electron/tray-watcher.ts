/** A session bus of a test's own, and on it the panel's side of tray icons, as small as can be. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import dbus from 'dbus-next';

const name = 'org.kde.StatusNotifierWatcher';

class Watcher extends dbus.interface.Interface {
  readonly #answer: () => boolean;
  constructor(answer: () => boolean) {
    super(name);
    this.#answer = answer;
  }
  get IsStatusNotifierHostRegistered(): boolean {
    return this.#answer();
  }
}
Watcher.configureMembers({
  properties: { IsStatusNotifierHostRegistered: { signature: 'b', access: dbus.interface.ACCESS_READ } },
});

export interface PrivateBus {
  readonly address: string;
  /** @param answer what the watcher says of the host; one that throws answers with an error. */
  startWatcher(answer: () => boolean): Promise<() => Promise<void>>;
  /** Lets the daemon stand still, so that nothing on the bus answers; and go on. */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

export async function startBus(): Promise<PrivateBus> {
  const directory = mkdtempSync(join(tmpdir(), 'tray-bus-'));
  const socket = `unix:path=${join(directory, 'bus')}`;
  const daemon = spawn(
    'dbus-daemon',
    ['--session', '--nofork', '--nopidfile', '--print-address', `--address=${socket}`],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const [line] = (await once(daemon.stdout, 'data')) as [Buffer];
  const address = line.toString().trim();
  return {
    address,
    startWatcher: async (answer) => {
      const bus = dbus.sessionBus({ busAddress: address });
      bus.on('error', () => undefined);
      bus.export('/StatusNotifierWatcher', new Watcher(answer));
      await bus.requestName(name, 0);
      return async () => {
        await bus.releaseName(name);
        bus.disconnect();
      };
    },
    pause: () => void daemon.kill('SIGSTOP'),
    resume: () => void daemon.kill('SIGCONT'),
    stop: async () => {
      const gone = once(daemon, 'exit');
      daemon.kill('SIGKILL');
      await gone;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
