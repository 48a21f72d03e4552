import { describeHostContract } from '../../unit/tokens/host-contract.ts';
import { openYubikey, ykcs11 } from './contract-yubikey.ts';

const privateLabel = (what: string): string => `Private key for ${what}`;
const certificateLabel = (what: string): string => `X.509 Certificate for ${what}`;

describeHostContract('libykcs11', () =>
  openYubikey({
    module: ykcs11,
    tokenLabel: 'YubiKey PIV #12345678',
    keys: {
      ec: { id: '01', label: privateLabel('PIV Authentication'), type: 'EC', size: 'P-256' },
      rsa: { id: '03', label: privateLabel('Key Management'), type: 'RSA', size: '2048' },
      strict: { id: '02', label: privateLabel('Digital Signature'), type: 'EC', size: 'P-256' },
      others: [{ id: '19', label: privateLabel('PIV Attestation'), type: 'RSA', size: '2048', signs: false }],
    },
    certificates: (key) => [
      { id: '01', label: certificateLabel('PIV Authentication'), der: key.certificate('9a')! },
      { id: '02', label: certificateLabel('Digital Signature'), der: key.certificate('9c')! },
      { id: '03', label: certificateLabel('Key Management'), der: key.certificate('9d')! },
      { id: '19', label: certificateLabel('PIV Attestation'), der: key.certificate('f9')! },
    ],
  }),
);
