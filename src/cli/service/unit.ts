/** The systemd user unit of the agent, as text. Pure. */
import { AppError } from '../../shared/errors.ts';
import { fileMarker, refuseControl, type ServiceProgram } from './program.ts';

export const unitName = 'rolekey.service';

/** Load code into Node, weaken it, or send requests elsewhere: as for an agent that a command starts. */
const unset = [
  ...['NODE_OPTIONS', 'NODE_PATH', 'NODE_REPL_EXTERNAL_MODULE', 'NODE_TLS_REJECT_UNAUTHORIZED'],
  ...['AWS_ENDPOINT_URL_ROLESANYWHERE', 'AWS_ENDPOINT_URL_STS', 'AWS_ENDPOINT_URL_SIGNIN'],
];

/**
 * The unit file. Only directives that need no namespace of their own: a user manager may not be allowed any, and pcscd
 * asks polkit who a process is. Nothing forbids writable code (V8 and some PKCS#11 modules make it).
 * @throws AppError `cli-path-unsafe` where systemd cannot be told a path.
 */
export function unitText({ command, environment }: ServiceProgram): string {
  const [program, ...args] = command;
  for (const word of command) refuseControl(`The path ${JSON.stringify(word)}`, word);
  const variables = Object.entries(environment).map(([name, value]) => {
    refuseControl(name, value);
    return `Environment=${quoted(`${name}=${value}`)}`;
  });
  return `${[
    `# ${fileMarker}: written by “rolekey agent install”, which writes it anew, and removed by “rolekey agent uninstall”.`,
    '# Changes of your own belong into: systemctl --user edit rolekey.service',
    '[Unit]',
    'Description=Rolekey agent: AWS credentials from a hardware key',
    'StartLimitIntervalSec=300',
    'StartLimitBurst=5',
    '',
    '[Service]',
    'Type=exec',
    `ExecStart=${[programWord(program), ...args.map(argumentWord)].join(' ')}`,
    'WorkingDirectory=/',
    ...variables,
    `UnsetEnvironment=${unset.join(' ')}`,
    'Restart=on-failure',
    'RestartSec=5',
    '# The agent ends its token hosts itself, so that none is cut off within a login.',
    'KillMode=mixed',
    'TimeoutStopSec=30',
    'UMask=0077',
    '# A core dump could hold a PIN.',
    'LimitCORE=0',
    'NoNewPrivileges=yes',
    'LockPersonality=yes',
    'RestrictRealtime=yes',
    'RestrictSUIDSGID=yes',
    'SystemCallArchitectures=native',
    '',
    '[Install]',
    'WantedBy=default.target',
  ].join('\n')}\n`;
}

/** One word in double quotes (systemd.syntax(7), "Quoting"), with specifiers (systemd.unit(5)) taken out of force. */
function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replaceAll('%', '%%')}"`;
}

/** In arguments of a command line `$` begins a variable, too (systemd.service(5), "Command lines"). */
function argumentWord(text: string): string {
  return quoted(text.replaceAll('$', '$$$$'));
}

/**
 * The path of the program: no variable is looked for in it.
 * @throws AppError `cli-path-unsafe`: systemd takes no path with quotation marks or backslashes there, however written.
 */
function programWord(path: string): string {
  if (path.startsWith('/') && !/["'\\]/.test(path)) return quoted(path);
  throw new AppError('cli-path-unsafe', {
    message: `systemd cannot start ${path}.`,
    remedy: 'Install Node.js in an absolute path without quotation marks and backslashes.',
  });
}
