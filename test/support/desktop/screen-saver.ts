/** The screen lock of GNOME. Electron has no event for it on Linux; powerMonitor.getSystemIdleState() asks here. */
import { interface as service } from 'dbus-next';
import type { Bus } from './bus.ts';
import { Service } from './service.ts';
import { until } from './until.ts';

class Lock extends service.Interface {
  locked = false;
  questions = 0;

  GetActive(): boolean {
    this.questions += 1;
    return this.locked;
  }
  ActiveChanged(active: boolean): boolean {
    return active;
  }
}

Lock.configureMembers({
  methods: { GetActive: { inSignature: '', outSignature: 'b' } },
  signals: { ActiveChanged: { signature: 'b' } },
});

export class ScreenSaver extends Service {
  readonly #lock: Lock;

  constructor(bus: Bus) {
    const lock = new Lock('org.gnome.ScreenSaver');
    super(bus, 'org.gnome.ScreenSaver', '/org/gnome/ScreenSaver', lock);
    this.#lock = lock;
  }

  /** Waits until a program has asked once; Electron's first question begins its watching. */
  async asked(): Promise<void> {
    await until(() => this.#lock.questions > 0, 'a program that asks whether the screen is locked');
  }

  lock(): void {
    this.#set(true);
  }

  unlock(): void {
    this.#set(false);
  }

  #set(locked: boolean): void {
    this.#lock.locked = locked;
    this.#lock.ActiveChanged(locked);
  }
}
