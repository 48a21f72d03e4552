/** The host contract's token as a virtual YubiKey: imported keys, since a module may show attestations of others. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTokenHosts } from '../../../src/main/node/token-hosts.ts';
import { HostClient } from '../../../src/main/tokens/host-client.ts';
import { Authority } from '../../support/pki/authority.ts';
import type { VirtualYubikey } from '../../support/virtual-yubikey/virtual-yubikey.ts';
import { YubikeyWorld } from '../../support/virtual-yubikey/yubikey-world.ts';
import { fastClock, silentLog } from '../../unit/tokens/doubles.ts';
import type { ContractSubject } from '../../unit/tokens/host-contract.ts';
import { bundleTokenHost } from './host-bundle.ts';

export const ykcs11 = '/usr/lib/x86_64-linux-gnu/libykcs11.so.2';
export const opensc = '/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so';

/** What one module makes of the token. */
export interface YubikeyView {
  readonly module: string;
  readonly tokenLabel: string;
  readonly keys: ContractSubject['keys'];
  readonly certificates: (key: VirtualYubikey) => ContractSubject['certificates'];
}

/** Keys and certificates of `CN=device` in 9a (P-256), `CN=signature` in 9c (P-256) and `CN=management` in 9d (RSA). */
export async function openYubikey(view: YubikeyView): Promise<ContractSubject> {
  const bundle = await bundleTokenHost();
  const directory = mkdtempSync(join(tmpdir(), 'contract-'));
  const authority = Authority.root(join(directory, 'ca'));
  const world = await YubikeyWorld.start();
  const key = world.create({ serial: 12345678 });
  key.setChuid();
  for (const [slot, name, kind] of [
    ['9a', 'device', 'P-256'],
    ['9c', 'signature', 'P-256'],
    ['9d', 'management', 'RSA-2048'],
  ] as const) {
    const { privateKeyPem, der } = authority.identity({
      name,
      subject: `/CN=${name}`,
      holder: { key: kind },
    });
    key.importKey(slot, privateKeyPem);
    key.importCertificate(slot, der);
  }
  await key.insert();
  const environment = { ...process.env, ...world.environment };
  return {
    client: new HostClient({
      path: view.module,
      hosts: createTokenHosts({ bundle: bundle.path, environment }),
      clock: fastClock(),
      log: silentLog,
      onEnd: () => undefined,
    }),
    tokenLabel: view.tokenLabel,
    keys: view.keys,
    certificates: view.certificates(key),
    remove: () => key.remove(),
    restore: () => key.insert(),
    dispose: async () => {
      await world.dispose();
      bundle.remove();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
