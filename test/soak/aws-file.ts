/** The credentials file as a program that is not Rolekey reads it. */

export interface Section {
  readonly accessKeyId: string;
  /** Milliseconds since the epoch. */
  readonly expiration: number;
}

/** The sections that have credentials with an expiry, by profile. */
export function sectionsOf(text: string): Map<string, Section> {
  const sections = new Map<string, Section>();
  for (const part of text.split(/^(?=\[)/m)) {
    const profile = /^\[([^\]]+)\]/.exec(part)?.[1];
    const accessKeyId = /^aws_access_key_id = (\S+)$/m.exec(part)?.[1];
    const expires = /^x_security_token_expires = (\S+)$/m.exec(part)?.[1];
    if (profile !== undefined && accessKeyId !== undefined && expires !== undefined) {
      sections.set(profile, { accessKeyId, expiration: Date.parse(expires) });
    }
  }
  return sections;
}

const ours =
  /(?:^|\n)\n?\[(soak-\d+)\]\n# managed by rolekey: \1\n(?:(?:aws_access_key_id|aws_secret_access_key|aws_session_token|x_security_token_expires) = \S+(?:\n|$)){4}/;

/** What is left of the file when every section of the contract's form is struck out. */
export function withoutOurs(text: string): string {
  let left = text;
  for (;;) {
    const shorter = left.replace(ours, '\n');
    if (shorter === left) return left.replace(/\n+$/, '\n');
    left = shorter;
  }
}
