/** Processes as Linux shows them. */
import { readdirSync, readFileSync } from 'node:fs';

export interface RunningProcess {
  readonly pid: number;
  readonly argv: readonly string[];
  /** `NAME=value`, as it was started with. */
  readonly environment: readonly string[];
}

/** The processes that were started with `variable` (`NAME=value`) in their environment. */
export function processesWith(variable: string): RunningProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => ({
      pid: Number(pid),
      argv: strings(`/proc/${pid}/cmdline`),
      environment: strings(`/proc/${pid}/environ`),
    }))
    .filter(({ environment }) => environment.includes(variable));
}

function strings(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\0').slice(0, -1);
  } catch {
    return []; // it has ended meanwhile, or is another user's
  }
}

/** Asks the processes to end, waits for it, and ends by force what has not after three seconds. */
export async function endProcesses(find: () => readonly RunningProcess[]): Promise<void> {
  const signal = (name: NodeJS.Signals): void => {
    for (const { pid } of find()) {
      try {
        process.kill(pid, name);
      } catch {
        // It has ended meanwhile.
      }
    }
  };
  signal('SIGTERM');
  signal('SIGCONT'); // one that was stopped hears nothing else
  const deadline = Date.now() + 3000;
  while (find().length > 0) {
    if (Date.now() > deadline) signal('SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
