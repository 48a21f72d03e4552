import { spawnSync } from 'node:child_process';
import type { World } from '../support/world/world.ts';
import { duration, measurePairs, row, section } from './measure.ts';

const runs = 30;
/** Major version. */
const newerNode = '24';

export async function cliFigures(world: World): Promise<void> {
  section('Command line, whole processes in turn');
  await world.addAccount('bench');
  await world.connect('bench');
  const call = (program: string, ...args: string[]): void => {
    const { status, stderr } = spawnSync(program, args, { env: { ...world.env }, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
  };
  const bareNode = (): void => call(process.execPath, '-e', '0');
  for (const [name, args, goal] of [
    ['rolekey --version', ['--version'], 'goal: at most 1.2'],
    ['rolekey credential-process', ['credential-process', '--account', 'bench'], 'goal: at most 1.3'],
  ] as const) {
    const { first, second, ratio } = await measurePairs(runs, () => call(world.cli, ...args), bareNode);
    row(
      name,
      `${duration(first.median)} against ${duration(second.median)}`,
      `ratio ${ratio.toFixed(2)} (${goal})`,
    );
  }
  await newerNodeFigures(world);
}

/** The same on another Node, which npm has. */
async function newerNodeFigures(world: World): Promise<void> {
  const name = `rolekey credential-process, Node ${newerNode}`;
  const exec = ['exec', '--yes', `--package=node@${newerNode}`, '--', 'node', '-p', 'process.execPath'];
  const { status, stdout, stderr } = spawnSync('npm', exec, {
    cwd: world.directory, // not this checkout, whose packages npm would look at first
    encoding: 'utf8',
    timeout: 180_000,
  });
  const node = stdout.trim().split('\n').at(-1) ?? '';
  if (status !== 0 || node === '') {
    row(name, 'not measured', `npm does not give it: ${stderr.trim().split('\n').at(-1) ?? ''}`);
    return;
  }
  const call = (...args: string[]): void => {
    const result = spawnSync(node, args, { env: { ...world.env }, encoding: 'utf8' });
    if (result.status !== 0) throw new Error(`${node} ${args.join(' ')}: ${result.stderr}`);
  };
  const { first, second, ratio } = await measurePairs(
    runs,
    () => call(world.cli, 'credential-process', '--account', 'bench'),
    () => call('-e', '0'),
  );
  row(
    name,
    `${duration(first.median)} against ${duration(second.median)}`,
    `ratio ${ratio.toFixed(2)} (goal: at most 1.3)`,
  );
}
