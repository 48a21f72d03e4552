/** What a YubiKey's PIV applet keeps while it has no power, and what a test may know of it. */
import { PinCode } from './pin-code.ts';
import { ManagementKey } from './management-key.ts';
import type { PivKey } from './piv-key.ts';
import { attestationSlot, certificateObject, type PivSlot } from './slots.ts';
import { sharedAttester } from './attestation.ts';
import { parseTlv, tlv } from './tlv.ts';
import { TouchSensor } from './touch-sensor.ts';

export interface CardOptions {
  readonly serial: number;
  readonly firmware?: readonly [number, number, number];
}

export class PivCard {
  readonly serial: number;
  readonly firmware: readonly [number, number, number];
  readonly pin = new PinCode('123456');
  readonly puk = new PinCode('12345678');
  readonly managementKey = new ManagementKey();
  readonly keys = new Map<PivSlot, PivKey>();
  /** By tag, hex. */
  readonly objects = new Map<string, Buffer>();
  readonly touchSensor = new TouchSensor();
  /** Milliseconds a signature takes longer than it does here; a real YubiKey takes 50 to 700. */
  signDelayMs = 0;
  /** How often the card was asked: VERIFY with a PIN in it, and GENERAL AUTHENTICATE with a key of a slot. */
  readonly counts = { verify: 0, generalAuthenticate: 0 };

  constructor({ serial, firmware = [5, 4, 3] }: CardOptions) {
    this.serial = serial;
    this.firmware = firmware;
    this.setCertificate(attestationSlot, sharedAttester().certificate);
  }

  setCertificate(slot: PivSlot, der: Uint8Array): void {
    // NIST SP 800-73-4, part 1, table 10: certificate, "not compressed", empty error detection code.
    const content = Buffer.concat([tlv(0x70, der), tlv(0x71, [0]), tlv(0xfe)]);
    this.objects.set(certificateObject(slot), content);
  }

  /** What others take for the card's serial number; a YubiKey is sold without (NIST SP 800-73-4, part 1, table 9). */
  setChuid(): void {
    const guid = Buffer.alloc(16, 0xa5);
    guid.writeUInt32BE(this.serial);
    const fascN = Buffer.from('d4e739da739ced39ce739d836858210842108421c84210c3eb', 'hex'); // no person's
    const expiry = Buffer.from('20500101');
    this.objects.set(
      '5fc102',
      Buffer.concat([tlv(0x30, fascN), tlv(0x34, guid), tlv(0x35, expiry), tlv(0x3e), tlv(0xfe)]),
    );
  }

  /** DER; null for none, or one that is compressed. */
  certificate(slot: PivSlot): Buffer | null {
    const content = this.objects.get(certificateObject(slot));
    return content === undefined ? null : (parseTlv(content).get(0x70) ?? null);
  }

  /** The applet as it left the factory. Only the attestation key stays. */
  eraseAll(): void {
    this.keys.clear();
    this.objects.clear();
    this.setCertificate(attestationSlot, sharedAttester().certificate);
    for (const code of [this.pin, this.puk]) code.restoreFactory();
  }
}
