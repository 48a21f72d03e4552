/** Whether an agent writes the AWS files that this process’s environment names. */
import { realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { AppError } from '../shared/errors.ts';
import type { AgentInfo } from '../shared/model.ts';
import type { Paths } from '../shared/paths.ts';

/**
 * An agent goes on with the files it was started with, whatever a shell sets later. Who connects from that shell would
 * look for the credentials in files that stay empty.
 * @param agent what the agent says of itself. @param here the paths of who asks.
 * @throws AppError `agent-other-files`, naming the files of both.
 */
export function refuseOtherFiles(
  agent: Pick<AgentInfo, 'credentialsFile' | 'configFile'>,
  here: Pick<Paths, 'awsCredentialsFile' | 'awsConfigFile'>,
): void {
  const pairs = [
    { theirs: agent.credentialsFile, ours: here.awsCredentialsFile },
    { theirs: agent.configFile, ours: here.awsConfigFile },
  ].filter(({ theirs, ours }) => !isSameFile(theirs, ours));
  if (pairs.length === 0) return;
  const theirs = pairs.map((pair) => pair.theirs).join(' and ');
  const ours = pairs.map((pair) => pair.ours).join(' and ');
  throw new AppError('agent-other-files', {
    message: `The running Rolekey agent writes ${theirs}, but your environment names ${ours}.`,
  });
}

/** Whether two absolute paths lead to one file, also where there is none yet. */
export function isSameFile(one: string, other: string): boolean {
  if (one === other || realPath(one) === realPath(other)) return true;
  const [first, second] = [one, other].map((path) => identity(path));
  return first !== null && first === second;
}

/** With every symbolic link followed, as far as there is anything. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const folder = dirname(path);
    return folder === path ? path : join(realPath(folder), basename(path));
  }
}

/** What names a file whatever its paths are: hard links, bind mounts. Null where there is none. */
function identity(path: string): string | null {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${String(dev)}:${String(ino)}`;
  } catch {
    return null;
  }
}
