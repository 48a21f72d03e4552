/** The file of `--account-config`: what exists on the AWS side, as JSON. Format: README.md beside. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { describedAccount, type Account } from './account.ts';
import { parseArn, type ArnKind } from './arn.ts';

const arn = (kind: ArnKind) =>
  z.string().refine((text) => parseArn(text, kind) !== null, { error: `not the ARN of a ${kind}` });

const unique = <T extends { readonly arn: string }>(items: z.ZodType<T>) =>
  z.array(items).refine((list) => new Set(list.map((item) => item.arn)).size === list.length, {
    error: 'an ARN occurs twice',
  });

const conditionKey = /^(SourceArn|x509(Subject|Issuer)\/.+|x509SAN\/(DNS|URI|Name)(\/.+)?)$/;

const schema = z.strictObject({
  trustAnchors: unique(
    z.strictObject({
      arn: arn('trust-anchor'),
      certificateFile: z.string().optional(),
      enabled: z.boolean().optional(),
      crls: z
        .array(z.strictObject({ file: z.string(), enabled: z.boolean().default(true) }))
        .max(2, { error: 'AWS takes at most 2 CRLs per trust anchor' })
        .optional(),
    }),
  ),
  profiles: unique(
    z.strictObject({
      arn: arn('profile'),
      roleArns: z.array(arn('role')).max(250, { error: 'AWS takes at most 250 roles per profile' }),
      durationSeconds: z.int().min(900).max(43_200).optional(),
      acceptRoleSessionName: z.boolean().optional(),
      enabled: z.boolean().optional(),
    }),
  ),
  roles: unique(
    z.strictObject({
      arn: arn('role'),
      maxSessionDuration: z.int().min(3600).max(43_200).optional(),
      condition: z.record(z.string().regex(conditionKey), z.array(z.string()).min(1)).optional(),
    }),
  ),
});

/**
 * The account of a configuration file; paths in it are relative to the file.
 * @param trustAnchorFile the certificates of trust anchors that name no file of their own.
 * @throws Error with a message for people: which file, which member, what is wrong.
 */
export function readAccountConfig(file: string, trustAnchorFile: string | null): Account {
  try {
    const config = schema.parse(JSON.parse(readFileSync(file, 'utf8')));
    const read = (path: string): string => readFileSync(resolve(dirname(file), path), 'utf8');
    return describedAccount({
      ...config,
      trustAnchors: config.trustAnchors.map(({ certificateFile, crls = [], ...anchor }) => ({
        ...anchor,
        certificates: anchorCertificates(anchor.arn, certificateFile, trustAnchorFile, read),
        crls: crls.filter(({ enabled }) => enabled).map((crl) => read(crl.file)),
      })),
    });
  } catch (error) {
    throw new Error(`${file}: ${describe(error)}`, { cause: error });
  }
}

function anchorCertificates(
  name: string,
  own: string | undefined,
  common: string | null,
  read: (path: string) => string,
): string {
  if (own !== undefined) return read(own);
  if (common !== null) return readFileSync(common, 'utf8');
  throw new Error(`${name} has no certificateFile, and --trust-anchor is not given`);
}

function describe(error: unknown): string {
  if (error instanceof z.ZodError) return z.prettifyError(error);
  return error instanceof Error ? error.message : String(error);
}
