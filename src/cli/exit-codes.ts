/** Exit codes of the command line's contract (docs/cli.md), by error code. */
import type { ErrorCode } from '../shared/errors.ts';

export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  needsHuman: 3,
  tokenAbsent: 4,
  refusedByAws: 5,
  noAgent: 6,
} as const;

const exact: Partial<Record<ErrorCode, number>> = {
  'duration-range': exitCodes.usage,
  'key-unknown': exitCodes.usage,
  'key-ambiguous': exitCodes.usage,
  'usage-invalid': exitCodes.usage,
  'touch-needed': exitCodes.needsHuman,
  'passphrase-incorrect': exitCodes.needsHuman,
  'not-connected': exitCodes.needsHuman,
  'token-absent': exitCodes.tokenAbsent,
  'clock-skew': exitCodes.refusedByAws,
  'identity-mismatch': exitCodes.refusedByAws,
};

const families: readonly (readonly [prefix: string, exit: number])[] = [
  ['account-', exitCodes.usage],
  ['arn-', exitCodes.usage],
  ['pin-', exitCodes.needsHuman],
  ['aws-', exitCodes.refusedByAws],
  ['agent-', exitCodes.noAgent],
];

export function exitCodeOf(code: ErrorCode): number {
  return exact[code] ?? families.find(([prefix]) => code.startsWith(prefix))?.[1] ?? exitCodes.failed;
}
