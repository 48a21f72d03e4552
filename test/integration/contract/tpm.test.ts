/** A key in a TPM, from the command line: the built product finds it, signs with it, and says what it lacks. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Tpm } from '../../support/tpm/tpm.ts';
import { pin, World } from '../../support/world/world.ts';
import { documentOf, success } from './expectations.ts';
import { connected, tokens } from './shapes.ts';

let world: World;
let tpm: Tpm;
let uri: string;

beforeAll(async () => {
  world = await World.open();
  tpm = await Tpm.create();
  const token = tpm.token('in-laptop', pin);
  token.generateKey('P-256', { id: '01', label: 'device' });
  const { pem } = world.authority.issue({
    subject: '/O=Example/OU=Laptops/CN=laptop-1',
    holder: { publicKey: token.publicKey({ id: '01' }) },
  });
  token.addCertificate(pem, { id: '01' });
});

afterEach(() => world.rolekey(['agent', 'stop']));

afterAll(async () => {
  await world.dispose();
  await tpm.dispose();
});

const list = async (env: Readonly<Record<string, string>>) =>
  success(await world.rolekey(['tokens', '--json'], { env }), tokens);

describe('a TPM', () => {
  it('is listed with its keys where the environment names its store', async () => {
    const { modules, tokens: found } = await list(tpm.environment);
    const token = found.find(({ kind }) => kind === 'tpm');
    expect(modules.find(({ path }) => path === token?.module)).toMatchObject({ ok: true, error: null });
    expect(token).toMatchObject({
      label: 'in-laptop',
      hardware: true,
      pin: { state: 'unknown', triesLeft: null },
    });
    expect(token?.keys).toMatchObject([{ id: '01', size: 'P-256', touch: 'never', usable: true }]);
    uri = token?.keys[0]?.uri ?? '';
  });

  it('signs for an account that names its key', async () => {
    const env = tpm.environment;
    const flags = [...world.accountFlags('by-tpm'), '--private-key', uri];
    expect((await world.rolekey(['accounts', 'add', 'by-tpm', ...flags], { env })).code).toBe(0);
    const words = ['connect', 'by-tpm', '--pin-stdin', '--json'];
    const { results } = success(await world.rolekey(words, { env, stdin: `${pin}\n` }), connected);
    expect(results).toMatchObject([{ account: 'by-tpm', state: { activity: 'idle', error: null } }]);
    expect(results[0]?.state.serving).not.toBeNull();
  });

  it('is not touched without a store, and nothing is written into the home directory', async () => {
    const { modules } = await list({});
    const error = { code: 'tpm-store-missing' };
    expect(modules.find(({ path }) => path.includes('tpm2'))).toMatchObject({ ok: false, error });
    const failed = await world.rolekey(['connect', 'by-tpm', '--json']);
    expect(failed.code).toBe(1);
    expect(documentOf(failed, connected).results).toMatchObject([{ state: { error } }]);
    expect(readdirSync(world.home)).not.toContain('.tpm2_pkcs11');
    expect(readdirSync(join(world.home, '.config'))).toEqual(['rolekey']);
  });
});
