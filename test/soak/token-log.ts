/** Reads what counting-module.c wrote. */
import { readFileSync } from 'node:fs';
import type { TokenCall } from './journal.ts';

/** Every call of the logs, by time. A token that was pulled out is told by its slot, which it keeps. */
export function readTokenLogs(paths: readonly string[]): TokenCall[] {
  const lines = paths.flatMap((path) => {
    const rows = readFileSync(path, 'utf8').split('\n').slice(0, -1);
    return rows.map((row) => row.trimEnd().split(' '));
  });
  const labels = new Map<string, string>();
  for (const [, , slot = '', , , label] of lines) if (label !== undefined) labels.set(slot, label);
  return lines
    .map(([call, pid, slot = '', result, at]) => ({
      call: call === 'login' ? ('login' as const) : ('sign' as const),
      pid: Number(pid),
      token: labels.get(slot) ?? `slot ${slot}`,
      result: Number(result),
      at: Number(at),
    }))
    .sort((a, b) => a.at - b.at);
}
