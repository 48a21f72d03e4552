export interface Arn {
  readonly text: string;
  readonly partition: string;
  readonly service: string;
  readonly region: string;
  readonly account: string;
  /** `trust-anchor`, `profile` or `role`. */
  readonly kind: string;
  /** What follows the kind: an identifier, or a role's path and name. */
  readonly id: string;
}

export type ArnKind = 'trust-anchor' | 'profile' | 'role';

/** AWS's partitions by how the names of their regions begin; every other region is one of `aws`. */
const partitions: readonly (readonly [id: string, regions: RegExp])[] = [
  ['aws-cn', /^cn-/],
  ['aws-us-gov', /^us-gov-/],
  ['aws-iso', /^us-iso-/],
  ['aws-iso-b', /^us-isob-/],
  ['aws-iso-e', /^eu-isoe-/],
  ['aws-iso-f', /^us-isof-/],
  ['aws-eusc', /^eusc-/],
];
const partitionOf = (region: string): string =>
  partitions.find(([, regions]) => regions.test(region))?.[0] ?? 'aws';
const isPartition = (id: string): boolean => id === 'aws' || partitions.some(([known]) => known === id);

const uuid = '[0-9A-Za-z-]+';
const patterns: Readonly<Record<ArnKind, RegExp>> = {
  'trust-anchor': new RegExp(
    `^arn:([a-z-]+):(rolesanywhere):([a-z0-9-]+):(\\d{12}):(trust-anchor)/(${uuid})$`,
  ),
  profile: new RegExp(`^arn:([a-z-]+):(rolesanywhere):([a-z0-9-]+):(\\d{12}):(profile)/(${uuid})$`),
  // No region; a path between slashes, then a name of at most 64 characters. Which characters IAM takes in a name is
  // asked later (mayExist): a role that cannot exist is an unknown one.
  role: /^arn:([a-z-]+):(iam):():(\d{12}):(role)\/((?:[\x21-\x7e]+\/)?[\x21-\x2e\x30-\x7e]{1,64})$/,
};

/** The ARN if it is one of that kind, of a partition that AWS has and a region of that partition; else null. */
export function parseArn(text: string, kind: ArnKind): Arn | null {
  const parts = patterns[kind].exec(text);
  if (parts === null) return null;
  const [, partition, service, region, account, , id] = parts;
  if (!isPartition(partition!) || (region !== '' && partitionOf(region!) !== partition)) return null;
  return {
    text,
    partition: partition!,
    service: service!,
    region: region!,
    account: account!,
    kind,
    id: id!,
  };
}

/** A role's name without its path. */
export const roleName = (role: Arn): string => role.id.slice(role.id.lastIndexOf('/') + 1);

/** Whether IAM takes a role of that name. */
export const mayExist = (role: Arn): boolean => /^[\w+=,.@-]+$/.test(roleName(role));
