/** The panel's side of tray icons: the watcher that programs register with, and one item as a person sees it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { interface as service, Variant, type MessageBus } from 'dbus-next';
import { call, hasOwner, type Bus } from './bus.ts';
import { Service } from './service.ts';
import { until } from './until.ts';

const itemPath = '/StatusNotifierItem';
const itemInterface = 'org.kde.StatusNotifierItem';
const menuInterface = 'com.canonical.dbusmenu';
const pngSignature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

export interface MenuEntry {
  readonly id: number;
  /** Without the mark of its access key; empty for a separator. */
  readonly label: string;
  readonly type: 'standard' | 'separator';
  readonly enabled: boolean;
  readonly visible: boolean;
  /** Null where it is no checkbox or radio button. */
  readonly checked: boolean | null;
  /** How many menus it lies in: 1 for an entry of the menu itself. */
  readonly depth: number;
}

class Watcher extends service.Interface {
  readonly registered: string[] = [];
  readonly IsStatusNotifierHostRegistered = true;
  readonly ProtocolVersion = 0;

  RegisterStatusNotifierItem(name: string): void {
    this.registered.push(name);
    this.StatusNotifierItemRegistered(name);
  }
  RegisterStatusNotifierHost(): void {
    // The tests are the host.
  }
  StatusNotifierItemRegistered(name: string): string {
    return name;
  }
  get RegisteredStatusNotifierItems(): string[] {
    return this.registered;
  }
}

Watcher.configureMembers({
  properties: {
    RegisteredStatusNotifierItems: { signature: 'as', access: 'read' },
    IsStatusNotifierHostRegistered: { signature: 'b', access: 'read' },
    ProtocolVersion: { signature: 'i', access: 'read' },
  },
  methods: {
    RegisterStatusNotifierItem: { inSignature: 's', outSignature: '' },
    RegisterStatusNotifierHost: { inSignature: 's', outSignature: '' },
  },
  signals: { StatusNotifierItemRegistered: { signature: 's' } },
});

/** Has to have appeared before the app starts: Electron looks for it once. */
export class Tray extends Service {
  readonly #watcher: Watcher;

  constructor(bus: Bus) {
    const watcher = new Watcher('org.kde.StatusNotifierWatcher');
    super(bus, 'org.kde.StatusNotifierWatcher', '/StatusNotifierWatcher', watcher);
    this.#watcher = watcher;
  }

  /** The items whose programs are running. */
  async items(): Promise<TrayItem[]> {
    const names = this.#watcher.registered;
    const alive = await Promise.all(names.map((name) => hasOwner(this.connection, name)));
    return names.filter((_, index) => alive[index]).map((name) => new TrayItem(this.connection, name));
  }

  /**
   * The latest item, as soon as there is one.
   * @throws Error when none comes.
   */
  async item(): Promise<TrayItem> {
    return until(async () => (await this.items()).at(-1), 'an icon in the tray');
  }
}

export class TrayItem {
  readonly #connection: MessageBus;
  readonly #name: string;

  constructor(connection: MessageBus, name: string) {
    this.#connection = connection;
    this.#name = name;
  }

  /** A property of the StatusNotifierItem specification, such as `Title` or `Status`. */
  async property(name: string): Promise<unknown> {
    const [value] = await call(this.#connection, {
      destination: this.#name,
      path: itemPath,
      interface: 'org.freedesktop.DBus.Properties',
      member: 'Get',
      signature: 'ss',
      body: [itemInterface, name],
    });
    return value;
  }

  /** The first line of its tooltip. */
  async toolTip(): Promise<string> {
    const [, , title] = (await this.property('ToolTip')) as [string, unknown, string, string];
    return title;
  }

  /**
   * The icon as a PNG; Chromium writes it to a file, and names it a moment later.
   * @throws Error when there is none (Electron leaves an unreadable image out), or when it is no PNG.
   */
  async icon(timeoutMs = 5000): Promise<Buffer> {
    const image = await until(() => this.#image(), 'the image of the tray icon', timeoutMs);
    if (!image.subarray(0, pngSignature.length).equals(pngSignature)) {
      throw new Error('The image of the tray icon is no PNG.');
    }
    return image;
  }

  /** Null where there is none at this moment: the file of an icon is removed when the next one is there. */
  async #image(): Promise<Buffer | null> {
    try {
      const name = (await this.property('IconName')) as string;
      const folder = (await this.property('IconThemePath')) as string;
      return name === '' ? null : readFileSync(join(folder, `${name}.png`));
    } catch {
      return null;
    }
  }

  /** The entries of its menu and of the menus in it, from the top; hidden ones as well. */
  async menu(): Promise<MenuEntry[]> {
    const [, root] = await this.#menuCall('GetLayout', 'iias', [0, -1, []]);
    return entriesOf(root as Layout, 0).slice(1);
  }

  /**
   * Clicks the entry of that label, as soon as a person could: a menu follows what happened in its own time.
   * @throws Error when there is none, or a person could not click it.
   */
  async click(label: string, timeoutMs = 10_000): Promise<void> {
    let menu: MenuEntry[] = [];
    const find = async (): Promise<MenuEntry | undefined> => {
      menu = await this.menu();
      return menu.find((each) => each.label === label && each.visible && each.enabled);
    };
    const entry = await until(find, 'an entry of the tray menu', timeoutMs).catch((error: unknown) => {
      throw menu.length === 0 ? error : new Error(whyNot(menu, label));
    });
    await this.#menuCall('Event', 'isvu', [entry.id, 'clicked', new Variant('i', 0), 0]);
  }

  /** Clicks the icon itself. */
  async activate(): Promise<void> {
    await call(this.#connection, {
      destination: this.#name,
      path: itemPath,
      interface: itemInterface,
      member: 'Activate',
      signature: 'ii',
      body: [0, 0],
    });
  }

  async #menuCall(member: string, signature: string, body: unknown[]): Promise<unknown[]> {
    const path = (await this.property('Menu')) as string;
    return call(this.#connection, {
      destination: this.#name,
      path,
      interface: menuInterface,
      member,
      signature,
      body,
    });
  }
}

function whyNot(menu: readonly MenuEntry[], label: string): string {
  if (menu.some((each) => each.label === label && each.visible))
    return `The entry “${label}” of the tray menu is disabled.`;
  const labels = menu.map((each) => `“${each.label}”`).join(', ');
  return `The tray menu has no entry “${label}”; it has ${labels}.`;
}

type Layout = [id: number, properties: EntryProperties, children: Layout[]];

interface EntryProperties {
  readonly label?: string;
  readonly type?: string;
  readonly enabled?: boolean;
  readonly visible?: boolean;
  readonly 'toggle-state'?: number;
}

function entriesOf([id, properties, children]: Layout, depth: number): MenuEntry[] {
  const state = properties['toggle-state'];
  const entry: MenuEntry = {
    id,
    label: (properties.label ?? '').replace(/_(.)/g, '$1'), // `_x` marks an access key, `__` is an underscore
    type: properties.type === 'separator' ? 'separator' : 'standard',
    enabled: properties.enabled ?? true,
    visible: properties.visible ?? true,
    checked: state === undefined || state < 0 ? null : state === 1,
    depth,
  };
  return [entry, ...children.flatMap((child) => entriesOf(child, depth + 1))];
}
