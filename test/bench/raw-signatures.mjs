/**
 * Raw signatures: pkcs11js and nothing of Rolekey's, in a process of its own, since the virtual card lives in the one that
 * measures. `node raw-signatures.mjs MODULE LABEL ID-HEX PIN COUNT RUNS` prints the milliseconds of one C_SignInit and
 * C_Sign (P-256), the median of RUNS times COUNT.
 */
import { createHash } from 'node:crypto';
import pkcs11js from 'pkcs11js';

const [module = '', label = '', id = '', pin = '', count = '1', runs = '1'] = process.argv.slice(2);
const lib = new pkcs11js.PKCS11();
lib.load(module);
lib.C_Initialize({ flags: pkcs11js.CKF_OS_LOCKING_OK });
const slot = lib.C_GetSlotList(true).find((each) => {
  // A TPM's strings are padded with NULs, others' with spaces.
  return lib.C_GetTokenInfo(each).label.replaceAll('\0', ' ').trim() === label;
});
if (slot === undefined) throw new Error(`no token ${label}`);
const session = lib.C_OpenSession(slot, pkcs11js.CKF_SERIAL_SESSION);
lib.C_Login(session, pkcs11js.CKU_USER, pin);
lib.C_FindObjectsInit(session, [
  { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_PRIVATE_KEY },
  { type: pkcs11js.CKA_ID, value: Buffer.from(id, 'hex') },
]);
const [key] = lib.C_FindObjects(session, 1);
lib.C_FindObjectsFinal(session);
if (key === undefined) throw new Error(`no key ${id} on ${label}`);
const digest = createHash('sha256').update('bench').digest();

const times = [];
for (let run = 0; run <= Number(runs); run += 1) {
  const started = performance.now();
  for (let n = 0; n < Number(count); n += 1) {
    lib.C_SignInit(session, { mechanism: pkcs11js.CKM_ECDSA }, key);
    lib.C_Sign(session, digest, Buffer.alloc(512));
  }
  if (run > 0) times.push((performance.now() - started) / Number(count)); // the first warms up
}
lib.C_Finalize();
times.sort((a, b) => a - b);
console.log(String(times[Math.floor(times.length / 2)]));
