/**
 * `npm run bench:app`: what the app costs, on the Electron of the tests. Nothing here passes or fails.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { RunningApp } from '../support/desktop/app.ts';
import { Desktop } from '../support/desktop/desktop.ts';
import { until } from '../support/desktop/until.ts';
import { builtApp } from '../support/world/built-cli.ts';
import { pin, World } from '../support/world/world.ts';
import { duration, median, row, section } from './measure.ts';

const starts = 10;
const rings = 100;
/** How long CPU is counted, seconds. */
const watchSeconds = 20;

type Environment = Readonly<Record<string, string>>;

/** Resolves when the page says that it is ready: its list, or that there is none. */
async function open(desktop: Desktop, env: Environment): Promise<RunningApp> {
  const app = await desktop.launch({ app: builtApp(), env });
  const page = await app.window();
  await page.locator('main[aria-busy=false]').waitFor();
  return app;
}

function bundleFigures(): void {
  section('Renderer, as built');
  const folder = resolve('dist/renderer');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(folder, name)).isFile(),
  );
  for (const kind of ['.js', '.css', '.html']) {
    const contents = files
      .filter((name) => name.endsWith(kind))
      .map((name) => readFileSync(join(folder, name)));
    const bytes = contents.reduce((sum, content) => sum + content.length, 0);
    const zipped = contents.reduce((sum, content) => sum + gzipSync(content).length, 0);
    row(
      `${kind} of ${String(contents.length)} file(s)`,
      `${kilobytes(bytes)} kB`,
      `${kilobytes(zipped)} kB by gzip`,
    );
  }
}

async function startFigures(desktop: Desktop, env: Environment): Promise<void> {
  section(`Start to usable window, ${String(starts)} starts`);
  const times: number[] = [];
  for (let run = 0; run < starts; run += 1) {
    const started = performance.now();
    const app = await open(desktop, env);
    times.push(performance.now() - started);
    await app.stop();
  }
  row(
    'median (with Playwright at both debuggers)',
    duration(median(times)),
    `from ${duration(Math.min(...times))} to ${duration(Math.max(...times))}`,
  );
}

async function ringFigures(desktop: Desktop, world: World, env: Environment): Promise<void> {
  const configured = await manyAccounts(world, env);
  const app = await open(desktop, env);
  const connected = await world.rolekey(['connect', '--all', '--pin-stdin'], {
    env,
    stdin: `${pin}\n`,
    timeoutMs: 120_000,
  });
  if (connected.code !== 0) throw new Error(connected.stderr);
  const page = await app.window();
  await until(
    async () => (await page.locator('svg circle[stroke-dashoffset]').count()) === rings,
    'all rings',
    30_000,
  );
  section(`Memory with ${String(configured)} accounts connected`);
  for (const { type, name, workingSetSize } of await metricsOf(app)) {
    row(name === '' ? type : `${type} (${name})`, `${kilobytes(workingSetSize * 1024)} kB`);
  }
  section(`CPU while ${String(rings)} rings tick, ${String(watchSeconds)} s`);
  const [main, renderer] = [app.pid, await rendererOf(app)];
  const before = [cpuSeconds(main), cpuSeconds(renderer)];
  await new Promise((done) => setTimeout(done, watchSeconds * 1000));
  const after = [cpuSeconds(main), cpuSeconds(renderer)];
  for (const [index, name] of ['main process', 'renderer'].entries()) {
    const spent = (after[index] ?? 0) - (before[index] ?? 0);
    row(name, `${((100 * spent) / watchSeconds).toFixed(2)} % of one core`);
  }
  await app.stop();
}

/** By the file, since a command for each would take a minute. @returns how many there are. */
async function manyAccounts(world: World, env: Environment): Promise<number> {
  const flags = [...world.accountFlags('bench'), '--private-key', world.device.uri, '--outlet', 'none'];
  const added = await world.rolekey(['accounts', 'add', 'account-1', ...flags], { env });
  if (added.code !== 0) throw new Error(added.stderr);
  const [one] = ((await world.rolekey(['accounts', 'export'], { env })).json() as { accounts: object[] })
    .accounts;
  const copies = Array.from({ length: rings - 1 }, (_, index) => {
    const id = `account-${String(index + 2)}`;
    return { ...one, id, label: id, awsProfile: id };
  });
  await world.rolekey(['agent', 'stop'], { env });
  const file = join(env.XDG_CONFIG_HOME ?? '', 'rolekey', 'config.json');
  const stored = JSON.parse(readFileSync(file, 'utf8')) as { accounts: object[] };
  writeFileSync(file, JSON.stringify({ ...stored, accounts: [...stored.accounts, ...copies] }), {
    mode: 0o600,
  });
  return rings;
}

function metricsOf({
  electron,
}: RunningApp): Promise<{ type: string; name: string; workingSetSize: number; pid: number }[]> {
  return electron.evaluate(({ app }) =>
    app.getAppMetrics().map(({ type, name, serviceName, memory, pid }) => ({
      type,
      name: name ?? serviceName ?? '',
      workingSetSize: memory.workingSetSize,
      pid,
    })),
  );
}

function rendererOf({ electron }: RunningApp): Promise<number> {
  return electron.evaluate(
    ({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.getOSProcessId() ?? 0,
  );
}

/** User and system time of a process so far, as Linux counts it: in hundredths of a second. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function kilobytes(bytes: number): string {
  return Math.round(bytes / 1000).toLocaleString('en-US');
}

async function main(): Promise<void> {
  bundleFigures();
  const desktop = await Desktop.start();
  const world = await World.open();
  try {
    const env = { ...world.env, ...desktop.env };
    await startFigures(desktop, env);
    await ringFigures(desktop, world, env);
  } finally {
    await desktop.stop();
    await world.dispose();
  }
}

void main();
