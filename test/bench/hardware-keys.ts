/** A P-256 key of each kind, with a certificate of the world's CA: what the figures of hardware keys are taken from. */
import { existsSync } from 'node:fs';
import { Tpm } from '../support/tpm/tpm.ts';
import type { VirtualYubikey } from '../support/virtual-yubikey/virtual-yubikey.ts';
import { YubikeyWorld } from '../support/virtual-yubikey/yubikey-world.ts';
import { pin, type World } from '../support/world/world.ts';

export interface BenchKey {
  readonly name: string;
  readonly module: string;
  /** What a process needs to see its token and no others. */
  readonly environment: Readonly<Record<string, string>>;
  readonly label: string;
  /** CKA_ID, hex. */
  readonly id: string;
  /** Signatures in one measured run. */
  readonly count: number;
  /** Takes the token away, and puts it back: when that is resolved it is there. Null: not tried. */
  readonly replug: { remove(): unknown; insert(): unknown } | null;
}

export interface BenchKeys {
  readonly keys: readonly BenchKey[];
  /** What could not be set up, and why. */
  readonly missing: readonly string[];
  /** Two YubiKeys plugged in, and what is needed to see them; null where they could not be set up. */
  readonly yubikeys: {
    readonly environment: Readonly<Record<string, string>>;
    readonly labels: readonly string[];
  } | null;
  dispose(): Promise<void>;
}

const serials = [20_261_130, 20_261_131] as const;
const labelOf = (serial: number): string => `YubiKey PIV #${String(serial)}`;

const places = ['/usr/lib/x86_64-linux-gnu/', '/usr/lib/aarch64-linux-gnu/', '/usr/lib64/', '/usr/lib/'];

function moduleAt(...names: readonly string[]): string {
  const path = places.flatMap((place) => names.map((name) => place + name)).find(existsSync);
  if (path === undefined) throw new Error(`${names[0] ?? ''} is not installed`);
  return path;
}

export async function benchKeys(world: World): Promise<BenchKeys> {
  const missing: string[] = [];
  const ends: (() => Promise<void>)[] = [];
  const tried = async <T>(name: string, open: () => Promise<T>): Promise<T | null> => {
    try {
      return await open();
    } catch (error) {
      missing.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      return null;
    }
  };
  const tpm = await tried('TPM', () => tpmKey(world, ends));
  const cards = await tried('YubiKey', () => cardKeys(world, ends));
  return {
    keys: [softHsmKey(world), ...(tpm === null ? [] : [tpm]), ...(cards?.keys ?? [])],
    missing,
    yubikeys: cards === null ? null : { environment: cards.environment, labels: serials.map(labelOf) },
    dispose: async () => {
      for (const end of ends) await end();
    },
  };
}

function softHsmKey(world: World): BenchKey {
  return {
    name: 'SoftHSM',
    module: world.hsm.module,
    environment: world.hsm.environment,
    label: world.token.label,
    id: '01',
    count: 200,
    replug: { remove: () => world.token.remove(), insert: () => world.token.restore() },
  };
}

async function tpmKey(world: World, ends: (() => Promise<void>)[]): Promise<BenchKey> {
  const tpm = await Tpm.create();
  ends.push(() => tpm.dispose());
  const token = tpm.token('chip', pin);
  token.generateKey('P-256', { id: '61', label: 'device' });
  const { pem } = world.authority.issue({ holder: { publicKey: token.publicKey({ id: '61' }) } });
  token.addCertificate(pem, { id: '61' });
  return {
    name: 'TPM (swtpm, tpm2-abrmd)',
    module: tpm.module,
    environment: tpm.environment,
    label: 'chip',
    id: '61',
    count: 20,
    replug: null, // a TPM is not plugged in
  };
}

async function cardKeys(
  world: World,
  ends: (() => Promise<void>)[],
): Promise<{ keys: BenchKey[]; environment: Readonly<Record<string, string>> }> {
  const yubikeys = await YubikeyWorld.start();
  ends.push(() => yubikeys.dispose());
  const [first] = [await card(world, yubikeys, serials[0], 0), await card(world, yubikeys, serials[1], 1)];
  const { environment } = yubikeys;
  const replug = { remove: () => first.remove(), insert: () => first.insert() };
  const shared = { environment, id: '01', count: 100, replug };
  return {
    environment,
    keys: [
      {
        ...shared,
        name: 'virtual YubiKey, libykcs11',
        module: moduleAt('libykcs11.so', 'libykcs11.so.2'),
        label: labelOf(serials[0]),
      },
      {
        ...shared,
        ...{
          name: 'virtual YubiKey, OpenSC',
          module: moduleAt('opensc-pkcs11.so', 'pkcs11/opensc-pkcs11.so'),
        },
        label: `card-${String(serials[0])}`, // OpenSC names it by its certificate
      },
    ],
  };
}

async function card(
  world: World,
  yubikeys: YubikeyWorld,
  serial: number,
  reader: 0 | 1,
): Promise<VirtualYubikey> {
  const key = await yubikeys.insert({ serial, reader, pin });
  const publicKey = key.generate('9a', 'P-256');
  const subject = `/C=ZZ/O=Test/CN=card-${String(serial)}`;
  key.importCertificate('9a', world.authority.issue({ subject, holder: { publicKey } }).der);
  return key;
}
