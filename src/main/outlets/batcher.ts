/** Gathers what is asked for while a write is under way, so that a hundred renewals are a few writes and not a hundred. */

interface Waiting<Item> {
  readonly item: Item;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class Batcher<Item> {
  readonly #write: (items: readonly Item[]) => Promise<unknown>;
  #waiting: Waiting<Item>[] = [];
  #writing = false;

  /** @param write all of the items or none; given them in the order they were added. */
  constructor(write: (items: readonly Item[]) => Promise<unknown>) {
    this.#write = write;
  }

  /** Resolves when the item was written. @throws what the write of this item throws. */
  async add(item: Item): Promise<void> {
    const written = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
    });
    if (!this.#writing) void this.#run();
    return written;
  }

  async #run(): Promise<void> {
    this.#writing = true;
    await Promise.resolve(); // what is added in the same turn is of the same batch
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      await this.#writeAll(batch);
    }
    this.#writing = false;
  }

  /** Where a batch is refused each item is tried alone: one account's fault must not hold the others up. */
  async #writeAll(batch: readonly Waiting<Item>[]): Promise<void> {
    try {
      await this.#write(batch.map(({ item }) => item));
      for (const { resolve } of batch) resolve();
    } catch (error) {
      if (batch.length === 1) for (const { reject } of batch) reject(error);
      else for (const one of batch) await this.#writeAll([one]);
    }
  }
}
