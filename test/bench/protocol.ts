import { parseCertificate } from '../../src/main/roles-anywhere/certificate.ts';
import { createSessionRequest } from '../../src/main/roles-anywhere/create-session-request.ts';
import { resolveEndpoint } from '../../src/main/roles-anywhere/endpoint.ts';
import { findPartition } from '../../src/main/roles-anywhere/partition.ts';
import type { World } from '../support/world/world.ts';
import { benchAccount } from './engine-parts.ts';
import { measure, perSecond, row, section } from './measure.ts';

export async function protocolFigures(world: World): Promise<void> {
  section('Protocol');
  const account = benchAccount(world);
  const certificate = parseCertificate(world.device.certificate.der);
  const environment = { rolesAnywhereUrl: null, useFips: false, useDualstack: false };
  const endpoint = resolveEndpoint(account, findPartition('aws')!, environment);
  const count = 2000;
  const { median } = await measure(10, () => {
    for (let time = 0; time < count; time += 1) {
      createSessionRequest({ account, certificate, chain: [], endpoint, time });
    }
  });
  row('canonical request + string to sign', perSecond((count / median) * 1000));
}
