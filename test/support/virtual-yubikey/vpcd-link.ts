/**
 * The wire between a virtual card and the reader "vpcd" (https://frankmorgner.github.io/vsmartcard/virtualsmartcard):
 * TCP, each message with its length in two bytes; a message of one byte is about power.
 */
import { connect, type Socket } from 'node:net';

/** What is at the other end: a card. */
export interface LinkedCard {
  readonly atr: Buffer;
  /** Power on, power off or a reset: whatever was said and waited for is forgotten. */
  clear(): void;
  transmit(apdu: Buffer): Promise<Buffer>;
}

const askForAtr = 4;

export class VpcdLink {
  readonly #socket: Socket;
  readonly #card: LinkedCard;
  #received: Buffer = Buffer.alloc(0);
  #wasAskedForAtr = false;
  #isAnswering = false;

  private constructor(socket: Socket, card: LinkedCard) {
    this.#socket = socket;
    this.#card = card;
    socket.setNoDelay(true);
    socket.on('error', () => undefined); // what follows is its close
    socket.on('close', () => card.clear());
    socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      void this.#answerAll();
    });
  }

  /** Puts a card into the reader that listens on `port`. */
  static async open(port: number, card: LinkedCard): Promise<VpcdLink> {
    const socket = connect(port, '127.0.0.1');
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new VpcdLink(socket, card);
  }

  /** Whether the reader has met the card. */
  get wasAskedForAtr(): boolean {
    return this.#wasAskedForAtr;
  }

  /** Pulls the card out, whatever it is doing. */
  async close(): Promise<void> {
    if (this.#socket.closed) return;
    const closed = new Promise((resolve) => this.#socket.once('close', resolve));
    this.#socket.destroy();
    await closed;
  }

  /** One message after the other: a reader asks nothing while it waits, but a card that hangs must not answer twice. */
  async #answerAll(): Promise<void> {
    if (this.#isAnswering) return;
    this.#isAnswering = true;
    for (let message = this.#next(); message !== null; message = this.#next()) {
      const answer = await this.#answer(message);
      if (answer !== null && this.#socket.writable) {
        this.#socket.write(Buffer.concat([Uint8Array.of(answer.length >> 8, answer.length & 0xff), answer]));
      }
    }
    this.#isAnswering = false;
  }

  async #answer(message: Buffer): Promise<Buffer | null> {
    if (message.length !== 1) return this.#card.transmit(message);
    if (message[0] === askForAtr) {
      this.#wasAskedForAtr = true;
      return this.#card.atr;
    }
    this.#card.clear();
    return null;
  }

  #next(): Buffer | null {
    if (this.#received.length < 2) return null;
    const end = 2 + this.#received.readUInt16BE(0);
    if (this.#received.length < end) return null;
    const message = this.#received.subarray(2, end);
    this.#received = this.#received.subarray(end);
    return message;
  }
}
