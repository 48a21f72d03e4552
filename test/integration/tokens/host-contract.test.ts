import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTokenHosts } from '../../../src/main/node/token-hosts.ts';
import { HostClient } from '../../../src/main/tokens/host-client.ts';
import { Authority } from '../../support/pki/authority.ts';
import { generateKey } from '../../support/pki/keys.ts';
import { SoftHsm } from '../../support/soft-token/soft-hsm.ts';
import { fastClock, silentLog } from '../../unit/tokens/doubles.ts';
import { contractKeys, describeHostContract } from '../../unit/tokens/host-contract.ts';
import { bundleTokenHost } from './host-bundle.ts';

describeHostContract('SoftHSM', async () => {
  const bundle = await bundleTokenHost();
  const directory = mkdtempSync(join(tmpdir(), 'contract-'));
  const device = Authority.root(join(directory, 'ca')).identity();
  const hsm = new SoftHsm();
  const token = hsm.token('contract');
  token.importKey(device.privateKeyPem, contractKeys.ec);
  token.importCertificate(device.der, contractKeys.ec);
  token.importKey(generateKey('RSA-2048').privatePem, contractKeys.rsa);
  token.generateKey('EC:prime256v1', contractKeys.strict, { alwaysAuthenticate: true });
  return {
    client: new HostClient({
      path: hsm.module,
      hosts: createTokenHosts({ bundle: bundle.path, environment: { ...process.env, ...hsm.environment } }),
      clock: fastClock(),
      log: silentLog,
      onEnd: () => undefined,
    }),
    tokenLabel: token.label,
    keys: contractKeys,
    certificates: [{ ...contractKeys.ec, der: device.der }],
    remove: () => token.remove(),
    restore: () => token.restore(),
    dispose: () => {
      bundle.remove();
      hsm.dispose();
      rmSync(directory, { recursive: true, force: true });
    },
  };
});
