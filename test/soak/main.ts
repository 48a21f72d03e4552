/**
 * `npm run soak -- --hours N [--scale 100] [--accounts 100] [--seed 1] [--calm 1500] [--log FILE]`: a laptop lives N hours in fast
 * motion, and what it did is judged. Exit 1 where a rule was broken, 2 for a wrong argument.
 */
import { parseArgs } from 'node:util';
import { judge } from './oracle.ts';
import { reportOf } from './report.ts';
import { soak, type SoakOptions } from './run.ts';

function readArguments(args: readonly string[]): SoakOptions {
  const text = { type: 'string' } as const;
  const options = { hours: text, scale: text, accounts: text, seed: text, calm: text, log: text };
  const { values } = parseArgs({ args: [...args], options });
  const number = (name: keyof typeof values, otherwise: number, least: number, most: number): number => {
    const value = Number(values[name] ?? otherwise);
    if (value >= least && value <= most) return value;
    throw new Error(`--${name} must be a number from ${String(least)} to ${String(most)}`);
  };
  return {
    hours: number('hours', 24, 0.1, 1000),
    scale: number('scale', 100, 1, 200),
    accounts: Math.round(number('accounts', 100, 5, 500)),
    seed: Math.round(number('seed', 1, 0, 2 ** 31)),
    calmMs: number('calm', 1500, 0, 600_000),
    tell: (line) => console.log(line),
    log: values.log ?? null,
  };
}

async function main(): Promise<void> {
  let options: SoakOptions;
  try {
    options = readArguments(process.argv.slice(2));
  } catch (error) {
    console.error(`soak: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 2;
    return;
  }
  const { hours, scale, seed, accounts } = options;
  const minutes = (hours * 60) / scale;
  console.log(`${String(hours)} hours at ${String(scale)} times the speed: ${minutes.toFixed(1)} minutes`);
  console.log(`Node ${process.version}, ${String(accounts)} accounts, seed ${String(seed)}`);
  const soaked = await soak(options);
  const violations = judge(soaked.journal);
  console.log(reportOf(soaked, violations));
  if (violations.length > 0) process.exitCode = 1;
}

void main();
