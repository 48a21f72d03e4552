/** Static keys in the user's AWS files, and the files without those of one profile. Pure: bytes in, bytes out. */
import { decodeLines, encodeLines, readLines } from '../outlets/ini-document.ts';
import type { Line } from '../outlets/ini-document.ts';
import { openFile, type Dialect } from '../outlets/section-file.ts';

/** The settings of one profile in one of the files; a profile may have several such places. */
export interface ProfilePlace {
  readonly profile: string;
  readonly path: string;
  /** Line of the header, counted from 1. */
  readonly line: number;
  /** Whom our marker names; null where there is none. */
  readonly accountId: string | null;
  /** Lower-case names with their values. A static key that is our own credentials is not in it. */
  readonly keys: ReadonlyMap<string, string>;
}

/** What makes static credentials (AWS SDKs reference, "AWS access keys"). */
const staticKeys: ReadonlySet<string> = new Set([
  'aws_access_key_id',
  'aws_secret_access_key',
  'aws_session_token',
  'aws_security_token',
  'x_security_token_expires',
]);

/** Every profile of a file. @throws AppError `file-undecodable`, `marker-damaged`. */
export function profilePlaces(path: string, bytes: Uint8Array | null, dialect: Dialect): ProfilePlace[] {
  return openFile(bytes, dialect).sections.flatMap(({ profile, line, accountId, body }) => {
    if (profile === null) return [];
    const keys = new Map<string, string>();
    for (const reading of readLines(body)) {
      if (reading.kind !== 'key' || (accountId !== null && isOurs(reading.key, dialect))) continue;
      keys.set(reading.key, reading.value);
    }
    return [{ profile, path, line, accountId, keys }];
  });
}

/** Whether static keys of the user's are among the settings. */
export function hasStaticKeys({ keys }: ProfilePlace): boolean {
  return keys.has('aws_access_key_id') || keys.has('aws_secret_access_key');
}

/** Whether the key is one of an IAM user or the root user, which lasts until it is deleted (IAM, "Unique identifiers"). */
export function isLongLived({ keys }: ProfilePlace): boolean {
  return (keys.get('aws_access_key_id') ?? '').startsWith('AKIA') && !keys.has('aws_session_token');
}

export interface WithoutKeys {
  readonly after: Uint8Array;
  /** The sections the keys stood in, as they were; empty where there are none to take. */
  readonly sections: string;
}

/**
 * The file without the static keys of the user's in one profile. Every other line stays, and what Rolekey wrote.
 * @throws AppError `file-undecodable`, `marker-damaged`.
 */
export function withoutStaticKeys(bytes: Uint8Array, dialect: Dialect, profile: string): WithoutKeys {
  const places = new Map(openFile(bytes, dialect).sections.map((section) => [section.line, section]));
  const { bom, lines } = decodeLines(bytes);
  const readings = readLines(lines);
  const kept: Line[] = [];
  let sections = '';
  let section: Line[] = [];
  let isMeant = false;
  let isManaged = false;
  let taking = false;
  let taken = false;
  const endSection = (): void => {
    if (taken) sections += section.map(({ text, end }) => `${text}${end === '' ? '\n' : end}`).join('');
    section = [];
    taken = false;
  };
  lines.forEach((line, index) => {
    const reading = readings[index];
    if (reading?.kind === 'header') {
      endSection();
      const place = places.get(index + 1);
      isMeant = place?.profile === profile;
      isManaged = place?.accountId !== null;
      taking = false;
    } else if (reading?.kind === 'key') {
      const { key } = reading;
      taking = isMeant && staticKeys.has(key) && !(isManaged && isOurs(key, dialect));
    }
    section.push(line);
    // A comment between a value and the line that continues it stays.
    const isLive = reading?.kind === 'key' || reading?.kind === 'continuation';
    if (taking && isLive) taken = true;
    else kept.push(line);
  });
  endSection();
  return { after: encodeLines({ bom, lines: kept }), sections };
}

/** Whether a key in a section of ours is one that Rolekey writes. */
function isOurs(key: string, dialect: Dialect): boolean {
  return dialect.keys.includes(key);
}
