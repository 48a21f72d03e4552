/** What Rolekey's configuration file holds. Unknown fields are refused by name: a typo must not be a silent default. */
import * as z from 'zod';
import type { Account } from '../../shared/model.ts';
import { accountIdSchema, accountSchema } from '../../shared/model.ts';
import { documentFormat } from './document-format.ts';

/** A new field is a new version: an older program must say `config-newer`, not "unknown field". */
const currentVersion = 3;

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
    /** Tokens whose PIN is kept in the desktop's keyring: their names, and nothing of the PIN. */
    rememberedTokens: z.array(
      z.strictObject({
        serial: z.string(),
        label: z.string(),
        manufacturer: z.string(),
        model: z.string(),
        /** The PIN must not be used any more and is to be taken out of the keyring, which was not possible yet. */
        isForgotten: z.boolean(),
      }),
    ),
    /** Of the program itself. */
    settings: z.strictObject({
      /** Credentials in the AWS files stay there until they expire when the agent ends; the next one takes them up. */
      leaveCredentialsOnQuit: z.boolean(),
    }),
  })
  .superRefine(({ accounts }, context) => {
    const clash = findClash(accounts);
    if (clash === null) return;
    context.addIssue({
      code: 'custom',
      path: ['accounts', clash.index, clash.field],
      message: clashText(clash),
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
  rememberedTokens: [],
  settings: { leaveCredentialsOnQuit: false },
};

/** Version 1 knew no setting, version 2 remembered no PIN. */
export const settingsFormat = documentFormat(currentVersion, settingsSchema, {
  1: (document) => ({ ...document, settings: emptySettings.settings }),
  2: (document) => ({ ...document, rememberedTokens: emptySettings.rememberedTokens }),
});

/** What of an account decides whether it can live beside others. */
export type ClashFields = Pick<Account, 'id' | 'awsProfile' | 'outlet'>;

export interface Clash {
  readonly field: 'id' | 'awsProfile';
  readonly earlier: ClashFields;
  readonly later: ClashFields;
  /** Of the later one. */
  readonly index: number;
}

/** The first of {@link clashes}; null where all can live together. */
export function findClash(accounts: readonly ClashFields[]): Clash | null {
  return clashes(accounts)[0] ?? null;
}

/** The later one's field as a predicate, without a full stop. */
export function clashText({ earlier }: Clash): string {
  return `is also that of account ${earlier.id}`;
}

/**
 * Accounts that cannot live together: one ID, or one AWS profile in the AWS files. Both file outlets count as one, since
 * SDKs read static keys before `credential_process` and so would serve one account as the other.
 */
export function clashes(accounts: readonly ClashFields[]): Clash[] {
  const found: Clash[] = [];
  const byId = new Map<string, ClashFields>();
  const byProfile = new Map<string, ClashFields>();
  for (const [index, later] of accounts.entries()) {
    const sameId = byId.get(later.id);
    if (sameId === undefined) byId.set(later.id, later);
    else found.push({ field: 'id', earlier: sameId, later, index });
    if (!writesAwsFiles(later)) continue;
    const sameProfile = byProfile.get(later.awsProfile);
    if (sameProfile === undefined) byProfile.set(later.awsProfile, later);
    else found.push({ field: 'awsProfile', earlier: sameProfile, later, index });
  }
  return found;
}

function writesAwsFiles({ outlet }: ClashFields): boolean {
  return outlet === 'credential-process' || outlet === 'credentials-file';
}
