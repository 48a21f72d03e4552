/** What exists on the AWS side: trust anchors, profiles and roles, looked up by ARN. */
import { keyUsageBit, parsePemCertificates, type Certificate } from './certificate.ts';
import { parsePemCrl, type Crl } from './crl.ts';

export interface TrustAnchor {
  readonly certificates: readonly Certificate[];
  readonly enabled: boolean;
  /** The enabled revocation lists. */
  readonly crls: readonly Crl[];
}

export interface Profile {
  readonly enabled: boolean;
  readonly durationSeconds: number;
  readonly acceptRoleSessionName: boolean;
  allows(roleArn: string): boolean;
}

export interface Role {
  readonly maxSessionDuration: number;
  /**
   * What the trust policy demands: `SourceArn`, or a certificate's field such as `x509Subject/CN`, `x509Issuer/O`,
   * `x509SAN/DNS`, each with the values it may have.
   */
  readonly condition: Readonly<Record<string, readonly string[]>>;
}

export interface Account {
  trustAnchor(arn: string): TrustAnchor | undefined;
  profile(arn: string): Profile | undefined;
  role(arn: string): Role | undefined;
}

/** @throws Error where a certificate of the bundle cannot be a trust anchor, in AWS's words. */
export function readTrustAnchor(
  pem: string,
  { enabled = true, crls = [] }: { readonly enabled?: boolean; readonly crls?: readonly string[] } = {},
): TrustAnchor {
  const certificates = parsePemCertificates(pem);
  for (const certificate of certificates) {
    if (!isAuthority(certificate)) throw new Error('Incorrect basic constraints for CA certificate');
  }
  return { certificates, enabled, crls: crls.map(parsePemCrl) };
}

/** CA:TRUE, and keyCertSign. */
export const isAuthority = (certificate: Certificate): boolean =>
  certificate.basicConstraints?.ca === true && certificate.keyUsage?.has(keyUsageBit.keyCertSign) === true;

/** An account that knows every ARN, with one trust anchor and the widest limits AWS allows. */
export function openAccount(trustAnchorPem: string, crls: readonly string[] = []): Account {
  const anchor = readTrustAnchor(trustAnchorPem, { crls });
  const profile: Profile = {
    enabled: true,
    durationSeconds: 43_200,
    acceptRoleSessionName: true,
    allows: () => true,
  };
  const role: Role = { maxSessionDuration: 43_200, condition: {} };
  return { trustAnchor: () => anchor, profile: () => profile, role: () => role };
}

export interface AccountDescription {
  readonly trustAnchors: readonly {
    readonly arn: string;
    /** PEM of one or two CA certificates. */
    readonly certificates: string;
    readonly enabled?: boolean | undefined;
    /** PEM of each enabled list. */
    readonly crls?: readonly string[] | undefined;
  }[];
  readonly profiles: readonly {
    readonly arn: string;
    readonly roleArns: readonly string[];
    readonly durationSeconds?: number | undefined;
    readonly acceptRoleSessionName?: boolean | undefined;
    readonly enabled?: boolean | undefined;
  }[];
  readonly roles: readonly {
    readonly arn: string;
    readonly maxSessionDuration?: number | undefined;
    readonly condition?: Readonly<Record<string, readonly string[]>> | undefined;
  }[];
}

/** An account that knows what is described and nothing else; AWS's defaults. */
export function describedAccount(description: AccountDescription): Account {
  const anchors = new Map(
    description.trustAnchors.map(({ arn, certificates, enabled = true, crls = [] }) => [
      arn,
      readTrustAnchor(certificates, { enabled, crls }),
    ]),
  );
  const profiles = new Map(
    description.profiles.map((profile) => [
      profile.arn,
      {
        enabled: profile.enabled ?? true,
        durationSeconds: profile.durationSeconds ?? 3600,
        acceptRoleSessionName: profile.acceptRoleSessionName ?? false,
        allows: (roleArn: string) => profile.roleArns.includes(roleArn),
      },
    ]),
  );
  const roles = new Map(
    description.roles.map(({ arn, maxSessionDuration = 3600, condition = {} }) => [
      arn,
      { maxSessionDuration, condition },
    ]),
  );
  return {
    trustAnchor: (arn) => anchors.get(arn),
    profile: (arn) => profiles.get(arn),
    role: (arn) => roles.get(arn),
  };
}
