/** A program at a pseudo-terminal, as a person has it: made by util-linux's `script`. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import type { ProgramOptions } from './program.ts';

export interface TerminalOptions extends Omit<ProgramOptions, 'stdin'> {
  /** Standard output goes to this file in place of the terminal. */
  readonly stdoutFile?: string | undefined;
}

export class Terminal {
  /** The exit code. */
  readonly ended: Promise<number>;
  readonly #script: ChildProcessWithoutNullStreams;
  #output = '';
  #wake: () => void = () => undefined;

  constructor(command: readonly string[], { env, cwd, stdoutFile, timeoutMs = 30_000 }: TerminalOptions) {
    const redirection = stdoutFile === undefined ? '' : ` >${quoted(stdoutFile)}`;
    const line = `exec ${command.map(quoted).join(' ')}${redirection}`;
    // The terminal echoes what is typed, as terminals do, until the program turns that off.
    const args = ['--quiet', '--return', '--flush', '--echo', 'always', '--command', line, '/dev/null'];
    const script = spawn('script', args, { env: { ...env, SHELL: '/bin/sh' }, cwd });
    this.#script = script;
    script.stdin.on('error', () => undefined);
    for (const stream of [script.stdout, script.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
        this.#wake();
      });
    }
    const timer = setTimeout(() => script.kill('SIGKILL'), timeoutMs);
    this.ended = new Promise((resolve, reject) => {
      script.on('error', reject);
      script.on('close', (code) => {
        clearTimeout(timer);
        this.#wake();
        if (code === null) reject(new Error(`It did not end in ${String(timeoutMs)} ms:\n${this.#output}`));
        else resolve(code);
      });
    });
    this.ended.catch(() => undefined); // told to whoever waits for it
  }

  /** Everything the terminal has shown. */
  get output(): string {
    return this.#output;
  }

  /** Waits until it has shown `text`, behind `from` characters. @returns the place behind it. */
  async shows(text: string, from = 0): Promise<number> {
    for (;;) {
      const at = this.#output.indexOf(text, from);
      if (at >= 0) return at + text.length;
      if (this.#script.exitCode !== null) throw new Error(`It ended without “${text}”:\n${this.#output}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Presses the keys; `\r` is Enter, `\u0003` Ctrl-C. */
  type(keys: string): void {
    this.#script.stdin.write(keys);
  }
}

/** One word to a POSIX shell. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
