/** Whether another user could change what lies at a path. */
import { lstat, readlink, stat } from 'node:fs/promises';
import { dirname, join, parse } from 'node:path';

/** What says who may change a part of a path. */
export interface PathPart {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  isDirectory(): boolean;
}

export interface Reader {
  readonly platform: NodeJS.Platform;
  readonly uid: number | undefined;
}

const writableByGroup = 0o020;
const writableByAll = 0o002;
const sticky = 0o1000;

/** On a Mac wheel and admin: who is in one of them becomes root anyway, and Homebrew’s folders are admin’s. */
const trustedGroupsOfMac = [0, 80];

/** As many as Linux follows. */
const maxLinks = 40;

/**
 * Null where root or we own a part of a path, and nobody else may write to it. A folder that others write to is taken if it
 * is sticky: in it only owners rename, and the next part of the path has a trusted one.
 */
export function unsafePart(path: string, part: PathPart, { platform, uid }: Reader): string | null {
  if (part.uid !== 0 && part.uid !== uid) return `${path} belongs to another user`;
  const hasTrustedGroup = platform === 'darwin' && trustedGroupsOfMac.includes(part.gid);
  const byOthers = hasTrustedGroup ? writableByAll : writableByGroup | writableByAll;
  const guarded = part.isDirectory() && (part.mode & sticky) !== 0;
  return (part.mode & byOthers) !== 0 && !guarded ? `${path} can be written by other users` : null;
}

/**
 * Why another user could change what is read at a path: its file, a folder above it, or a link on the way there, with the
 * folders above that. Null where nobody could.
 * @param path absolute and there.
 */
export async function unsafeReason(
  path: string,
  reader: Reader = { platform: process.platform, uid: process.getuid?.() },
): Promise<string | null> {
  const { root } = parse(path);
  const seen = new Set<string>();
  let links = 0;
  let real = root;
  const judge = async (place: string): Promise<string | null> => {
    if (seen.has(place)) return null;
    seen.add(place);
    return unsafePart(place, await stat(place), reader);
  };
  const rest = partsOf(path);
  for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
    const unsafe = await judge(real);
    if (unsafe !== null) return unsafe;
    if (name === '..') {
      real = dirname(real);
      continue;
    }
    const next = join(real, name);
    const stats = await lstat(next);
    if (!stats.isSymbolicLink()) {
      real = next;
      continue;
    }
    // Its mode says nothing.
    const unsafeLink = unsafePart(next, { ...owners(stats), mode: 0, isDirectory: () => false }, reader);
    if (unsafeLink !== null) return unsafeLink;
    links += 1;
    if (links > maxLinks) return `${path} leads through too many links`;
    const target = await readlink(next);
    if (target.startsWith('/')) real = root;
    rest.unshift(...partsOf(target));
  }
  return judge(real);
}

function owners({ uid, gid }: PathPart): { readonly uid: number; readonly gid: number } {
  return { uid, gid };
}

function partsOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}
