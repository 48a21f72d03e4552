/** The sessions this server has issued: their secrets, kept to judge the requests that are signed with them. */
import { randomBytes, randomInt } from 'node:crypto';
import { roleName, type Arn } from './arn.ts';
import { stableUuid } from './identity.ts';

export interface Session {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** Milliseconds since the epoch, whole seconds. */
  readonly expiresAt: number;
  readonly account: string;
  /** `arn:PARTITION:sts::ACCOUNT:assumed-role/ROLE/SESSION`. */
  readonly assumedRoleArn: string;
  /** `AROA...:SESSION`. */
  readonly assumedRoleId: string;
}

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const randomBase32 = (length: number): string =>
  Array.from({ length }, () => base32[randomInt(base32.length)]).join('');

/** How long an expired session is remembered, so that its use is answered with ExpiredToken; milliseconds. */
const remembered = 24 * 60 * 60 * 1000;

export class Sessions {
  readonly #byKeyId = new Map<string, Session>();

  /** A new session with random secrets that ends `seconds` after `now` (milliseconds since the epoch). */
  issue(role: Arn, sessionName: string, now: number, seconds: number): Session {
    for (const [keyId, { expiresAt }] of this.#byKeyId) {
      if (expiresAt + remembered < now) this.#byKeyId.delete(keyId);
    }
    const session: Session = {
      accessKeyId: `ASIA${randomBase32(16)}`,
      secretAccessKey: randomBytes(30).toString('base64'),
      sessionToken: `IQoJ${randomBytes(240).toString('base64')}`,
      expiresAt: (Math.floor(now / 1000) + seconds) * 1000,
      account: role.account,
      assumedRoleArn: `arn:${role.partition}:sts::${role.account}:assumed-role/${roleName(role)}/${sessionName}`,
      assumedRoleId: `${roleId(role)}:${sessionName}`,
    };
    this.#byKeyId.set(session.accessKeyId, session);
    return session;
  }

  find(accessKeyId: string): Session | undefined {
    return this.#byKeyId.get(accessKeyId);
  }
}

/** The same for the same role, as IAM's unique identifiers are. */
const roleId = (role: Arn): string =>
  `AROA${stableUuid(role.text).replaceAll('-', '').toUpperCase().replace(/[01]/g, 'A').replace(/[89]/g, 'Z').slice(0, 17)}`;
