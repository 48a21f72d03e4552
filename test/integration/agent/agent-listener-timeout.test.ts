/** Waits out what the listener allows a client; apart, since most of it is waiting. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createAgentListener } from '../../../src/main/node/agent-listener.ts';

const root = mkdtempSync(join(tmpdir(), 'rolekey-slow-'));
const socket = join(root, 'run', 'agent.sock');
const listener = createAgentListener(socket);

beforeAll(async () => {
  await listener.listen(async () => ({ status: 200, headers: {}, body: '' }));
});
afterAll(async () => {
  await listener.close();
  rmSync(root, { recursive: true, force: true });
});

// A client has 10 s to send its request.
it.concurrent.each([
  ['nothing', ''],
  ['half a head', 'POST /v1/x HTTP/1.1\r\nHost: x\r\n'],
  ['half a body', 'POST /v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf'],
])('a client that sends %s is ended in time', { timeout: 60_000 }, async (_, text) => {
  const started = performance.now();
  const client = connect(socket);
  client.on('error', () => undefined).resume();
  client.write(text);
  await new Promise((resolve) => client.on('close', resolve));
  expect(performance.now() - started).toBeLessThan(15_000);
});
