/** The key that whoever changes a card's content proves to know (NIST SP 800-73-4, part 2, 3.2.4; key reference 9B). */
import { createCipheriv, randomBytes } from 'node:crypto';
import { status, type Answer } from './apdu.ts';
import { tlv } from './tlv.ts';

const ciphers: Readonly<Record<number, { name: string; blockBytes: number; keyBytes: number }>> = {
  0x03: { name: 'des-ede3', blockBytes: 8, keyBytes: 24 },
  0x08: { name: 'aes-128-ecb', blockBytes: 16, keyBytes: 16 },
  0x0a: { name: 'aes-192-ecb', blockBytes: 16, keyBytes: 24 },
  0x0c: { name: 'aes-256-ecb', blockBytes: 16, keyBytes: 32 },
};
const tags = { witness: 0x80, challenge: 0x81, response: 0x82 };

/** With which every YubiKey before firmware 5.7 is sold. */
export const defaultManagementKey = '010203040506070801020304050607080102030405060708';

export class ManagementKey {
  #key = Buffer.from(defaultManagementKey, 'hex');
  #algorithm = 0x03;
  #witness: Buffer | null = null;
  #challenge: Buffer | null = null;
  #isProven = false;

  get algorithm(): number {
    return this.#algorithm;
  }

  get isDefault(): boolean {
    return this.#key.toString('hex') === defaultManagementKey;
  }

  get isProven(): boolean {
    return this.#isProven;
  }

  forgetProof(): void {
    this.#isProven = false;
    this.#witness = null;
    this.#challenge = null;
  }

  change(algorithm: number, key: Buffer): Answer {
    if (ciphers[algorithm]?.keyBytes !== key.length) return status.wrongData;
    this.#algorithm = algorithm;
    this.#key = Buffer.from(key);
    return status.ok;
  }

  /** A step of the mutual or the external authentication. */
  authenticate(algorithm: number, elements: ReadonlyMap<number, Buffer>): Answer {
    if (algorithm !== this.#algorithm && algorithm !== 0) return status.wrongData;
    const witness = elements.get(tags.witness);
    const challenge = elements.get(tags.challenge);
    const response = elements.get(tags.response);
    const { blockBytes = 8 } = ciphers[this.#algorithm] ?? {};
    if (witness?.length === 0 && challenge === undefined) {
      this.#witness = randomBytes(blockBytes);
      return tlv(0x7c, tlv(tags.witness, this.#encrypt(this.#witness)));
    }
    if (witness !== undefined && challenge !== undefined) {
      if (!this.#prove(this.#witness, witness)) return status.securityNotSatisfied;
      return tlv(0x7c, tlv(tags.response, this.#encrypt(challenge)));
    }
    if (challenge?.length === 0) {
      this.#challenge = randomBytes(blockBytes);
      return tlv(0x7c, tlv(tags.challenge, this.#challenge));
    }
    if (response === undefined) return status.wrongData;
    const expected = this.#challenge === null ? null : this.#encrypt(this.#challenge);
    return this.#prove(expected, response) ? status.ok : status.securityNotSatisfied;
  }

  #prove(expected: Buffer | null, shown: Buffer): boolean {
    const isRight = expected?.equals(shown) === true;
    this.forgetProof();
    this.#isProven = isRight;
    return isRight;
  }

  #encrypt(block: Buffer): Buffer {
    const cipher = createCipheriv(ciphers[this.#algorithm]?.name ?? '', this.#key, null);
    cipher.setAutoPadding(false);
    return Buffer.concat([cipher.update(block), cipher.final()]);
  }
}
