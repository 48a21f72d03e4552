/** A YubiKey with nothing but its PIV applet, in the hands of a test. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { CommandChannel } from './apdu.ts';
import { PivApplet } from './piv-applet.ts';
import { PivCard, type CardOptions } from './piv-card.ts';
import { makeKey, readKey, type KeyPolicy, type PivKeyType } from './piv-key.ts';
import { certificateObject, defaultPinPolicy, type PivSlot } from './slots.ts';
import { VpcdLink } from './vpcd-link.ts';

/** The readers a YubiKey can be plugged into. */
export interface Readers {
  portOf(reader: number): number;
  readonly log: readonly string[];
  untilInserted(wasAskedForAtr: () => boolean, since: number): Promise<void>;
  untilRemoved(reader: number, since: number): Promise<void>;
  /** Resets the card in a reader as another program would. */
  resetCard(reader: number): Promise<void>;
}

export interface YubikeyOptions extends CardOptions {
  readonly pin?: string;
}

/** "YubiKey" in its historical bytes, and T=1, which Yubico's tools insist on: a YubiKey 5. */
const atr = Buffer.from('3bfd1300008131fe158073c021c057597562694b657940', 'hex');

export class VirtualYubikey {
  readonly #card: PivCard;
  readonly #applet: PivApplet;
  readonly #channel: CommandChannel;
  readonly #readers: Readers;
  #link: VpcdLink | null = null;
  #reader: number | null = null;
  #lastReader = 0;

  constructor(readers: Readers, { pin, ...options }: YubikeyOptions) {
    this.#readers = readers;
    this.#card = new PivCard(options);
    if (pin !== undefined) this.#card.pin.value = pin;
    this.#applet = new PivApplet(this.#card);
    this.#channel = new CommandChannel((command) => this.#applet.run(command));
  }

  get serial(): number {
    return this.#card.serial;
  }

  /** The PIN that is right. The PUK is 12345678 and the management key Yubico's default, as sold. */
  get pin(): string {
    return this.#card.pin.value;
  }

  /** Which reader it is in; null while it is pulled out. */
  get reader(): number | null {
    return this.#reader;
  }

  /** How often the card was asked: VERIFY with a PIN in it, and GENERAL AUTHENTICATE with a key of a slot. */
  get counts(): { readonly verify: number; readonly generalAuthenticate: number } {
    return { ...this.#card.counts };
  }

  get pinTriesLeft(): number {
    return this.#card.pin.triesLeft;
  }

  get pukTriesLeft(): number {
    return this.#card.puk.triesLeft;
  }

  /** Gives all tries back, as a right PIN elsewhere does. */
  restorePinTries(): void {
    this.#card.pin.triesLeft = this.#card.pin.maxTries;
    this.#card.puk.triesLeft = this.#card.puk.maxTries;
  }

  /** As it is sold, without keys; the counts begin anew. */
  restoreFactory(): void {
    this.#card.eraseAll();
    this.#card.counts.verify = 0;
    this.#card.counts.generalAuthenticate = 0;
  }

  /** Somebody changes the PIN elsewhere. */
  changePin(pin: string): void {
    this.#card.pin.value = pin;
  }

  /**
   * A key pair made on the card, which it attests.
   * @returns the public key, SubjectPublicKeyInfo in PEM. A policy that is left out is the slot's default.
   */
  generate(slot: PivSlot, type: PivKeyType, policy: Partial<KeyPolicy> = {}): string {
    return this.#keep(slot, { type, privateKey: makeKey(type) }, 'generated', policy);
  }

  /** A key pair from outside: PKCS#8 in PEM. The card attests no such key. */
  importKey(slot: PivSlot, pem: string, policy: Partial<KeyPolicy> = {}): string {
    return this.#keep(slot, readKey(pem), 'imported', policy);
  }

  importCertificate(slot: PivSlot, der: Uint8Array): void {
    this.#card.setCertificate(slot, der);
  }

  /** The certificate in a slot, DER; null for none. */
  certificate(slot: PivSlot): Buffer | null {
    return this.#card.certificate(slot);
  }

  /** Gives it a CHUID, as `yubico-piv-tool -a set-chuid` does: OpenSC's serial number. */
  setChuid(): void {
    this.#card.setChuid();
  }

  deleteCertificate(slot: PivSlot): void {
    this.#card.objects.delete(certificateObject(slot));
  }

  deleteKey(slot: PivSlot): void {
    this.#card.keys.delete(slot);
  }

  /** Milliseconds a signature takes longer than it does here; a real YubiKey takes 50 to 700. */
  set signDelayMs(milliseconds: number) {
    this.#card.signDelayMs = milliseconds;
  }

  /** Milliseconds the card waits for a touch. A real YubiKey waits 15 s, and so does this one. */
  set touchTimeoutMs(milliseconds: number) {
    this.#card.touchSensor.timeoutMs = milliseconds;
  }

  /** A finger that never leaves: whatever waits is touched at once. */
  set isHeld(held: boolean) {
    this.#card.touchSensor.isHeld = held;
    if (held && this.isWaitingForTouch) this.touch();
  }

  get isWaitingForTouch(): boolean {
    return this.#card.touchSensor.isWaiting;
  }

  /** Touches the card that waits for it. @throws Error where it does not: wait for {@link isWaitingForTouch}. */
  touch(): void {
    this.#card.touchSensor.touch();
  }

  /** Plugs it in: into the reader it was in last, unless another is named. The reader service has seen it then. */
  async insert(reader = this.#lastReader): Promise<void> {
    if (this.#link !== null) throw new Error('the YubiKey is plugged in already');
    const since = this.#readers.log.length;
    this.#reader = this.#lastReader = reader;
    const link = await VpcdLink.open(this.#readers.portOf(reader), {
      atr,
      clear: () => this.#powerOff(),
      transmit: (apdu) => this.#channel.transmit(apdu),
    });
    this.#link = link;
    await this.#readers.untilInserted(() => link.wasAskedForAtr, since);
  }

  /** Pulls it out, whatever it is doing. The reader service has seen it then. */
  async remove(): Promise<void> {
    const reader = this.#reader;
    if (this.#link === null || reader === null) throw new Error('the YubiKey is not plugged in');
    const since = this.#readers.log.length;
    await this.unlink();
    this.#reader = null;
    await this.#readers.untilRemoved(reader, since);
  }

  /** Another program resets the card: PIN and management key are to be shown again, and who is connected is told so. */
  async reset(): Promise<void> {
    if (this.#reader === null) throw new Error('the YubiKey is not plugged in');
    await this.#readers.resetCard(this.#reader);
  }

  /** Ends the wire without a look at the reader service, which may be gone. */
  async unlink(): Promise<void> {
    const link = this.#link;
    this.#link = null;
    await link?.close();
    this.#card.touchSensor.forget();
  }

  #powerOff(): void {
    this.#applet.clear();
    this.#channel.clear();
  }

  #keep(
    slot: PivSlot,
    key: { readonly type: PivKeyType; readonly privateKey: KeyObject },
    origin: 'generated' | 'imported',
    { pinPolicy = defaultPinPolicy(slot), touchPolicy = 'never' }: Partial<KeyPolicy>,
  ): string {
    certificateObject(slot); // there is such a slot
    this.#card.keys.set(slot, { ...key, origin, pinPolicy, touchPolicy });
    return createPublicKey(key.privateKey).export({ type: 'spki', format: 'pem' }) as string;
  }
}
