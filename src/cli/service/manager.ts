/** What Rolekey needs of a service manager. */
import type { ServiceProgram } from './program.ts';
import type { RunTool } from './run-tool.ts';

export interface Taken {
  /** Whether the agent runs as its service now. */
  readonly started: boolean;
  /** What is left to do, or to know, as sentences; empty where there is nothing. */
  readonly notes: readonly string[];
}

export interface ServiceManager {
  /** Absolute path of the service's file. */
  readonly path: string;
  /** @throws AppError `cli-path-unsafe`. */
  text(program: ServiceProgram): string;
  /**
   * Has the manager read the file, and start what it says now and with every login.
   * @param changed whether the file was written just now. @param otherRuns whether an agent runs that is no service.
   */
  take(run: RunTool, changed: boolean, otherRuns: boolean): Promise<Taken>;
  /** Ends the service, before its file is removed. */
  stop(run: RunTool): Promise<void>;
  /** Has the manager forget it, after that. @returns further files that were removed. */
  forget(run: RunTool): Promise<readonly string[]>;
}

/** Where an agent runs that is no service: that one lives on. */
export function otherGoesOn(startCommand: string): string {
  return `An agent runs already and goes on; the service’s starts with your next login, or now with: rolekey agent stop; then: ${startCommand}.`;
}

/** Where what runs was started from an older file. */
export function startsAnewWith(restartCommand: string): string {
  return `The agent goes on as it was started; what changed counts from its next start: ${restartCommand}.`;
}

/** What a tool said, on one line. */
export function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? '';
}
