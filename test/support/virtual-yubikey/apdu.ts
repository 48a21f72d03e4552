/** Commands and answers of ISO 7816-4, with the chaining that lets long ones pass through short APDUs. */

export interface Command {
  readonly ins: number;
  readonly p1: number;
  readonly p2: number;
  readonly data: Buffer;
}

/** Status words (ISO 7816-4, 5.1.3) that a PIV card answers with. */
export const status = {
  ok: 0x9000,
  /** The low nibble is filled with the tries left. */
  wrongPin: 0x63c0,
  wrongLength: 0x6700,
  /** PIN or touch is missing, or the management key was not shown. */
  securityNotSatisfied: 0x6982,
  blocked: 0x6983,
  conditionsNotSatisfied: 0x6985,
  wrongData: 0x6a80,
  fileNotFound: 0x6a82,
  wrongParameters: 0x6b00,
  referenceNotFound: 0x6a88,
  unknownInstruction: 0x6d00,
  unknownError: 0x6f00,
} as const;

/** What a card answers: data, which means that all went well, or a status word. */
export type Answer = Buffer | number;

const getResponse = 0xc0;
const chainingBit = 0x10;
const shortAnswerBytes = 256;

export const statusBytes = (word: number): Buffer => Buffer.from([word >> 8, word & 0xff]);

/**
 * Between the wire and the applet: joins chained commands, and hands answers of more than 256 bytes out piece by piece
 * where the reader asks for short ones.
 */
export class CommandChannel {
  readonly #run: (command: Command) => Answer | Promise<Answer>;
  #chained: Buffer = Buffer.alloc(0);
  #rest: Buffer = Buffer.alloc(0);

  constructor(run: (command: Command) => Answer | Promise<Answer>) {
    this.#run = run;
  }

  /** What power off and a reset do. */
  clear(): void {
    this.#chained = Buffer.alloc(0);
    this.#rest = Buffer.alloc(0);
  }

  async transmit(apdu: Buffer): Promise<Buffer> {
    if (apdu.length < 4) return statusBytes(status.wrongLength);
    const [cla = 0, ins = 0, p1 = 0, p2 = 0] = apdu;
    const { data, answerBytes } = parseBody(apdu.subarray(4));
    if (ins === getResponse) return this.#piece(answerBytes);
    this.#rest = Buffer.alloc(0);
    this.#chained = Buffer.concat([this.#chained, data]);
    if ((cla & chainingBit) !== 0) return statusBytes(status.ok);
    const command = { ins, p1, p2, data: this.#chained };
    this.#chained = Buffer.alloc(0);
    const answer = await this.#run(command);
    if (typeof answer === 'number') return statusBytes(answer);
    this.#rest = answer;
    return this.#piece(answerBytes);
  }

  #piece(answerBytes: number): Buffer {
    const piece = this.#rest.subarray(0, answerBytes);
    this.#rest = this.#rest.subarray(piece.length);
    const left = Math.min(this.#rest.length, shortAnswerBytes);
    const word = left === 0 ? status.ok : 0x6100 | (left & 0xff);
    return Buffer.concat([piece, statusBytes(word)]);
  }
}

/** Data and the most bytes to answer with, of short and extended length (ISO 7816-4, 5.2). */
function parseBody(body: Buffer): { data: Buffer; answerBytes: number } {
  const isExtended = body.length >= 3 && body[0] === 0;
  if (isExtended) {
    const length = body.length === 3 ? 0 : body.readUInt16BE(1);
    return { data: body.subarray(3, 3 + length), answerBytes: 0x10000 };
  }
  const length = body.length <= 1 ? 0 : body.readUInt8(0);
  return { data: body.subarray(1, 1 + length), answerBytes: shortAnswerBytes };
}
