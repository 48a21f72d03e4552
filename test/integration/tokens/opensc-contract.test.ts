import { describeHostContract } from '../../unit/tokens/host-contract.ts';
import { opensc, openYubikey } from './contract-yubikey.ts';

describeHostContract('OpenSC', () =>
  openYubikey({
    module: opensc,
    tokenLabel: 'device',
    keys: {
      ec: { id: '01', label: 'PIV AUTH key', type: 'EC', size: 'P-256' },
      rsa: { id: '03', label: 'KEY MAN key', type: 'RSA', size: '2048' },
      strict: { id: '02', label: 'SIGN key', type: 'EC', size: 'P-256' },
    },
    certificates: (key) => [
      { id: '01', label: 'Certificate for PIV Authentication', der: key.certificate('9a')! },
      { id: '02', label: 'Certificate for Digital Signature', der: key.certificate('9c')! },
      { id: '03', label: 'Certificate for Key Management', der: key.certificate('9d')! },
    ],
  }),
);
