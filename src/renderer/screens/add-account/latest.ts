/** Asks once a pause has come, and takes the answer to the latest question alone, in whatever order answers come. */
import type { Timers } from '../../timers.ts';

export class Latest<Input, Output> {
  readonly #timers: Timers;
  readonly #pauseMs: number;
  readonly #call: (input: Input) => Promise<Output>;
  #asked = 0;
  #undo: () => void = () => undefined;

  /** @param pauseMs how long nothing new must be asked before a question goes out, milliseconds. */
  constructor(timers: Timers, pauseMs: number, call: (input: Input) => Promise<Output>) {
    this.#timers = timers;
    this.#pauseMs = pauseMs;
    this.#call = call;
  }

  ask(input: Input, take: (output: Output) => void): void {
    this.drop();
    const number = this.#asked;
    this.#undo = this.#timers.after(this.#pauseMs, () => void this.#send(input, number, take));
  }

  /** Nothing that was asked is wanted any more. */
  drop(): void {
    this.#asked += 1;
    this.#undo();
  }

  async #send(input: Input, number: number, take: (output: Output) => void): Promise<void> {
    const output = await this.#call(input);
    if (number === this.#asked) take(output);
  }
}
