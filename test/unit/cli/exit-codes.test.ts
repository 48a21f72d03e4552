import { expect, it } from 'vitest';
import { errorTable, type ErrorCode } from '../../../src/shared/errors.ts';
import { exitCodeOf, exitCodes } from '../../../src/cli/exit-codes.ts';

/** The contract's table. */
const meanings = {
  ok: 0,
  failed: 1,
  usage: 2,
  needsHuman: 3,
  tokenAbsent: 4,
  refusedByAws: 5,
  noAgent: 6,
};

/** The contract's sentence "By error code", and the codes of ours that stand for one of its other rules. */
const rules: readonly (readonly [pattern: RegExp, exit: number])[] = [
  [/^(account-.*|arn-.*|duration-range|key-unknown|key-ambiguous)$/, 2],
  [/^(pin-.*|touch-needed)$/, 3],
  [/^token-absent$/, 4],
  [/^(aws-.*|clock-skew|identity-mismatch)$/, 5],
  [/^agent-.*$/, 6],
  [/^usage-invalid$/, 2], // "An unknown flag or command is exit 2."
  [/^not-connected$/, 3], // "not connected is exit 3"
  [/^passphrase-incorrect$/, 3], // the PIN of a key file: it needs a human like one
  [/.*/, 1],
];

it('the exit codes mean what the contract says', () => {
  expect(exitCodes).toEqual(meanings);
});

it.each(Object.keys(errorTable) as ErrorCode[])('%s exits as its rule says', (code) => {
  expect(exitCodeOf(code)).toBe(rules.find(([pattern]) => pattern.test(code))![1]);
});
