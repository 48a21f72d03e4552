/** systemd-logind on the system bus, as far as programs hear of sleep and shutdown from it. */
import { DBusError, interface as service } from 'dbus-next';
import type { Bus } from './bus.ts';
import { Service } from './service.ts';
import { until } from './until.ts';

export interface Inhibitor {
  readonly what: string;
  readonly who: string;
  readonly why: string;
  readonly mode: string;
}

class Manager extends service.Interface {
  readonly inhibitors: Inhibitor[] = [];

  Inhibit(what: string, who: string, why: string, mode: string): never {
    this.inhibitors.push({ what, who, why, mode });
    const text = 'The stand-in hands out no file descriptors.';
    throw new DBusError('org.freedesktop.DBus.Error.NotSupported', text);
  }
  PrepareForSleep(before: boolean): boolean {
    return before;
  }
  PrepareForShutdown(before: boolean): boolean {
    return before;
  }
}

Manager.configureMembers({
  methods: { Inhibit: { inSignature: 'ssss', outSignature: 'h' } },
  signals: { PrepareForSleep: { signature: 'b' }, PrepareForShutdown: { signature: 'b' } },
});

export class Login1 extends Service {
  readonly #manager: Manager;

  constructor(systemBus: Bus) {
    const manager = new Manager('org.freedesktop.login1.Manager');
    super(systemBus, 'org.freedesktop.login1', '/org/freedesktop/login1', manager);
    this.#manager = manager;
  }

  /** Locks against sleep that were asked for; none is ever granted. */
  get inhibitors(): readonly Inhibitor[] {
    return this.#manager.inhibitors;
  }

  /** Waits until a program listens to sleep; what is said before that, it does not hear. */
  async heard(): Promise<void> {
    await until(() => this.inhibitors.length > 0, 'a program that listens to sleep');
  }

  /** The computer is about to sleep. */
  sleep(): void {
    this.#manager.PrepareForSleep(true);
  }

  /** It has woken up. */
  wake(): void {
    this.#manager.PrepareForSleep(false);
  }

  /** It is about to switch off. */
  shutDown(): void {
    this.#manager.PrepareForShutdown(true);
  }
}
