/** The notification daemon: what programs show is remembered, and the test is the person who clicks. */
import { interface as service } from 'dbus-next';
import { plain, type Bus } from './bus.ts';
import { Service } from './service.ts';
import { until } from './until.ts';

export interface ShownNotification {
  readonly id: number;
  readonly appName: string;
  readonly title: string;
  readonly body: string;
  /** Keys and texts in turn; `default` is a click on the notification itself. */
  readonly actions: readonly string[];
  readonly hints: unknown;
}

/** Why a notification is gone, in the numbers of the specification. */
const closedBy = { person: 2, program: 3 };

class Daemon extends service.Interface {
  readonly shown: ShownNotification[] = [];
  /** Ids of those that are no longer on the screen. */
  readonly closed: number[] = [];
  #lastId = 0;

  Notify(...[appName, replaces, , title, body, actions, hints]: NotifyArguments): number {
    const id = replaces === 0 ? (this.#lastId += 1) : replaces;
    this.shown.push({ id, appName, title, body, actions, hints: plain(hints) });
    return id;
  }
  CloseNotification(id: number): void {
    this.close(id, closedBy.program);
  }
  GetCapabilities(): string[] {
    return ['actions', 'body', 'persistence']; // without `actions` Electron never hears of a click
  }
  GetServerInformation(): string[] {
    return ['rolekey-tests', 'rolekey-tests', '1', '1.2'];
  }
  ActionInvoked(id: number, key: string): [number, string] {
    return [id, key];
  }
  NotificationClosed(id: number, reason: number): [number, number] {
    return [id, reason];
  }
  close(id: number, reason: number): void {
    this.closed.push(id);
    this.NotificationClosed(id, reason);
  }
}

type NotifyArguments = [string, number, string, string, string, string[], unknown, number];

Daemon.configureMembers({
  methods: {
    Notify: { inSignature: 'susssasa{sv}i', outSignature: 'u' },
    CloseNotification: { inSignature: 'u', outSignature: '' },
    GetCapabilities: { inSignature: '', outSignature: 'as' },
    GetServerInformation: { inSignature: '', outSignature: 'ssss' },
  },
  signals: { ActionInvoked: { signature: 'us' }, NotificationClosed: { signature: 'uu' } },
});

export class Notifications extends Service {
  readonly #daemon: Daemon;

  constructor(bus: Bus) {
    const name = 'org.freedesktop.Notifications';
    const daemon = new Daemon(name);
    super(bus, name, '/org/freedesktop/Notifications', daemon);
    this.#daemon = daemon;
  }

  /** All that were ever shown, in order; one that replaces another is one more. */
  get shown(): readonly ShownNotification[] {
    return this.#daemon.shown;
  }

  /** IDs of those that are off the screen again, whoever took them away. */
  get closed(): readonly number[] {
    return this.#daemon.closed;
  }

  /**
   * The latest one of that title.
   * @throws Error when none comes, or when it has nothing to say beside its title or no program's name.
   */
  async waitFor(title: string): Promise<ShownNotification> {
    const found = await until(
      () => this.shown.findLast((each) => each.title === title),
      `the notification “${title}”`,
    );
    if (found.body.trim() === '') throw new Error(`The notification “${title}” has no body.`);
    if (found.appName === '') throw new Error(`The notification “${title}” has no program’s name.`);
    return found;
  }

  /**
   * Clicks the notification (`default`) or one of its buttons.
   * @throws Error when it has no such action, or is no longer there.
   */
  invoke({ id, title, actions }: ShownNotification, action = 'default'): void {
    const keys = actions.filter((_, index) => index % 2 === 0);
    if (!keys.includes(action)) throw new Error(`The notification “${title}” has no action “${action}”.`);
    if (this.#daemon.closed.includes(id)) throw new Error(`The notification “${title}” is closed.`);
    this.#daemon.ActionInvoked(id, action);
    this.#daemon.close(id, closedBy.person);
  }

  /** Takes it off the screen as a person does. */
  dismiss({ id }: ShownNotification): void {
    this.#daemon.close(id, closedBy.person);
  }
}
