/** Collects where what we make differs from what a vector expects. */
export class Comparison {
  readonly differences: string[] = [];
  readonly #expected: Readonly<Record<string, unknown>>;
  readonly #compared = new Set<string>();

  constructor(expected: Readonly<Record<string, unknown>>) {
    this.#expected = expected;
  }

  /** What the vector says of a field, where it says anything. */
  expected(field: string): unknown {
    this.#compared.add(field);
    return this.#expected[field];
  }

  /** Compares a field where the vector has it. */
  field(field: string, actual: string | boolean): void {
    const expected = this.expected(field);
    if (expected !== undefined && expected !== actual) {
      this.differences.push(`${field}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`);
    }
  }

  /** Counts against the vector unless `holds`. */
  claim(what: string, holds: boolean): void {
    if (!holds) this.differences.push(what);
  }

  /** Fields of the vector nobody asked for. */
  uncompared(): string[] {
    return Object.keys(this.#expected).filter((field) => !this.#compared.has(field));
  }
}
