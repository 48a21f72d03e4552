import fc from 'fast-check';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createAccountStore } from '../../../src/main/accounts/account-store.ts';
import { settingsFormat } from '../../../src/main/accounts/settings.ts';
import { createSettingsFile } from '../../../src/main/node/settings-file.ts';
import type { Account } from '../../../src/shared/model.ts';
import { isAppError } from '../../../src/shared/errors.ts';
import { sampleAccount } from './sample.ts';

const name = fc.constantFrom<string[]>('a', 'b', 'c', 'd');
const account = fc
  .record({
    id: name,
    awsProfile: name,
    outlet: fc.constantFrom('credential-process', 'credentials-file', 'none'),
  })
  .map(({ id, awsProfile, outlet }) =>
    sampleAccount(id, { awsProfile, outlet: outlet as Account['outlet'] }),
  );
const step = fc.oneof(
  fc.record({ add: fc.array(account, { maxLength: 3 }) }),
  fc.record({ replace: account }),
  fc.record({ remove: fc.array(name, { maxLength: 3 }) }),
);

/** What the accounts must be, or null where the step must be refused; written without the store's own rules. */
function model(
  before: readonly Account[],
  change: typeof step extends fc.Arbitrary<infer S> ? S : never,
): Account[] | null {
  if ('remove' in change) {
    const known = change.remove.every((id) => before.some((each) => each.id === id));
    return known ? before.filter(({ id }) => !change.remove.includes(id)) : null;
  }
  let after: Account[];
  if ('add' in change) after = [...before, ...change.add];
  else if (before.some(({ id }) => id === change.replace.id)) {
    after = before.map((each) => (each.id === change.replace.id ? change.replace : each));
  } else return null;
  const seen = after.flatMap(({ id, awsProfile, outlet }) => [
    `id ${id}`,
    ...(outlet === 'none' ? [] : [`in ${awsProfile}`]),
  ]);
  return new Set(seen).size === seen.length ? after : null;
}

it('any sequence of changes leaves a file that another process reads as the accounts it should', () => {
  const directory = mkdtempSync(join(tmpdir(), 'rolekey-store-'));
  try {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
        rmSync(join(directory, 'config.json'), { force: true });
        const store = createAccountStore(createSettingsFile(directory, settingsFormat));
        let expected: readonly Account[] = [];
        for (const change of steps) {
          const next = model(expected, change);
          try {
            if ('add' in change) store.add(change.add, false);
            else if ('replace' in change) store.replace(change.replace, true);
            else store.remove(change.remove);
            expect(next).not.toBeNull();
          } catch (error) {
            if (!isAppError(error)) throw error;
            expect(next).toBeNull();
          }
          expected = next ?? expected;
          const reread = createAccountStore(createSettingsFile(directory, settingsFormat));
          expect(reread.list()).toEqual(expected);
        }
        if (expected.length > 0) JSON.parse(readFileSync(join(directory, 'config.json'), 'utf8'));
      }),
      { numRuns: 60 },
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
