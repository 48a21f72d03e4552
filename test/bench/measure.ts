/** Timing by repetition: medians, not single runs, since machines are shared and noisy. */

export interface Samples {
  /** Milliseconds each run took, sorted. */
  readonly times: readonly number[];
  readonly median: number;
}

/** Runs `work` a few times unmeasured, then `runs` times. */
export async function measure(runs: number, work: () => unknown, warmUp = 3): Promise<Samples> {
  for (let run = 0; run < warmUp; run += 1) await work();
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const started = performance.now();
    await work();
    times.push(performance.now() - started);
  }
  return samplesOf(times);
}

/**
 * Two works in turn, so that a machine that slows down slows both.
 * @returns their samples and the median of the ratios first / second, pair by pair.
 */
export async function measurePairs(
  runs: number,
  first: () => unknown,
  second: () => unknown,
): Promise<{ first: Samples; second: Samples; ratio: number }> {
  await first();
  await second();
  const pairs: [number, number][] = [];
  for (let run = 0; run < runs; run += 1) {
    const started = performance.now();
    await first();
    const between = performance.now();
    await second();
    pairs.push([between - started, performance.now() - between]);
  }
  return {
    first: samplesOf(pairs.map(([a]) => a)),
    second: samplesOf(pairs.map(([, b]) => b)),
    ratio: median(pairs.map(([a, b]) => a / b)),
  };
}

export function samplesOf(times: readonly number[]): Samples {
  const sorted = [...times].sort((a, b) => a - b);
  return { times: sorted, median: median(sorted) };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** `1.23 ms`, `456 µs`. */
export function duration(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  return ms >= 1 ? `${ms.toFixed(2)} ms` : `${(ms * 1000).toFixed(0)} µs`;
}

export function perSecond(count: number): string {
  return `${Math.round(count).toLocaleString('en-US')}/s`;
}

export function section(title: string): void {
  console.log(`\n${title}`);
}

export function row(name: string, value: string, goal?: string): void {
  console.log(`  ${name.padEnd(58)} ${value.padEnd(22)}${goal === undefined ? '' : ` ${goal}`}`.trimEnd());
}
