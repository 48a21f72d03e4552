import { spawnSync } from 'node:child_process';
import { pin, region, type World } from '../support/world/world.ts';
import { duration, measurePairs, row, section } from './measure.ts';

const runs = 20;
const helper = 'aws_signing_helper';

/** AWS's own helper on the same key and server: it signs and asks AWS at every call. */
export async function helperFigures(world: World): Promise<void> {
  section('Against aws_signing_helper, whole processes in turn');
  if (spawnSync(helper, ['version'], { stdio: 'ignore' }).error !== undefined) {
    for (const name of ['rolekey credential-process', 'rolekey disconnect and connect']) {
      row(name, 'not measured', `${helper} is not on PATH`);
    }
    return;
  }
  const call = (program: string, args: readonly string[]): void => {
    const { status, stderr } = spawnSync(program, args, {
      env: { ...process.env, ...world.env, PATH: process.env.PATH },
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`${program} ${args[0] ?? ''}: ${stderr}`);
  };
  const theirs = (): void => call(helper, helperArguments(world));
  const cached = (): void => call(world.cli, ['credential-process', '--account', 'bench']);
  const anew = (): void => {
    call(world.cli, ['disconnect', 'bench']);
    call(world.cli, ['connect', 'bench']);
  };
  for (const [name, ours] of [
    ['rolekey credential-process', cached],
    ['rolekey disconnect and connect', anew],
  ] as const) {
    const { first, second, ratio } = await measurePairs(runs, ours, theirs);
    row(name, `${duration(first.median)} against ${duration(second.median)}`, `ratio ${ratio.toFixed(2)}`);
  }
}

/** The PIN is that of a token that lives as long as the benchmark. */
function helperArguments(world: World): string[] {
  const arn = `arn:aws:rolesanywhere:${region}:123456789012`;
  return [
    'credential-process',
    ...['--certificate', world.device.certificate.file],
    ...['--private-key', `${world.device.uri}?pin-value=${pin}`],
    ...['--pkcs11-lib', world.hsm.module],
    ...['--role-arn', 'arn:aws:iam::123456789012:role/bench'],
    ...['--profile-arn', `${arn}:profile/0a1b2c3d-1111-4222-8333-944455556666`],
    ...['--trust-anchor-arn', `${arn}:trust-anchor/7b6f1d0e-1111-4222-8333-944455556666`],
    ...['--endpoint', world.server.url],
  ];
}
