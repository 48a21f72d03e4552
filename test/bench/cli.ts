import { spawnSync } from 'node:child_process';
import type { World } from '../support/world/world.ts';
import { duration, measurePairs, row, section } from './measure.ts';

const runs = 30;

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
}
