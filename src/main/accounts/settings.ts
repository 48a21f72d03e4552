/** What Rolekey's configuration file holds. Unknown fields are refused by name: a typo must not be a silent default. */
import * as z from 'zod';
import type { Account } from '../../shared/model.ts';
import { accountIdSchema, accountSchema } from '../../shared/model.ts';
import { documentFormat } from './document-format.ts';

/** A new field is a new version: an older program must say `config-newer`, not "unknown field". */
const currentVersion = 1;

export const settingsSchema = z
  .strictObject({
    version: z.literal(currentVersion),
    /** In the order they are listed. */
    accounts: z.array(accountSchema),
    /** Which account the user allowed to take over a section that is not ours, by the section's name. */
    adoptions: z.array(z.strictObject({ account: z.string().min(1), awsProfile: z.string().min(1) })),
    /** PKCS#11 modules off the built-in list that the user confirmed, each as it was then. */
    confirmedModules: z.array(
      z.strictObject({
        path: z.string().min(1),
        sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 of 0-9, a-f'),
      }),
    ),
    /** AWS files that were not there before Rolekey wrote them. */
    createdFiles: z.array(z.string().min(1)),
    /** Accounts whose credentials had to leave the AWS files and could not: whoever comes next takes them away. */
    unemptied: z.array(accountIdSchema),
    /** Of the program itself; none yet. */
    settings: z.strictObject({}),
  })
  .superRefine(({ accounts }, context) => {
    const clash = findClash(accounts);
    if (clash === null) return;
    context.addIssue({
      code: 'custom',
      path: ['accounts', clash.index, clash.field],
      message: `is also that of account ${clash.earlier.id}`,
    });
  });

export type Settings = z.output<typeof settingsSchema>;

export const emptySettings: Settings = {
  version: currentVersion,
  accounts: [],
  adoptions: [],
  confirmedModules: [],
  createdFiles: [],
  unemptied: [],
  settings: {},
};

/** Nothing came before version 1. */
export const settingsFormat = documentFormat(currentVersion, settingsSchema, {});

export interface Clash {
  readonly field: 'id' | 'awsProfile';
  readonly earlier: Account;
  readonly later: Account;
  /** Of the later one. */
  readonly index: number;
}

/**
 * The first two accounts that cannot live together: one ID, or one AWS profile in the AWS files. Both file outlets
 * count as one, since SDKs read static keys before `credential_process` and so would serve one account as the other.
 */
export function findClash(accounts: readonly Account[]): Clash | null {
  const byId = new Map<string, Account>();
  const byProfile = new Map<string, Account>();
  for (const [index, later] of accounts.entries()) {
    const sameId = byId.get(later.id);
    if (sameId !== undefined) return { field: 'id', earlier: sameId, later, index };
    byId.set(later.id, later);
    if (!writesAwsFiles(later)) continue;
    const sameProfile = byProfile.get(later.awsProfile);
    if (sameProfile !== undefined) return { field: 'awsProfile', earlier: sameProfile, later, index };
    byProfile.set(later.awsProfile, later);
  }
  return null;
}

function writesAwsFiles({ outlet }: Account): boolean {
  return outlet === 'credential-process' || outlet === 'credentials-file';
}
