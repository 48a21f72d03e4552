/** A program a desktop consists of: started until it says that it is ready, ended with the desktop. */
import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';

/**
 * @param readyOn the file descriptor it writes to when it is ready: 1 or 3.
 * @returns the process and the first line it wrote there.
 * @throws Error when it ends before that, or is not installed.
 */
export async function startHelper(
  command: string,
  args: readonly string[],
  readyOn: 1 | 3,
): Promise<{ child: ChildProcess; line: string }> {
  const pipeAt = (fd: number): 'pipe' | 'ignore' => (fd === readyOn ? 'pipe' : 'ignore');
  const child = spawn(command, args, { stdio: ['ignore', pipeAt(1), 'pipe', pipeAt(3)] });
  let said = '';
  let complaint = '';
  child.stderr?.on('data', (chunk: Buffer) => (complaint = chunk.toString().trim()));
  const ready = child.stdio[readyOn] as Readable;
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) =>
      reject(new Error(`${command} ended with ${String(code)} before it was ready: ${complaint}`)),
    );
    ready.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes('\n')) resolve();
    });
  });
  return { child, line: said.split('\n')[0] ?? '' };
}

/** Ends it, and waits until it has ended. */
export async function endHelper(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill();
  await gone;
}
