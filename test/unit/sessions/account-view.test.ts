import { expect, it } from 'vitest';
import { viewOf } from '../../../src/main/sessions/account-view.ts';
import { World } from './service-world.ts';

const certificate = { sha256: 'ab'.repeat(32), notBefore: 1_700_000_000_000, notAfter: 1_800_000_000_000 };

it('tells of an account what its last key was and how far the clock is off', async () => {
  const world = new World({ a: 'T' });
  await world.connect('a');
  const view = viewOf(world.account('a'), world.service, 7);
  expect(view).toMatchObject({
    account: 'a',
    label: 'Label a',
    token: { label: 'T', serial: 'T' },
    clockOffsetMs: 7,
  });
  expect(view.state.serving).not.toBeNull();
  await world.service.stop();
});

it.each<[string, string, object | null]>([
  ['names its token', 'pkcs11:token=T;serial=1', { label: 'T', serial: '1' }],
  ['leaves out the label', 'pkcs11:serial=1', { label: '', serial: '1' }],
  ['leaves out the serial, so that it may be any of that name', 'pkcs11:token=T', null],
  ['is a file', '/home/me/key.pem', null],
])('where no key was used yet takes the first, which %s', (_, uri, token) => {
  const world = new World({ a: 'T' });
  const view = viewOf({ ...world.account('a'), keys: [uri] }, world.service, 0);
  expect(view).toMatchObject({ token, certificate: null });
});

it('tells of the certificate no more than its name and its times', () => {
  const world = new World({ a: 'T' });
  const sessions = {
    status: world.service.status.bind(world.service),
    certificate: () => ({ ...certificate, subject: 'CN=x' }),
  };
  expect(viewOf(world.account('a'), sessions, 0).certificate).toEqual(certificate);
});
