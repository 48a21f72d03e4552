/** The accounts of the soak: every mix of key, outlet and duration that there is. */

export interface FleetToken {
  /** Label and name of its key's certificate. */
  readonly label: string;
  /** 0 or 1: the module, and so the token host, it is behind. */
  readonly module: number;
}

export const fleetTokens: readonly FleetToken[] = [
  { label: 'soak-a', module: 0 },
  { label: 'soak-b', module: 0 },
  { label: 'soak-c', module: 1 },
];

export interface FleetAccount {
  readonly id: string;
  /** Null: its key is a file. */
  readonly token: FleetToken | null;
  readonly outlet: 'credentials-file' | 'credential-process' | 'none';
  /** Seconds. */
  readonly durationSeconds: number;
}

const durations = [900, 900, 1800, 3600, 7200, 43_200];
const outlets = ['credentials-file', 'credentials-file', 'credential-process', 'none'] as const;

/** One in five has a key in a file; the others share the tokens. */
export function makeFleet(count: number): FleetAccount[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `soak-${String(index).padStart(3, '0')}`,
    token: index % 5 === 4 ? null : fleetTokens[index % fleetTokens.length]!,
    outlet: outlets[Math.floor(index / 3) % outlets.length]!,
    durationSeconds: durations[Math.floor(index / 2) % durations.length]!,
  }));
}
