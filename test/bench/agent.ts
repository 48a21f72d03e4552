/** A running agent with a hundred accounts on one token. */
import { watch } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { AgentSocket } from '../soak/agent-socket.ts';
import type { World } from '../support/world/world.ts';
import { duration, measure, perSecond, row, section } from './measure.ts';
import { bareNodeBytes, cpuMs, residentBytes } from './processes.ts';

const accounts = 100;
const idleSeconds = 60;
/** Of the sessions that are to be renewed before one's eyes, seconds. */
const shortSession = 40;

interface Processes {
  readonly agent: number;
  readonly host: number;
}

/** @param spent what is subtracted from a connect: one signature and one round trip, milliseconds. */
export async function agentFigures(
  world: World,
  spent: { readonly signMs: number; readonly httpMs: number },
): Promise<void> {
  section(`Agent with ${String(accounts)} accounts connected, on one token`);
  await world.rolekey(['agent', 'stop']);
  await world.startAgent();
  const socket = new AgentSocket(join(world.directory, 'run', 'rolekey', 'agent.sock'));
  const ids = Array.from({ length: accounts }, (_, index) => `many-${String(index)}`);
  for (const id of ids) await add(world, socket, id);
  const [first = ''] = ids;
  await world.connect(first);
  await clickFigures(socket, first, spent);
  await world.connect(...ids);
  const processes = processesOf(world);
  await pause(2000);
  await memoryFigures(processes);
  await idleFigures(processes);
  await servedFigures(socket, processes, ids);
  await renewalFigures(world, processes, ids);
  socket.close();
}

/** Half of them have their credentials in the credentials file. */
async function add(world: World, socket: AgentSocket, id: string): Promise<void> {
  const arn = 'arn:aws:rolesanywhere:eu-central-1:123456789012';
  const fields = {
    roleArn: `arn:aws:iam::123456789012:role/${id}`,
    profileArn: `${arn}:profile/0a1b2c3d-1111-4222-8333-944455556666`,
    trustAnchorArn: `${arn}:trust-anchor/7b6f1d0e-1111-4222-8333-944455556666`,
    keys: [world.device.uri],
    endpoint: world.server.url,
    outlet: Number(id.at(-1)) % 2 === 0 ? 'none' : 'credentials-file',
  };
  await socket.must('accounts-add', { id, fields, adopt: false, allowDefault: false, dryRun: false });
}

function processesOf(world: World): Processes {
  const running = world.processes();
  const pidOf = (isIt: (argv: readonly string[]) => boolean): number =>
    running.find(({ argv }) => isIt(argv))?.pid ?? 0;
  return {
    agent: pidOf((argv) => argv[1] === world.cli && argv[2] === 'agent'),
    host: pidOf(
      (argv) =>
        (argv[1] ?? '').endsWith('token-host.cjs') && basename(argv[2] ?? '') === basename(world.hsm.module),
    ),
  };
}

async function clickFigures(
  socket: AgentSocket,
  id: string,
  { signMs, httpMs }: { readonly signMs: number; readonly httpMs: number },
): Promise<void> {
  const select = { accounts: [id] };
  const times: number[] = [];
  for (let run = 0; run < 40; run += 1) {
    await socket.must('disconnect', { select });
    const { median } = await measure(1, () => socket.must('connect', { select, timeoutMs: 0 }), 0);
    times.push(median);
  }
  const total = times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
  row('click to credentials, the PIN known', duration(total));
  row('  less one signature and one round trip', duration(total - signMs - httpMs), 'goal: under 15 ms');
}

async function memoryFigures({ agent, host }: Processes): Promise<void> {
  const bare = await bareNodeBytes();
  row('memory of a bare Node', megabytes(bare));
  for (const [name, pid, goal] of [
    ['memory of the agent', agent, '2.5'],
    ['memory of its token host', host, '1.2'],
  ] as const) {
    const bytes = residentBytes(pid);
    row(name, megabytes(bytes), `ratio ${(bytes / bare).toFixed(2)} (goal: at most ${goal})`);
  }
}

async function idleFigures({ agent, host }: Processes): Promise<void> {
  const before = [cpuMs(agent), cpuMs(host)];
  await pause(idleSeconds * 1000);
  const after = [cpuMs(agent), cpuMs(host)];
  for (const [index, name] of ['agent', 'token host'].entries()) {
    const share = ((after[index] ?? 0) - (before[index] ?? 0)) / (idleSeconds * 10);
    row(
      `idle CPU of the ${name}, ${String(idleSeconds)} s`,
      `${share.toFixed(3)} % of a core`,
      'goal: under 0.2 %',
    );
  }
}

/** Clients are in this process: what the agent itself could do is told by its CPU time. */
async function servedFigures(
  socket: AgentSocket,
  { agent }: Processes,
  ids: readonly string[],
): Promise<void> {
  const seconds = 5;
  let served = 0;
  const before = cpuMs(agent);
  const until = performance.now() + seconds * 1000;
  await Promise.all(
    Array.from({ length: 8 }, async (_, client) => {
      for (let turn = client; performance.now() < until; turn += 1) {
        await socket.must('credentials', { account: ids[turn % ids.length] });
        served += 1;
      }
    }),
  );
  row('credentials served, 8 connections', perSecond(served / seconds));
  row('  by the agent’s own CPU time', `${perSecond((served * 1000) / (cpuMs(agent) - before))} of a core`);
}

/** All of them at once, since they were all connected at once. */
async function renewalFigures(
  world: World,
  { agent, host }: Processes,
  ids: readonly string[],
): Promise<void> {
  const { server } = world;
  await world.rolekey(['disconnect', '--all']);
  server.faults.add({ kind: 'session-seconds', seconds: shortSession, times: ids.length });
  await world.connect(...ids);
  const connected = server.requests.length;
  let writes = 0;
  const watcher = watch(dirname(world.credentialsFile), (_event, name) => {
    if (name === 'credentials') writes += 1;
  });
  const before = [cpuMs(agent), cpuMs(host)];
  const arrived: number[] = [];
  for (const until = Date.now() + shortSession * 1000; Date.now() < until;) {
    while (arrived.length < server.requests.length - connected) arrived.push(performance.now());
    if (arrived.length >= ids.length) break;
    await pause(5);
  }
  await pause(500);
  const after = [cpuMs(agent), cpuMs(host)];
  watcher.close();
  const renewals = server.requests.slice(connected);
  const signatures = new Set(renewals.map(({ signature }) => signature)).size;
  const wall = (arrived.at(-1) ?? 0) - (arrived[0] ?? 0);
  row(`renewing ${String(renewals.length)} accounts, first request to last`, duration(wall));
  row('  CPU of the agent', duration((after[0] ?? 0) - (before[0] ?? 0)));
  row('  CPU of the token host', duration((after[1] ?? 0) - (before[1] ?? 0)));
  row('  signatures', String(signatures));
  row('  writes of the credentials file', String(writes), `${String(ids.length / 2)} accounts are in it`);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
