/** A message bus of its own, without services that start by themselves: nothing of the user's desktop is on it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Message, sessionBus, Variant, type MessageBus } from 'dbus-next';
import { endHelper, startHelper } from './helper.ts';

export interface Bus {
  /** For DBUS_SESSION_BUS_ADDRESS or DBUS_SYSTEM_BUS_ADDRESS. */
  readonly address: string;
  /** A further member of the bus; it leaves when the bus stops. */
  connect(): MessageBus;
  stop(): Promise<void>;
}

const configuration = (address: string): string => `<!DOCTYPE busconfig PUBLIC
  "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>${address}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow own="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
  </policy>
</busconfig>
`;

/** @throws Error where dbus-daemon is missing or does not start. */
export async function startBus(): Promise<Bus> {
  const folder = mkdtempSync(join(tmpdir(), 'rolekey-bus-'));
  const address = `unix:path=${join(folder, 'socket')}`;
  const file = join(folder, 'bus.conf');
  writeFileSync(file, configuration(address));
  const options = ['--nofork', '--nopidfile', '--print-address', '--config-file', file];
  const { child } = await startHelper('dbus-daemon', options, 1);
  const connections: MessageBus[] = [];
  return {
    address,
    connect: () => {
      const connection = sessionBus({ busAddress: address });
      connection.on('error', () => undefined); // the daemon leaves first at the end
      connections.push(connection);
      return connection;
    },
    stop: async () => {
      for (const connection of connections) connection.disconnect();
      await endHelper(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export interface Call {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly signature?: string;
  readonly body?: unknown[];
}

/**
 * @returns what the method gave, without D-Bus's wrappings.
 * @throws DBusError the method's own error.
 */
export async function call(connection: MessageBus, request: Call): Promise<unknown[]> {
  const reply = await connection.call(new Message(request));
  return (reply?.body ?? []).map(plain);
}

/** Whether a name has an owner on the bus. */
export async function hasOwner(connection: MessageBus, name: string): Promise<boolean> {
  const bus = 'org.freedesktop.DBus';
  const question = {
    destination: bus,
    path: '/org/freedesktop/DBus',
    interface: bus,
    member: 'NameHasOwner',
  };
  const [owned] = await call(connection, { ...question, signature: 's', body: [name] });
  return owned === true;
}

/** Variants and what holds them, as plain values; byte arrays stay buffers. */
export function plain(value: unknown): unknown {
  if (value instanceof Variant) return plain(value.value);
  if (Buffer.isBuffer(value)) return value;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
}
