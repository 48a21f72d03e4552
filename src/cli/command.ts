/** What a command is: its words, its flags and where its work is. */

export interface FlagSpec {
  readonly type: 'string' | 'boolean';
  readonly multiple?: true;
  /** The command does not run without it. */
  readonly required?: true;
  /** The placeholder of a string's value. */
  readonly value?: string;
  readonly help: string;
}

/** The parsed command line. */
export interface Invocation {
  /** The words before `--` that are no flags, without the command's own. */
  readonly words: readonly string[];
  /** Everything behind `--`; null where there was none. */
  readonly rest: readonly string[] | null;
  readonly flags: Flags;
}

/** Flags by name as typed readers, so that a command never meets a value of another type. */
export class Flags {
  readonly #values: Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;

  constructor(
    values: Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>,
  ) {
    this.#values = values;
  }

  on(name: string): boolean {
    return this.#values[name] === true;
  }

  text(name: string): string | null {
    const value = this.#values[name];
    return typeof value === 'string' ? value : null;
  }

  texts(name: string): readonly string[] {
    const value = this.#values[name];
    return Array.isArray(value) ? value.map(String) : [];
  }
}

export interface CommandSpec {
  /** `connect`, `accounts add` ... */
  readonly name: string;
  readonly summary: string;
  /** The words it takes, for the help: `ID...`. */
  readonly words: string;
  readonly minWords: number;
  readonly maxWords: number;
  readonly takesRest?: true;
  readonly flags: Readonly<Record<string, FlagSpec>>;
  /** Loads the work; nothing of it is evaluated before. */
  readonly load: () => Promise<Work>;
}

/** Does the work and answers the exit code. */
export type Work = (invocation: Invocation, terminal: Terminal) => Promise<number>;

/** Everything a command may know of the process that runs it. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly directory: string;
  /** What the user typed, for who-asked texts: `rolekey connect`. */
  readonly commandName: string;
  readonly json: boolean;
  /** Whether a person can be asked: standard input is a terminal. */
  readonly interactive: boolean;
  /** Prints one JSON document (with `version: 1` put first) or, without --json, the text for people. */
  print(document: object, text: () => string): void;
  /** Prints as it is, to standard output. */
  write(text: string): void;
  /** One line to standard error, whatever the text holds. */
  say(text: string): void;
}
