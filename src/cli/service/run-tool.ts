/** Runs a tool of the service manager to its end. */
import { execFile } from 'node:child_process';

export interface ToolResult {
  /** The exit code; null where there is no such tool, or it did not end in time. */
  readonly code: number | null;
  readonly stderr: string;
}

export type RunTool = (program: string, args: readonly string[]) => Promise<ToolResult>;

/** Stopping a service waits until the agent has disconnected every account, milliseconds. */
const toolTimeoutMs = 60_000;

/** Never throws: what a tool cannot do is told by its result. */
export const runTool: RunTool = (program, args) =>
  new Promise((resolve) => {
    const child = execFile(program, args, { timeout: toolTimeoutMs }, (error, _stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      resolve({ code: typeof code === 'number' ? code : null, stderr });
    });
    child.stdin?.end();
  });
