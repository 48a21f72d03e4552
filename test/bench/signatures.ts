import { createHash } from 'node:crypto';
import pkcs11js from 'pkcs11js';
import { pin, type World } from '../support/world/world.ts';
import { benchAccount, benchHuman, benchTokens } from './engine-parts.ts';
import { duration, measure, perSecond, row, section } from './measure.ts';

const count = 200;

export async function signatureFigures(world: World): Promise<{ rawMs: number }> {
  section('Signatures, P-256 on SoftHSM');
  const digest = createHash('sha256').update('bench').digest();

  // One process at a time may log in to a SoftHSM token: the host first, ended before the raw calls.
  const tokens = benchTokens(world);
  const signer = await tokens.signer(benchAccount(world));
  await signer.unlock(benchHuman);
  const hosted = await measure(5, async () => {
    for (let n = 0; n < count; n += 1) await signer.sign(digest);
  });
  await tokens.close();

  const raw = await rawSignatures(world, digest);
  const hostedMs = hosted.median / count;
  row('C_Sign, raw', `${duration(raw)}, ${perSecond(1000 / raw)}`);
  row('through the token host, verified', `${duration(hostedMs)}, ${perSecond(1000 / hostedMs)}`);
  row('ratio host / raw', (hostedMs / raw).toFixed(1));
  return { rawMs: raw };
}

/** @returns milliseconds of C_SignInit and C_Sign. */
export async function rawSignatures(world: World, digest: Buffer): Promise<number> {
  const previous = process.env.SOFTHSM2_CONF;
  process.env.SOFTHSM2_CONF = world.env.SOFTHSM2_CONF;
  const module = new pkcs11js.PKCS11();
  module.load(world.hsm.module);
  module.C_Initialize({ flags: pkcs11js.CKF_OS_LOCKING_OK });
  try {
    const slot = module
      .C_GetSlotList(true)
      .find((candidate) => module.C_GetTokenInfo(candidate).label.trim() === world.token.label)!;
    const session = module.C_OpenSession(slot, pkcs11js.CKF_SERIAL_SESSION);
    module.C_Login(session, pkcs11js.CKU_USER, pin);
    module.C_FindObjectsInit(session, [{ type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_PRIVATE_KEY }]);
    const [key] = module.C_FindObjects(session, 1);
    module.C_FindObjectsFinal(session);
    const { median } = await measure(5, () => {
      for (let n = 0; n < count; n += 1) {
        module.C_SignInit(session, { mechanism: pkcs11js.CKM_ECDSA }, key!);
        module.C_Sign(session, digest, Buffer.alloc(512));
      }
    });
    return median / count;
  } finally {
    module.C_Finalize();
    if (previous === undefined) Reflect.deleteProperty(process.env, 'SOFTHSM2_CONF');
    else process.env.SOFTHSM2_CONF = previous;
  }
}
