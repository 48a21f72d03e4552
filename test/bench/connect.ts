import { systemClock } from '../../src/main/node/clock.ts';
import { createNodeHttp } from '../../src/main/node/http.ts';
import type { Http } from '../../src/main/ports.ts';
import { createSession } from '../../src/main/sessions/create-session.ts';
import { ServerClock } from '../../src/main/sessions/server-clock.ts';
import type { World } from '../support/world/world.ts';
import { benchAccount, benchHuman, benchTokens } from './engine-parts.ts';
import { duration, median, row, section } from './measure.ts';

const runs = 60;

/** One connect as the engine does it: find the key, sign, ask AWS, check the answer. The token is logged in to. */
export async function connectFigures(world: World, rawSignatureMs: number): Promise<{ httpMs: number }> {
  section('Connect, against the local server');
  const account = benchAccount(world);
  const tokens = benchTokens(world);
  const nodeHttp = createNodeHttp({ caBundlePath: null });
  const spent = { sign: 0, http: 0 };
  const http: Http = { send: (request) => timed('http', () => nodeHttp.send(request)) };
  async function timed<T>(what: keyof typeof spent, work: () => Promise<T>): Promise<T> {
    const started = performance.now();
    try {
      return await work();
    } finally {
      spent[what] += performance.now() - started;
    }
  }

  await (await tokens.signer(account)).unlock(benchHuman);
  const serverClock = new ServerClock(systemClock);
  const environment = { rolesAnywhereUrl: null, useFips: false, useDualstack: false };
  const samples: { total: number; sign: number; http: number }[] = [];
  for (let run = 0; run < runs; run += 1) {
    spent.sign = 0;
    spent.http = 0;
    const started = performance.now();
    const signer = await tokens.signer(account);
    const { certificate, issuers } = signer;
    const timedSigner = {
      certificate,
      issuers,
      sign: (message: Uint8Array) => timed('sign', () => signer.sign(message)),
    };
    await createSession(
      { account, signer: timedSigner, environment },
      { clock: systemClock, http },
      serverClock,
    );
    samples.push({ total: performance.now() - started, ...spent });
  }
  await tokens.close();
  await nodeHttp.close();

  const total = median(samples.map((sample) => sample.total));
  const inHttp = median(samples.map((sample) => sample.http));
  const inSign = median(samples.map((sample) => sample.sign));
  const own = median(samples.map((sample) => sample.total - sample.http)) - rawSignatureMs;
  const share = (part: number): string => `${duration(part)}, ${((100 * part) / total).toFixed(0)} %`;
  row('find key, sign, CreateSession, check', duration(total));
  row('of it C_Sign (raw)', share(rawSignatureMs));
  row('of it HTTP', share(inHttp));
  row('of it our own code and the way to the host', share(own));
  row('  of which one signature through the host', duration(inSign));
  return { httpMs: inHttp };
}
