/** What a path is to the user who runs us. */
import { access, constants, readFile, stat } from 'node:fs/promises';
import type { PathLook } from '../tokens/tpm-setup.ts';

const nothing: PathLook = { exists: false, usable: false, group: null, members: [] };

/** Follows links. A path that cannot be seen is nothing. */
export async function lookAtPath(path: string): Promise<PathLook> {
  const stats = await stat(path).catch(() => null);
  if (stats === null) return nothing;
  const usable = await access(path, constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
  return { exists: true, usable, ...(await groupOf(stats.gid)) };
}

/** Of /etc/group (group(5)): groups that only a directory service knows have no name here. */
async function groupOf(gid: number): Promise<Pick<PathLook, 'group' | 'members'>> {
  const text = await readFile('/etc/group', 'utf8').catch(() => '');
  for (const line of text.split('\n')) {
    const [name = '', , id, members = ''] = line.split(':');
    if (id === String(gid)) return { group: name, members: members.split(',').filter(Boolean) };
  }
  return { group: null, members: [] };
}
