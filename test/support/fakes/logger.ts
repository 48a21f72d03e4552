/** A log that is kept in memory. */
export interface LogEntry {
  readonly level: 'info' | 'warn' | 'error';
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export class FakeLogger {
  readonly entries: LogEntry[] = [];

  log(level: LogEntry['level'], event: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.entries.push({ level, event, fields });
  }
}
