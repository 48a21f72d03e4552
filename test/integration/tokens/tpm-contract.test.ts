import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTokenHosts } from '../../../src/main/node/token-hosts.ts';
import { HostClient } from '../../../src/main/tokens/host-client.ts';
import { Authority } from '../../support/pki/authority.ts';
import { Tpm } from '../../support/tpm/tpm.ts';
import { fastClock, silentLog } from '../../unit/tokens/doubles.ts';
import { contractKeys, describeHostContract } from '../../unit/tokens/host-contract.ts';
import { bundleTokenHost } from './host-bundle.ts';

describeHostContract('tpm2-pkcs11', async () => {
  const bundle = await bundleTokenHost();
  const directory = mkdtempSync(join(tmpdir(), 'contract-'));
  const tpm = await Tpm.create();
  const token = tpm.token('contract');
  const { ec, rsa, strict } = contractKeys;
  const others = [{ id: '04', label: 'p-384', type: 'EC', size: 'P-384' }] as const;
  token.generateKey('P-256', ec);
  token.generateKey('RSA-2048', rsa);
  token.generateKey('P-256', strict, { alwaysAuthenticate: true });
  token.generateKey('P-384', others[0]);
  const device = Authority.root(join(directory, 'ca')).issue({
    holder: { publicKey: token.publicKey(ec) },
  });
  token.addCertificate(device.pem, ec);
  return {
    client: new HostClient({
      path: tpm.module,
      hosts: createTokenHosts({ bundle: bundle.path, environment: { ...process.env, ...tpm.environment } }),
      clock: fastClock(),
      log: silentLog,
      onEnd: () => undefined,
    }),
    tokenLabel: token.label,
    keys: { ec, rsa, strict, others },
    certificates: [{ id: ec.id, label: ec.label, der: device.der }],
    tellsPinLength: false,
    showsAbsence: false,
    remove: () => tpm.stop(),
    restore: () => tpm.start(),
    dispose: async () => {
      bundle.remove();
      await tpm.dispose();
      rmSync(directory, { recursive: true, force: true });
    },
  };
});
