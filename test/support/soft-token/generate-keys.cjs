/**
 * Makes many P-256 key pairs on a token, which the command line tools take a second each for once it is full:
 * `node generate-keys.cjs MODULE LABEL PIN COUNT`. Their CKA_ID is their number, in two bytes, and their label `key NUMBER`.
 */
const pkcs11 = require('pkcs11js');

const [modulePath = '', label = '', pin = '', count = '0'] = process.argv.slice(2);
const library = new pkcs11.PKCS11();
library.load(modulePath);
library.C_Initialize({ flags: pkcs11.CKF_OS_LOCKING_OK });
const slot = library.C_GetSlotList(true).find((one) => library.C_GetTokenInfo(one).label.trimEnd() === label);
if (slot === undefined) throw new Error(`there is no token “${label}”`);
const session = library.C_OpenSession(slot, pkcs11.CKF_SERIAL_SESSION | pkcs11.CKF_RW_SESSION);
library.C_Login(session, pkcs11.CKU_USER, pin);
const curve = Buffer.from('06082a8648ce3d030107', 'hex');
for (let number = 0; number < Number(count); number += 1) {
  const shared = [
    { type: pkcs11.CKA_TOKEN, value: true },
    { type: pkcs11.CKA_ID, value: Buffer.of(number >> 8, number & 0xff) },
    { type: pkcs11.CKA_LABEL, value: `key ${String(number)}` },
  ];
  const publicKey = [...shared, { type: pkcs11.CKA_EC_PARAMS, value: curve }];
  const privateKey = [
    ...shared,
    ...[pkcs11.CKA_PRIVATE, pkcs11.CKA_SENSITIVE, pkcs11.CKA_SIGN].map((type) => ({ type, value: true })),
  ];
  library.C_GenerateKeyPair(session, { mechanism: pkcs11.CKM_EC_KEY_PAIR_GEN }, publicKey, privateKey);
}
library.C_Finalize();
