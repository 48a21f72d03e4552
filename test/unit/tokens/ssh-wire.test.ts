import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ecdsaSignature,
  fingerprint,
  identitiesRequest,
  readIdentities,
  readPublicKey,
  readSignature,
  signRequest,
} from '../../../src/main/tokens/ssh-wire.ts';
import { generateKey, type KeyKind } from '../../support/pki/keys.ts';
import { openSshKey } from '../../support/ssh-agent/open-ssh-key.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const string = (bytes: Uint8Array | string): Buffer => {
  const content = Buffer.from(bytes);
  return Buffer.concat([uint32(content.length), content]);
};
/** Unsigned big-endian bytes as SSH writes a number (RFC 4251, section 5). */
const mpint = (bytes: Uint8Array): Buffer => {
  let start = 0;
  while (start < bytes.length && bytes[start] === 0) start += 1;
  const digits = bytes.subarray(start);
  return string(
    digits[0] !== undefined && digits[0] >= 0x80 ? Buffer.concat([Buffer.alloc(1), digits]) : digits,
  );
};
const bytes = fc.uint8Array({ maxLength: 80 });

/** Reads, or says that the bytes are none. */
function orRefused<T>(read: () => T): T | 'refused' {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) return 'refused';
    throw error;
  }
}

describe('messages to an ssh-agent', () => {
  it('ask for its keys with one byte', () => {
    expect(hex(identitiesRequest)).toBe('0b');
  });

  it('ask for a signature, of RSA with SHA-256', () => {
    fc.assert(
      fc.property(bytes, bytes, (blob, message) => {
        const expected = Buffer.concat([Uint8Array.of(13), string(blob), string(message), uint32(2)]);
        expect(hex(signRequest(blob, message))).toBe(hex(expected));
      }),
    );
  });
});

describe('the keys an ssh-agent tells', () => {
  const identities = fc.array(fc.record({ blob: bytes, comment: fc.string() }), { maxLength: 6 });
  const message = (keys: readonly { blob: Uint8Array; comment: string }[]): Buffer =>
    Buffer.concat([
      Uint8Array.of(12),
      uint32(keys.length),
      ...keys.flatMap(({ blob, comment }) => [string(blob), string(comment)]),
    ]);

  it('are read as they were written', () => {
    fc.assert(
      fc.property(identities, (keys) => {
        const read = readIdentities(message(keys)) ?? [];
        expect(read.map(({ blob, comment }) => [hex(blob), comment])).toEqual(
          keys.map(({ blob, comment }) => [hex(blob), Buffer.from(comment).toString()]),
        );
      }),
    );
  });

  it('are refused whole where the message is cut short or goes on', () => {
    fc.assert(
      fc.property(identities, fc.nat(), (keys, cut) => {
        const whole = message(keys);
        const length = cut % whole.length;
        expect(orRefused(() => readIdentities(whole.subarray(0, length)))).toBe('refused');
        expect(orRefused(() => readIdentities(Buffer.concat([whole, Uint8Array.of(0)])))).toBe('refused');
      }),
    );
  });

  it('may be none: an agent that fails says so', () => {
    expect(readIdentities(Uint8Array.of(5))).toBeNull();
    expect(readIdentities(message([]))).toEqual([]);
  });

  it.each([
    ['another message', Uint8Array.of(14)],
    ['nothing', new Uint8Array()],
    ['more keys than an agent holds', Buffer.concat([Uint8Array.of(12), uint32(2049)])],
    ['a length beyond the end', Buffer.concat([Uint8Array.of(12), uint32(1), uint32(0xffffffff)])],
  ])('are refused: %s', (_, body) => {
    expect(orRefused(() => readIdentities(body))).toBe('refused');
  });
});

describe('a signature of an ssh-agent', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9-]{1,20}$/), bytes, (format, signature) => {
        const body = Buffer.concat([
          Uint8Array.of(14),
          string(Buffer.concat([string(format), string(signature)])),
        ]);
        const read = readSignature(body);
        expect(read?.format).toBe(format);
        expect(hex(read?.bytes ?? new Uint8Array())).toBe(hex(signature));
      }),
    );
  });

  it('may be refused', () => {
    expect(readSignature(Uint8Array.of(5))).toBeNull();
  });

  it('of ECDSA becomes what node:crypto verifies', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    fc.assert(
      fc.property(bytes, (message) => {
        const raw = sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' });
        const written = Buffer.concat([mpint(raw.subarray(0, 32)), mpint(raw.subarray(32))]);
        expect(verify('sha256', message, publicKey, ecdsaSignature(written))).toBe(true);
      }),
    );
  });

  it.each([
    ['a negative number', Buffer.concat([string(Uint8Array.of(0x80)), string(Uint8Array.of(1))])],
    ['no number', Buffer.concat([string(''), string(Uint8Array.of(1))])],
    ['one number', string(Uint8Array.of(1))],
    ['three numbers', Buffer.concat([1, 2, 3].map((each) => string(Uint8Array.of(each))))],
  ])('of ECDSA is refused: %s', (_, written) => {
    expect(orRefused(() => ecdsaSignature(written))).toBe('refused');
  });
});

describe('a public key in SSH’s words', () => {
  it.each<[KeyKind, string]>([
    ['P-256', 'ecdsa-sha2-nistp256'],
    ['P-384', 'ecdsa-sha2-nistp384'],
    ['P-521', 'ecdsa-sha2-nistp521'],
    ['RSA-2048', 'ssh-rsa'],
  ])('is the one of the certificate, and has the fingerprint ssh-keygen prints: %s', (kind, type) => {
    const { publicPem } = generateKey(kind);
    const judged = openSshKey(publicPem);
    const key = readPublicKey(judged.blob);
    expect(key.type).toBe(type);
    const spki = createPublicKey(publicPem).export({ format: 'der', type: 'spki' });
    expect(hex(key.spki ?? new Uint8Array())).toBe(hex(spki));
    expect(fingerprint(judged.blob)).toBe(judged.fingerprint);
  });

  it.each(['ssh-ed25519', 'sk-ecdsa-sha2-nistp256@openssh.com', 'ssh-rsa-cert-v01@openssh.com', 'ssh-dss'])(
    'may be of a kind no certificate of ours is for: %s',
    (type) => {
      expect(readPublicKey(Buffer.concat([string(type), string('whatever')]))).toEqual({ type, spki: null });
    },
  );

  const point = Buffer.concat([Uint8Array.of(4), Buffer.alloc(64, 1)]);
  it.each([
    ['a curve that is not its type’s', ['ecdsa-sha2-nistp256', 'nistp384', point]],
    ['an unknown curve', ['ecdsa-sha2-nistp224', 'nistp224', point]],
    [
      'a compressed point',
      ['ecdsa-sha2-nistp256', 'nistp256', Buffer.concat([Uint8Array.of(2), Buffer.alloc(32, 1)])],
    ],
    ['a point cut short', ['ecdsa-sha2-nistp256', 'nistp256', point.subarray(1)]],
    ['a negative modulus', ['ssh-rsa', Uint8Array.of(3), Uint8Array.of(0x80)]],
    ['no modulus', ['ssh-rsa', Uint8Array.of(3)]],
  ])('is refused: %s', (_, parts) => {
    expect(orRefused(() => readPublicKey(Buffer.concat(parts.map(string))))).toBe('refused');
  });
});

it('no bytes whatever make a reader fail in another way', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (any) => {
      for (const read of [readIdentities, readSignature, readPublicKey, ecdsaSignature])
        orRefused(() => read(any));
    }),
    { numRuns: 2000 },
  );
});
