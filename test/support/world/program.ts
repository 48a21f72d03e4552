/** Runs a program to its end. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

export interface ProgramOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** What it reads on standard input, then the end; nothing by default. It is a pipe, never a terminal. */
  readonly stdin?: string | undefined;
  /** It is killed after this time, milliseconds; 30,000 by default. */
  readonly timeoutMs?: number | undefined;
}

export interface Result {
  /** The exit code; 128 + signal where a signal ended it, as shells say. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** From start to end, milliseconds. */
  readonly ms: number;
  /** Standard output as JSON. @throws SyntaxError */
  json(): unknown;
}

/** @throws Error where it cannot be started, or has not ended in time. */
export async function runProgram(
  program: string,
  args: readonly string[],
  { env, cwd, stdin = '', timeoutMs = 30_000 }: ProgramOptions,
): Promise<Result> {
  const started = performance.now();
  const child = spawn(program, args, { env, cwd, stdio: 'pipe' });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => (output[stream] += text));
  }
  child.stdin.on('error', () => undefined); // it need not read what it is given
  child.stdin.end(stdin);
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (...end) => resolve(end));
  }).finally(() => clearTimeout(timer));
  const ms = performance.now() - started;
  if (signal === 'SIGKILL' && ms >= timeoutMs) {
    throw new Error(`${program} ${args.join(' ')} did not end in ${String(timeoutMs)} ms\n${output.stderr}`);
  }
  return {
    ...output,
    code: code ?? 128 + signalNumber(signal),
    ms,
    json: () => JSON.parse(output.stdout) as unknown,
  };
}

function signalNumber(signal: NodeJS.Signals | null): number {
  return signal === null ? 0 : constants.signals[signal];
}
