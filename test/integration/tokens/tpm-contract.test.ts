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
  token.generateKey('P-256', contractKeys.ec);
  token.generateKey('RSA-2048', contractKeys.rsa);
  token.generateKey('P-256', contractKeys.strict, { alwaysAuthenticate: true });
  const device = Authority.root(join(directory, 'ca')).issue({
    holder: { publicKey: token.publicKey(contractKeys.ec) },
  });
  token.addCertificate(device.pem, contractKeys.ec);
  return {
    client: new HostClient({
      path: tpm.module,
      hosts: createTokenHosts({ bundle: bundle.path, environment: { ...process.env, ...tpm.environment } }),
      clock: fastClock(),
      log: silentLog,
      onEnd: () => undefined,
    }),
    tokenLabel: token.label,
    certificate: device.der,
    remove: () => undefined,
    restore: () => undefined,
    dispose: async () => {
      bundle.remove();
      await tpm.dispose();
      rmSync(directory, { recursive: true, force: true });
    },
  };
});
