/** What a program with a tray icon is to the bus, each part of it as the test wants it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { interface as service, Variant, type MessageBus } from 'dbus-next';
import { call, type Bus } from '../../support/desktop/bus.ts';

export interface Look {
  /** The file of its icon; null where it has none. */
  readonly icon: Buffer | null;
  readonly entries: readonly Readonly<Record<string, string | number | boolean>>[];
}

const folderOf = new WeakMap<service.Interface, string>();

class Item extends service.Interface {
  readonly heard: string[] = [];
  hasIcon = true;
  readonly Menu = '/menu';

  get IconName(): string {
    return this.hasIcon ? 'icon' : '';
  }
  get IconThemePath(): string {
    return folderOf.get(this) ?? '';
  }
  get ToolTip(): [string, unknown[], string, string] {
    return ['', [], 'A tooltip', ''];
  }
  Activate(): void {
    this.heard.push('activated');
  }
}

Item.configureMembers({
  properties: {
    IconName: { signature: 's', access: 'read' },
    IconThemePath: { signature: 's', access: 'read' },
    Menu: { signature: 'o', access: 'read' },
    ToolTip: { signature: '(sa(iiay)ss)', access: 'read' },
  },
  methods: { Activate: { inSignature: 'ii', outSignature: '' } },
});

class Menu extends service.Interface {
  readonly heard: string[] = [];
  entries: Look['entries'] = [];

  GetLayout(): unknown {
    const children = this.entries.map((properties, index) => {
      const variants = Object.entries(properties).map(([name, value]) => [name, variantOf(value)]);
      return new Variant('(ia{sv}av)', [index + 1, Object.fromEntries(variants), []]);
    });
    return [1, [0, {}, children]];
  }
  Event(id: number, event: string): void {
    this.heard.push(`${event} ${String(id)}`);
  }
}

Menu.configureMembers({
  methods: {
    GetLayout: { inSignature: 'iias', outSignature: 'u(ia{sv}av)' },
    Event: { inSignature: 'isvu', outSignature: '' },
  },
});

function variantOf(value: string | number | boolean): Variant {
  return new Variant(typeof value === 'string' ? 's' : typeof value === 'number' ? 'i' : 'b', value);
}

export interface FakeApp {
  /** Clicks that arrived. */
  heard(): readonly string[];
  /** Its connection to the bus is gone, as at its end. */
  end(): void;
}

/** Puts an icon into the tray. @param folder for the file of the icon. */
export async function startFakeApp(bus: Bus, folder: string, { icon, entries }: Look): Promise<FakeApp> {
  const connection = bus.connect();
  const item = new Item('org.kde.StatusNotifierItem');
  folderOf.set(item, folder);
  item.hasIcon = icon !== null;
  if (icon !== null) writeFileSync(join(folder, 'icon.png'), icon);
  const menu = new Menu('com.canonical.dbusmenu');
  menu.entries = entries;
  connection.export('/StatusNotifierItem', item);
  connection.export('/menu', menu);
  await connection.requestName('org.example.fake', 0);
  await register(connection);
  return { heard: () => [...item.heard, ...menu.heard], end: () => connection.disconnect() };
}

async function register(connection: MessageBus): Promise<void> {
  await call(connection, {
    destination: 'org.kde.StatusNotifierWatcher',
    path: '/StatusNotifierWatcher',
    interface: 'org.kde.StatusNotifierWatcher',
    member: 'RegisterStatusNotifierItem',
    signature: 's',
    body: ['org.example.fake'],
  });
}
