import { generateKeyPairSync } from 'node:crypto';
import { HostClient } from '../../../src/main/tokens/host-client.ts';
import { makeCertificate } from '../roles-anywhere/make-certificate.ts';
import { fastClock, silentLog } from './doubles.ts';
import { contractKeys, describeHostContract } from './host-contract.ts';
import {
  certificateObject,
  keyPairObjects,
  ScriptedCryptoki,
  scriptedHosts,
  ScriptedToken,
} from './scripted-cryptoki.ts';

describeHostContract('scripted', async () => {
  const device = await makeCertificate({ subject: 'CN=device' });
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const strict = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const token = new ScriptedToken({
    label: 'contract',
    objects: [
      ...keyPairObjects(device.privateKey, contractKeys.ec),
      ...keyPairObjects(rsa, contractKeys.rsa),
      ...keyPairObjects(strict, { ...contractKeys.strict, alwaysAuthenticate: true }),
      certificateObject(device.certificate.der, contractKeys.ec),
    ],
  });
  return {
    client: new HostClient({
      path: '/scripted',
      hosts: scriptedHosts(() => new ScriptedCryptoki([token])),
      clock: fastClock(),
      log: silentLog,
      onEnd: () => undefined,
    }),
    tokenLabel: token.label,
    keys: contractKeys,
    certificates: [{ ...contractKeys.ec, der: device.certificate.der }],
    remove: () => {
      token.present = false;
    },
    restore: () => {
      token.present = true;
    },
    dispose: () => undefined,
  };
});
