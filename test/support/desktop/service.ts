/** A service of the desktop: an object on a bus, reached under a well-known name as long as it is present. */
import type { interface as service, MessageBus } from 'dbus-next';
import type { Bus } from './bus.ts';

export class Service {
  protected readonly connection: MessageBus;
  readonly #name: string;

  constructor(bus: Bus, name: string, path: string, object: service.Interface) {
    this.connection = bus.connect();
    this.connection.export(path, object);
    this.#name = name;
  }

  /** From now on programs find it; most look for it only when they start. */
  async appear(): Promise<void> {
    await this.connection.requestName(this.#name, 0);
  }

  /** As if its program had ended. */
  async vanish(): Promise<void> {
    await this.connection.releaseName(this.#name);
  }
}
