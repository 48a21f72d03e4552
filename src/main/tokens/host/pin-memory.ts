/**
 * The PINs that tokens have accepted, for later logins on the same token. Only an accepted PIN comes in, a refused one
 * is wiped, and none is ever written anywhere.
 */
export class PinMemory {
  readonly #pins = new Map<string, Buffer>();

  keep(token: string, pin: string): void {
    this.wipe(token);
    this.#pins.set(token, Buffer.from(pin, 'utf8'));
  }

  has(token: string): boolean {
    return this.#pins.has(token);
  }

  get(token: string): string | null {
    return this.#pins.get(token)?.toString('utf8') ?? null;
  }

  wipeAll(): void {
    for (const token of [...this.#pins.keys()]) this.wipe(token);
  }

  wipe(token: string): void {
    this.#pins.get(token)?.fill(0);
    this.#pins.delete(token);
  }
}
