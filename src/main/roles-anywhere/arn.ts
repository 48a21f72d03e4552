/** The three ARNs of an account: their grammar, and whether they belong together. */
import { AppError } from '../../shared/errors.ts';
import { findPartition } from './partition.ts';
import type { Partition } from './partition.ts';
import { quoted } from './quoted.ts';

/** `arn:PARTITION:iam::ACCOUNT:role/PATH/NAME`. */
export interface RoleArn {
  readonly text: string;
  readonly partition: Partition;
  readonly account: string;
  /** `/`, or `/team/a/`: with the slash at either end, as IAM has it. */
  readonly path: string;
  readonly name: string;
}

/** `arn:PARTITION:rolesanywhere:REGION:ACCOUNT:profile/ID`, or `trust-anchor/ID`. */
export interface RolesAnywhereArn {
  readonly text: string;
  readonly partition: Partition;
  readonly region: string;
  readonly account: string;
  readonly id: string;
}

export interface Arns {
  readonly role: RoleArn;
  readonly profile: RolesAnywhereArn;
  readonly trustAnchor: RolesAnywhereArn;
}

/** `arn:PARTITION:sts::ACCOUNT:assumed-role/ROLE-NAME/SESSION-NAME`, the identity a session acts under. */
export interface AssumedRoleArn {
  readonly partition: string;
  readonly account: string;
  readonly roleName: string;
  readonly sessionName: string;
}

type Kind = 'role' | 'profile' | 'trust anchor';

const forms: Record<Kind, string> = {
  role: 'arn:PARTITION:iam::ACCOUNT:role/NAME',
  profile: 'arn:PARTITION:rolesanywhere:REGION:ACCOUNT:profile/ID',
  'trust anchor': 'arn:PARTITION:rolesanywhere:REGION:ACCOUNT:trust-anchor/ID',
};

/**
 * Name and path follow IAM (API reference, Role: `RoleName`, `Path`).
 * @throws AppError `arn-malformed`, saying what is wrong.
 */
export function parseRoleArn(text: string): RoleArn {
  const { partition, region, account, resource } = split('role', text, 'iam');
  if (region !== '') throw malformed('role', text, 'a role has no region, so nothing stands there');
  if (!resource.startsWith('role/')) throw wrongResource('role', text, resource, 'role');
  const end = resource.lastIndexOf('/') + 1;
  const path = resource.slice('role'.length, end);
  const name = resource.slice(end);
  if (!/^[!-~]+$/.test(path)) throw malformed('role', text, 'a path has no space and no letter beyond ASCII');
  if (path.length > 512) throw malformed('role', text, 'the path is longer than 512 characters');
  if (!/^[\w+=,.@-]{1,64}$/.test(name)) {
    throw malformed('role', text, 'a role’s name is 1 to 64 of letters, digits and + = , . @ - _');
  }
  return { text, partition, account, path, name };
}

/** @throws AppError `arn-malformed`, saying what is wrong. */
export function parseProfileArn(text: string): RolesAnywhereArn {
  return parseRolesAnywhereArn('profile', text, 'profile');
}

/** @throws AppError `arn-malformed`, saying what is wrong. */
export function parseTrustAnchorArn(text: string): RolesAnywhereArn {
  return parseRolesAnywhereArn('trust anchor', text, 'trust-anchor');
}

/**
 * Every way in which ARNs and region do not belong together, each an AppError `arn-mismatch`; none where they do.
 * The trust anchor is the measure: a profile works only with an anchor of its own account and region, and names roles
 * of its own account only (IAM Roles Anywhere user guide). `region` is the account's field and must be the anchor's:
 * it is where the request goes and what its signature is scoped to.
 */
export function disagreements({ role, profile, trustAnchor }: Arns, region: string): AppError[] {
  const found = [
    difference('profile', profile, trustAnchor) ??
      mismatch('profile', 'region', profile.region, trustAnchor.region),
    difference('role', role, trustAnchor),
    regionDifference(region, trustAnchor),
  ];
  return found.filter((error) => error !== null);
}

/** Null where the text is no such ARN. */
export function parseAssumedRoleArn(text: string): AssumedRoleArn | null {
  const match = /^arn:([a-z-]+):sts::(\d{12}):assumed-role\/([\w+=,.@-]+)\/([\w+=,.@-]+)$/.exec(text);
  if (match === null) return null;
  const [, partition = '', account = '', roleName = '', sessionName = ''] = match;
  return { partition, account, roleName, sessionName };
}

/** Whether an identity is a session of `role`. STS leaves the role's path out of it. */
export function isSessionOf(role: RoleArn, identity: AssumedRoleArn): boolean {
  return (
    identity.partition === role.partition.id &&
    identity.account === role.account &&
    identity.roleName === role.name
  );
}

function parseRolesAnywhereArn(kind: Kind, text: string, resourceType: string): RolesAnywhereArn {
  const { partition, region, account, resource } = split(kind, text, 'rolesanywhere');
  if (!partition.regions.test(region)) {
    throw malformed(kind, text, `${quoted(region)} is no region of partition ${partition.id}`);
  }
  const slash = resource.indexOf('/');
  const id = resource.slice(slash + 1);
  if (slash < 0 || resource.slice(0, slash) !== resourceType) {
    throw wrongResource(kind, text, resource, resourceType);
  }
  // AWS's own are UUIDs; the preflight warns of others instead of guarding AWS's grammar for it.
  if (!/^[A-Za-z0-9-]{1,64}$/.test(id)) {
    throw malformed(kind, text, `${quoted(id)} is no ID such as 1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d`);
  }
  return { text, partition, region, account, id };
}

/** The parts every ARN has. A colon may stand in the resource (it may in a role's path). */
function split(
  kind: Kind,
  text: string,
  service: string,
): { partition: Partition; region: string; account: string; resource: string } {
  const match = /^arn:([^:]*):([^:]*):([^:]*):([^:]*):(.*)$/s.exec(text);
  if (match === null) throw malformed(kind, text, 'it has not the six parts of an ARN');
  const [, id = '', itsService = '', region = '', account = '', resource = ''] = match;
  const partition = findPartition(id);
  if (partition === null) throw malformed(kind, text, `AWS has no partition ${quoted(id)}`);
  if (itsService !== service) {
    throw malformed(kind, text, `its service is ${quoted(itsService)}, not ${service}`);
  }
  if (!/^\d{12}$/.test(account)) {
    throw malformed(kind, text, `the account ${quoted(account)} is not 12 digits`);
  }
  return { partition, region, account, resource };
}

function wrongResource(kind: Kind, text: string, resource: string, type: string): AppError {
  return malformed(kind, text, `it names ${quoted(resource)}, not ${type}/…`);
}

function malformed(kind: Kind, text: string, why: string): AppError {
  return new AppError('arn-malformed', {
    message: `The ${kind} ARN ${quoted(text)} is not valid: ${why}.`,
    remedy: `Its form is ${forms[kind]}.`,
  });
}

function difference(
  kind: 'profile' | 'role',
  arn: RoleArn | RolesAnywhereArn,
  anchor: RolesAnywhereArn,
): AppError | null {
  return (
    mismatch(kind, 'partition', arn.partition.id, anchor.partition.id) ??
    mismatch(kind, 'account', arn.account, anchor.account)
  );
}

function mismatch(kind: Kind, part: string, value: string, expected: string): AppError | null {
  if (value === expected) return null;
  return new AppError('arn-mismatch', {
    message: `The ${kind} is of ${part} ${value}, the trust anchor of ${part} ${expected}.`,
  });
}

/** A FIPS pseudo-region names a host, never a region: in a signature's scope it would break the signature. */
function regionDifference(region: string, anchor: RolesAnywhereArn): AppError | null {
  if (region === anchor.region) return null;
  const plain = region.replace(/^fips-|-fips$/, '');
  if (plain !== region) {
    return new AppError('arn-mismatch', {
      message: `${quoted(region)} is the name of a FIPS endpoint, not a region.`,
      remedy: `Give region ${anchor.region} and turn FIPS endpoints on.`,
    });
  }
  return new AppError('arn-mismatch', {
    message: `The region is ${quoted(region)}, the trust anchor is of ${anchor.region}.`,
    remedy: `Leave the region out, or give ${anchor.region}.`,
  });
}
