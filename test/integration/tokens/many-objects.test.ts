/** A token with 300 objects: each is read, none is taken for another. */
import { createPublicKey, verify } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTokenHosts } from '../../../src/main/node/token-hosts.ts';
import type { TokenService } from '../../../src/main/tokens/token-service.ts';
import { Authority, type Identity } from '../../support/pki/authority.ts';
import { SoftHsm, type SoftToken } from '../../support/soft-token/soft-hsm.ts';
import { human } from '../../unit/tokens/doubles.ts';
import { account } from '../../unit/tokens/world.ts';
import { bundleTokenHost, type HostBundle } from './host-bundle.ts';
import { realService } from './real-service.ts';

/** Each two objects; with those of the device and its certificate 300, and one more. */
const otherPairs = 149;

const directory = mkdtempSync(join(tmpdir(), 'many-objects-'));
/** In memory where that can be had: SoftHSM waits for the disk with each object. */
const memory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
const hsm = new SoftHsm(mkdtempSync(join(memory, 'many-objects-')));
let bundle: HostBundle;
let service: TokenService;
let token: SoftToken;
let device: Identity;

beforeAll(async () => {
  bundle = await bundleTokenHost();
  device = Authority.root(join(directory, 'ca')).identity({ subject: '/CN=device' });
  token = hsm.token('crowded');
  token.generateKeys(otherPairs);
  token.importKey(device.privateKeyPem, { id: 'ffff', label: 'device' });
  token.importCertificate(device.der, { id: 'ffff', label: 'device' });
  service = realService({
    hosts: createTokenHosts({ bundle: bundle.path, environment: { ...process.env, ...hsm.environment } }),
  });
});

afterAll(async () => {
  await service.close();
  bundle.remove();
  hsm.dispose();
  rmSync(directory, { recursive: true, force: true });
});

it('are all in the list, and the one with a certificate is usable', async () => {
  const { tokens } = await service.tokens({ pkcs11Lib: hsm.module, login: true }, human(token.pin));
  const { keys } = tokens[0]!;
  expect(new Set(keys.map(({ uri }) => uri)).size).toBe(otherPairs + 1);
  expect(keys.filter(({ usable }) => usable)).toMatchObject([
    { id: 'ffff', certificate: { subject: 'CN=device' } },
  ]);
  expect(new Set(keys.flatMap(({ problems }) => problems.map(({ code }) => code)))).toEqual(
    new Set(['cert-missing']),
  );
});

it('are looked through for the one that a URI names', async () => {
  const found = await service.signer({
    ...account('pkcs11:token=crowded;object=device'),
    pkcs11Lib: hsm.module,
  });
  await found.unlock(human(token.pin));
  const message = Buffer.from('message');
  expect(verify('sha256', message, createPublicKey(device.pem), await found.sign(message))).toBe(true);
  await expect(
    service.signer({ ...account('pkcs11:token=crowded'), pkcs11Lib: hsm.module }),
  ).rejects.toMatchObject({ code: 'key-ambiguous', message: 'The URI names 150 keys.' });
});
