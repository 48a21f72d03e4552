/**
 * The PIV applet of a YubiKey 5: NIST SP 800-73-4, part 2, and Yubico's extensions
 * (https://docs.yubico.com/yesdk/users-manual/application-piv/commands.html). It is a judge: what no real card would
 * accept, it does not accept either.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { status, type Answer, type Command } from './apdu.ts';
import { attest, bigEndian, sharedAttester } from './attestation.ts';
import { PinSession, references } from './pin-session.ts';
import type { PivCard } from './piv-card.ts';
import {
  algorithms,
  assembleKey,
  makeKey,
  publicTemplate,
  signChallenge,
  typeOfAlgorithm,
  type PivKey,
  type PivKeyType,
} from './piv-key.ts';
import {
  allSlots,
  attestationSlot,
  defaultPinPolicy,
  pinPolicyNumbers,
  pinPolicyOf,
  slotName,
  touchPolicyNumbers,
  touchPolicyOf,
  type PivSlot,
} from './slots.ts';
import { parseTlv, tlv } from './tlv.ts';

const instructions = {
  verify: 0x20,
  changeReference: 0x24,
  resetRetryCounter: 0x2c,
  generate: 0x47,
  generalAuthenticate: 0x87,
  select: 0xa4,
  getData: 0xcb,
  putData: 0xdb,
  metadata: 0xf7,
  serial: 0xf8,
  attest: 0xf9,
  setPinRetries: 0xfa,
  reset: 0xfb,
  version: 0xfd,
  importKey: 0xfe,
  setManagementKey: 0xff,
} as const;

const aid = 'a000000308';
const fullAid = Buffer.from('a000000308000010000100', 'hex');
const discoveryTag = '7e';

export class PivApplet {
  readonly #card: PivCard;
  readonly #pins: PinSession;

  constructor(card: PivCard) {
    this.#card = card;
    this.#pins = new PinSession(card);
  }

  /** What power off and a reset do. */
  clear(): void {
    this.#pins.forget();
    this.#card.managementKey.forgetProof();
    this.#card.touchSensor.clear();
  }

  async run(command: Command): Promise<Answer> {
    const { ins, p2, data } = command;
    const { isJustShown } = this.#pins;
    const isPinStatus = ins === instructions.verify && p2 === references.pin && data.length === 0;
    if (!isPinStatus) this.#pins.isJustShown = false;
    try {
      if (ins === instructions.generalAuthenticate)
        return await this.#generalAuthenticate(command, isJustShown);
      return this.#answer(command);
    } catch {
      return status.wrongData; // a TLV cut off, a part of a key missing
    }
  }

  #answer(command: Command): Answer {
    const { ins, p1, p2, data } = command;
    switch (ins) {
      case instructions.select:
        return this.#select(p1, data);
      case instructions.version:
        return Buffer.from(this.#card.firmware);
      case instructions.serial:
        return bigEndian(this.#card.serial);
      case instructions.verify:
        return this.#pins.verify(p1, p2, data);
      case instructions.changeReference:
        return this.#pins.changeReference(p2, data);
      case instructions.resetRetryCounter:
        return this.#pins.resetRetryCounter(data);
      case instructions.getData:
        return this.#getData(data);
      case instructions.metadata:
        return this.#metadata(p2);
      case instructions.attest:
        return this.#attest(slotName(p1));
      case instructions.reset:
        return this.#reset();
      default:
        return this.#administer(command);
    }
  }

  /** Commands that change the card's content want the management key. */
  #administer({ ins, p1, p2, data }: Command): Answer {
    const change = {
      [instructions.putData]: () => this.#putData(data),
      [instructions.generate]: () => this.#generate(slotName(p2), data),
      [instructions.importKey]: () => this.#importKey(p1, slotName(p2), data),
      [instructions.setManagementKey]: () => this.#card.managementKey.change(data[0] ?? 0, data.subarray(3)),
      [instructions.setPinRetries]: () => this.#pins.setRetries(p1, p2),
    }[ins];
    if (change === undefined) return status.unknownInstruction;
    return this.#card.managementKey.isProven ? change() : status.securityNotSatisfied;
  }

  #select(p1: number, data: Buffer): Answer {
    if (p1 !== 0x04 || !data.toString('hex').startsWith(aid)) return status.fileNotFound;
    const properties = tlv(0x4f, Buffer.from('000010000100', 'hex'));
    return tlv(0x61, properties, tlv(0x79, tlv(0x4f, Buffer.from(aid, 'hex'))));
  }

  #getData(data: Buffer): Answer {
    const tag = parseTlv(data).get(0x5c)?.toString('hex') ?? '';
    if (tag === discoveryTag) return tlv(0x7e, tlv(0x4f, fullAid), tlv(0x5f2f, [0x40, 0x00]));
    const content = this.#card.objects.get(tag);
    return content === undefined || content.length === 0 ? status.fileNotFound : tlv(0x53, content);
  }

  #putData(data: Buffer): Answer {
    const elements = parseTlv(data);
    const tag = elements.get(0x5c);
    const content = elements.get(0x53);
    if (tag === undefined || content === undefined) return status.wrongData;
    this.#card.objects.set(tag.toString('hex'), Buffer.from(content));
    return status.ok;
  }

  #generate(slot: PivSlot, data: Buffer): Answer {
    const wanted = parseTlv(parseTlv(data).get(0xac) ?? Buffer.alloc(0));
    const type = typeOfAlgorithm(wanted.get(0x80)?.[0] ?? 0);
    if (type === undefined || !allSlots.includes(slot)) return status.wrongData;
    const key = this.#keep(slot, type, wanted, () => makeKey(type), 'generated');
    return tlv(0x7f49, publicTemplate(key.privateKey));
  }

  #importKey(algorithm: number, slot: PivSlot, data: Buffer): Answer {
    const type = typeOfAlgorithm(algorithm);
    if (type === undefined || !allSlots.includes(slot)) return status.wrongData;
    const parts = parseTlv(data);
    this.#keep(slot, type, parts, () => assembleKey(type, parts), 'imported');
    return status.ok;
  }

  #keep(
    slot: PivSlot,
    type: PivKeyType,
    policies: ReadonlyMap<number, Buffer>,
    make: () => PivKey['privateKey'],
    origin: PivKey['origin'],
  ): PivKey {
    const pinPolicy = pinPolicyOf(policies.get(0xaa)?.[0] ?? 0) ?? defaultPinPolicy(slot);
    const touchPolicy = touchPolicyOf(policies.get(0xab)?.[0] ?? 0) ?? 'never';
    const key = { type, privateKey: make(), origin, pinPolicy, touchPolicy };
    this.#card.keys.set(slot, key);
    return key;
  }

  #metadata(reference: number): Answer {
    const { pin, puk, managementKey, keys } = this.#card;
    if (reference === references.pin || reference === references.puk) {
      const code = reference === references.pin ? pin : puk;
      return Buffer.concat([
        tlv(0x01, [0xff]),
        tlv(0x05, [Number(code.isDefault)]),
        tlv(0x06, [code.maxTries, code.triesLeft]),
      ]);
    }
    if (reference === references.managementKey) {
      return Buffer.concat([
        tlv(0x01, [managementKey.algorithm]),
        tlv(0x02, [0x00, touchPolicyNumbers.never]),
        tlv(0x05, [Number(managementKey.isDefault)]),
      ]);
    }
    const slot = slotName(reference);
    const key = slot === attestationSlot ? attestationKey() : keys.get(slot);
    if (key === undefined) return status.referenceNotFound;
    return Buffer.concat([
      tlv(0x01, [algorithms[key.type]]),
      tlv(0x02, [pinPolicyNumbers[key.pinPolicy], touchPolicyNumbers[key.touchPolicy]]),
      tlv(0x03, [key.origin === 'generated' ? 1 : 2]),
      tlv(0x04, publicTemplate(key.privateKey)),
    ]);
  }

  #attest(slot: PivSlot): Answer {
    const { keys, serial, firmware } = this.#card;
    const key = keys.get(slot);
    if (key === undefined) return status.referenceNotFound;
    return key.origin === 'generated' ? attest({ ...key, slot, serial, firmware }) : status.wrongData;
  }

  #reset(): Answer {
    const { pin, puk } = this.#card;
    if (pin.triesLeft > 0 || puk.triesLeft > 0) return status.conditionsNotSatisfied;
    this.#card.eraseAll();
    this.clear();
    return status.ok;
  }

  async #generalAuthenticate({ p1, p2, data }: Command, isJustShown: boolean): Promise<Answer> {
    const elements = parseTlv(parseTlv(data).get(0x7c) ?? Buffer.alloc(0));
    if (p2 === references.managementKey) return this.#card.managementKey.authenticate(p1, elements);
    const { counts, keys, signDelayMs, touchSensor } = this.#card;
    counts.generalAuthenticate += 1;
    const key = keys.get(slotName(p2));
    if (key === undefined) return status.referenceNotFound;
    const challenge = elements.get(0x81);
    if (algorithms[key.type] !== p1 || challenge === undefined) return status.wrongData;
    if (key.pinPolicy === 'once' && !this.#pins.isShown) return status.securityNotSatisfied;
    if (key.pinPolicy === 'always' && !isJustShown) return status.securityNotSatisfied;
    if (key.touchPolicy !== 'never' && !(await touchSensor.wait(key.touchPolicy))) {
      return status.securityNotSatisfied;
    }
    if (signDelayMs > 0) await delay(signDelayMs);
    const signature = signChallenge(key, challenge);
    return signature === null ? status.wrongData : tlv(0x7c, tlv(0x82, signature));
  }
}

/** Slot f9 signs attestations and nothing else. */
function attestationKey(): PivKey {
  const { privateKey } = sharedAttester();
  return { type: 'RSA-2048', privateKey, origin: 'imported', pinPolicy: 'never', touchPolicy: 'never' };
}
