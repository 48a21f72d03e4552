import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseCertificate } from '../../../src/main/roles-anywhere/certificate.ts';
import { attestedPolicy, isAttestation, isAttester } from '../../../src/main/tokens/attestation.ts';
import { attest, sharedAttester } from '../../support/virtual-yubikey/attestation.ts';
import { makeCertificate } from '../roles-anywhere/make-certificate.ts';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const key = { slot: '9a', privateKey, serial: 1, firmware: [5, 4, 3] } as const;
const attester = parseCertificate(sharedAttester().certificate);

describe('an attestation certificate', () => {
  it.each([
    ['never', 'never'],
    ['never', 'cached'],
    ['once', 'always'],
    ['always', 'cached'],
  ] as const)('tells when the key wants PIN (%s) and touch (%s)', (pinPolicy, touchPolicy) => {
    const certificate = parseCertificate(attest({ ...key, pinPolicy, touchPolicy }));
    expect(attestedPolicy(certificate)).toEqual({ pin: pinPolicy, touch: touchPolicy });
  });

  it('says nothing in numbers unknown here', () => {
    const der = attest({ ...key, pinPolicy: 'always', touchPolicy: 'always' });
    const oid = Buffer.from('060a2b0601040182c40a0308', 'hex');
    const value = der.subarray(der.indexOf(oid) + oid.length); // OCTET STRING, its length, the two policies
    value.set([4, 9], 2);
    expect(attestedPolicy(parseCertificate(der))).toEqual({ pin: null, touch: null });
  });

  it('is told from others by its label or its issuer', async () => {
    const own = parseCertificate(attest({ ...key, pinPolicy: 'once', touchPolicy: 'never' }));
    const other = (await makeCertificate({ subject: 'CN=device' })).certificate;
    expect(isAttestation('X.509 Certificate for PIV Attestation 9a', other)).toBe(true);
    expect(isAttestation('', own)).toBe(true);
    expect(isAttestation('', attester)).toBe(true);
    expect(isAttestation('X.509 Certificate for PIV Authentication', other)).toBe(false);
    expect([isAttester('', attester), isAttester('', own), isAttester('', other)]).toEqual([
      true,
      false,
      false,
    ]);
    expect(isAttester('X.509 Certificate for PIV Attestation', other)).toBe(true);
    expect(attestedPolicy(other)).toBeNull();
    expect(attestedPolicy(attester)).toBeNull();
  });
});
