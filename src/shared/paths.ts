/**
 * Where Rolekey keeps its things: the table of the command line's contract (docs/cli.md), as a pure function.
 */

/** What decides the paths: taken from `process` by the caller. */
export interface Surroundings {
  readonly platform: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Numeric user id; 0 where the platform has none. */
  readonly uid: number;
  readonly home: string;
}

export interface Paths {
  /** The folder of `config.json`. */
  readonly configFolder: string;
  readonly logFile: string;
  /** The agent's socket; on Windows a named pipe. */
  readonly socket: string;
  /** The folder of the socket: must be the user's own, mode 0700 and no link. */
  readonly runtimeFolder: string;
  /** The user's AWS files. */
  readonly awsCredentialsFile: string;
  readonly awsConfigFile: string;
}

export function pathsOf(here: Surroundings): Paths {
  const windows = here.platform === 'win32';
  const join = (...parts: string[]): string => parts.join(windows ? '\\' : '/');
  const set = (name: string): string | undefined => {
    const value = here.env[name];
    return value === undefined || value === '' ? undefined : value;
  };
  // The XDG specification tells to ignore relative paths.
  const xdg = (name: string): string | undefined => {
    const value = set(name);
    return value?.startsWith('/') === true ? value.replace(/\/+$/, '') : undefined;
  };
  const own = (xdgName: string, ...underHome: string[]): string => {
    const base = xdg(xdgName);
    if (base !== undefined) return join(base, 'rolekey');
    if (windows) return join(set('APPDATA') ?? join(here.home, 'AppData', 'Roaming'), 'Rolekey');
    if (here.platform === 'darwin') return join(here.home, 'Library', 'Application Support', 'Rolekey');
    return join(here.home, ...underHome, 'rolekey');
  };

  const runtimeBase = xdg('XDG_RUNTIME_DIR');
  const socket =
    set('ROLEKEY_SOCKET') ??
    join(
      runtimeBase === undefined
        ? `${(set('TMPDIR') ?? '/tmp').replace(/\/+$/, '')}/rolekey-${String(here.uid)}`
        : `${runtimeBase}/rolekey`,
      'agent.sock',
    );
  return {
    configFolder: set('ROLEKEY_CONFIG_DIR') ?? own('XDG_CONFIG_HOME', '.config'),
    logFile: join(own('XDG_STATE_HOME', '.local', 'state'), 'rolekey.log'),
    socket,
    runtimeFolder: folderOf(socket),
    awsCredentialsFile: set('AWS_SHARED_CREDENTIALS_FILE') ?? join(here.home, '.aws', 'credentials'),
    awsConfigFile: set('AWS_CONFIG_FILE') ?? join(here.home, '.aws', 'config'),
  };
}

/** `dirname` of POSIX, for a path that does not end in a slash. */
function folderOf(path: string): string {
  const end = path.lastIndexOf('/');
  return end === -1 ? '.' : path.slice(0, Math.max(end, 1));
}
