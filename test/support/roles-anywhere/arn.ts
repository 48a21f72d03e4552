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

const uuid = '[0-9A-Za-z-]+';
const patterns: Readonly<Record<ArnKind, RegExp>> = {
  'trust-anchor': new RegExp(
    `^arn:(aws[a-z-]*):(rolesanywhere):([a-z0-9-]+):(\\d{12}):(trust-anchor)/(${uuid})$`,
  ),
  profile: new RegExp(`^arn:(aws[a-z-]*):(rolesanywhere):([a-z0-9-]+):(\\d{12}):(profile)/(${uuid})$`),
  // No region; a path between slashes, then a name of at most 64 characters. Which characters IAM takes in a name is
  // not asked here: a role that cannot exist is an unknown one.
  role: /^arn:(aws[a-z-]*):(iam):():(\d{12}):(role)\/((?:[\x21-\x7e]+\/)?[\x21-\x2e\x30-\x7e]{1,64})$/,
};

/** The ARN if it is one of that kind, else null. */
export function parseArn(text: string, kind: ArnKind): Arn | null {
  const parts = patterns[kind].exec(text);
  if (parts === null) return null;
  const [, partition, service, region, account, , id] = parts;
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
