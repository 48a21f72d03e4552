/** What the virtual YubiKey refuses, byte by byte: a judge that lets everything through is none. */
import { createHash, createPublicKey, verify } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { CommandChannel } from '../../../support/virtual-yubikey/apdu.ts';
import { PivApplet } from '../../../support/virtual-yubikey/piv-applet.ts';
import { PivCard } from '../../../support/virtual-yubikey/piv-card.ts';
import {
  algorithms,
  makeKey,
  type KeyPolicy,
  type PivKeyType,
} from '../../../support/virtual-yubikey/piv-key.ts';
import { tlv } from '../../../support/virtual-yubikey/tlv.ts';

let card: PivCard;
let applet: PivApplet;
let channel: CommandChannel;

beforeEach(() => {
  card = new PivCard({ serial: 1 });
  applet = new PivApplet(card);
  channel = new CommandChannel((command) => applet.run(command));
});

/** Sends a command given in hex. @returns the status word in hex. */
async function send(hex: string): Promise<string> {
  return (await channel.transmit(Buffer.from(hex, 'hex'))).subarray(-2).toString('hex');
}

const pinField = (pin: string): string => Buffer.from(pin.padEnd(8, '\xff'), 'latin1').toString('hex');
const verifyPin = (pin: string): Promise<string> => send(`0020008008${pinField(pin)}`);
const pinStatus = '00200080';

function makeSlot(slot: string, policy: Partial<KeyPolicy> = {}, type: PivKeyType = 'P-256'): void {
  const whole = { pinPolicy: 'once', touchPolicy: 'never', ...policy } as const;
  card.keys.set(slot, { type, privateKey: makeKey(type), origin: 'generated', ...whole });
}

/** GENERAL AUTHENTICATE over a challenge. */
async function authenticate(slot: string, challenge = Buffer.alloc(32, 7), type: PivKeyType = 'P-256') {
  const data = tlv(0x7c, tlv(0x82), tlv(0x81, challenge));
  const header = Buffer.from([0, 0x87, algorithms[type], parseInt(slot, 16), data.length]);
  return channel.transmit(Buffer.concat([header, data]));
}
const statusOf = async (answer: Promise<Buffer>): Promise<string> =>
  (await answer).subarray(-2).toString('hex');

describe('PINs', () => {
  it.each([
    ['too short', pinField('12345')],
    ['padded in the middle', '313233ff34353637'],
    ['without padding', '313233343536'],
    ['nine digits', '313233343536373839'],
  ])('of a wrong form cost no try: %s', async (_, field) => {
    const length = (field.length / 2).toString(16).padStart(2, '0');
    expect(await send(`00200080${length}${field}`)).toBe('6a80');
    expect(card.pin.triesLeft).toBe(3);
  });

  it('count down, block even the right one, and come back with the right one before that', async () => {
    expect(await verifyPin('000000')).toBe('63c2');
    expect(await send(pinStatus)).toBe('63c2');
    expect(await verifyPin('123456')).toBe('9000');
    expect(await send(pinStatus)).toBe('9000');
    for (const answer of ['63c2', '63c1', '6983', '6983']) expect(await verifyPin('000000')).toBe(answer);
    expect(await verifyPin('123456')).toBe('6983');
    expect(await send(pinStatus)).toBe('6983');
    expect(card.counts.verify).toBe(7);
  });

  it('are forgotten by a reset, by a wrong one and on request', async () => {
    const isShown = async (): Promise<boolean> => (await send(pinStatus)) === '9000';
    await verifyPin('123456');
    applet.clear();
    expect(await isShown()).toBe(false);
    await verifyPin('123456');
    await verifyPin('000000');
    expect(await isShown()).toBe(false);
    await verifyPin('123456');
    await send('0020ff80');
    expect(await isShown()).toBe(false);
  });

  it('may have letters that are no ASCII', async () => {
    card.pin.value = 'gehéim';
    expect(await send(`0020008008${Buffer.from('gehéim', 'latin1').toString('hex')}ffff`)).toBe('63c2');
    expect(await send(`0020008008${Buffer.from('gehéim').toString('hex')}ff`)).toBe('9000');
  });
});

describe('signatures', () => {
  it('want the PIN the key’s policy says', async () => {
    makeSlot('9a', { pinPolicy: 'once' });
    makeSlot('9c', { pinPolicy: 'always' });
    makeSlot('9e', { pinPolicy: 'never' });
    expect(await statusOf(authenticate('9a'))).toBe('6982');
    expect(await statusOf(authenticate('9c'))).toBe('6982');
    expect(await statusOf(authenticate('9e'))).toBe('9000');
    await verifyPin('123456');
    expect(await statusOf(authenticate('9a'))).toBe('9000');
    expect(await statusOf(authenticate('9a'))).toBe('9000');
    expect(await statusOf(authenticate('9c'))).toBe('6982'); // something came between
    await verifyPin('123456');
    expect(await statusOf(authenticate('9c'))).toBe('9000');
    expect(await statusOf(authenticate('9c'))).toBe('6982');
    expect(card.counts).toEqual({ verify: 2, generalAuthenticate: 8 });
  });

  it('with a PIN each time stand a look at its state in between', async () => {
    makeSlot('9c', { pinPolicy: 'always' });
    await verifyPin('123456');
    await send(pinStatus);
    expect(await statusOf(authenticate('9c'))).toBe('9000');
  });

  it('are not made by a slot without a key, over a challenge that is too long, or of another kind', async () => {
    makeSlot('9a', { pinPolicy: 'never' });
    expect(await statusOf(authenticate('9d'))).toBe('6a88');
    expect(await statusOf(authenticate('9a', Buffer.alloc(33)))).toBe('6a80');
    expect(await statusOf(authenticate('9a', Buffer.alloc(48), 'P-384'))).toBe('6a80');
  });

  it('are made over the digest that was sent, and over no other', async () => {
    makeSlot('9a', { pinPolicy: 'never' }, 'P-384');
    const answer = await authenticate('9a', createHash('sha384').update('message').digest(), 'P-384');
    const signature = answer.subarray(4, -2); // 7C len 82 len
    const publicKey = createPublicKey(card.keys.get('9a')!.privateKey);
    expect(verify('sha384', Buffer.from('message'), publicKey, signature)).toBe(true);
    expect(verify('sha384', Buffer.from('another'), publicKey, signature)).toBe(false);
  });
});

describe('the card’s content', () => {
  const generate = '0047009a05ac03800111';

  it('changes only after the management key was shown', async () => {
    expect(await send(generate)).toBe('6982');
    expect(await send('00db3fff095c035fc10553020102')).toBe('6982');
    expect(await send('00fe119a0406021234')).toBe('6982');
    expect(card.keys.size).toBe(0);
  });

  it('is erased only once PIN and PUK are blocked', async () => {
    makeSlot('9a');
    expect(await send('00fb0000')).toBe('6985');
    card.pin.triesLeft = 0;
    card.puk.triesLeft = 0;
    expect(await send('00fb0000')).toBe('9000');
    expect(card.keys.size).toBe(0);
    expect(card.certificate('f9')).not.toBeNull();
  });

  it('is answered in pieces, and chained commands are one', async () => {
    const first = await channel.transmit(Buffer.from('00cb3fff055c035fff0100', 'hex'));
    expect(first).toHaveLength(258);
    expect(first[256]).toBe(0x61);
    let whole = first.subarray(0, 256);
    for (let word = first; word[word.length - 2] === 0x61;) {
      word = await channel.transmit(Buffer.from('00c0000000', 'hex'));
      whole = Buffer.concat([whole, word.subarray(0, -2)]);
    }
    expect(whole.includes(card.certificate('f9')!)).toBe(true);
    expect(await send('10cb3fff035c035f')).toBe('9000');
    expect(await send('00cb3fff02c105')).toBe('6a82');
    expect(await send('00cb3fff015c')).toBe('6a80');
    expect(await send('00ee0000')).toBe('6d00');
  });
});

describe('attestation', () => {
  it('is for keys that were made on the card', async () => {
    makeSlot('9a');
    card.keys.set('9d', { ...card.keys.get('9a')!, origin: 'imported' });
    expect(await send('00f99a0000')).toMatch(/^(9000|61)/);
    expect(await send('00f99d0000')).toBe('6a80');
    expect(await send('00f99e0000')).toBe('6a88');
  });
});
