import { describe, expect, it } from 'vitest';
import { personNeeded } from '../../../src/main/notifications/person-needed.ts';
import { sessionExpired } from '../../../src/main/notifications/session-expired.ts';
import { reasonSchema, type Reason, type State } from '../../../src/shared/model.ts';
import { connecting, disconnected, expired, failed, minute, needs, now, renewing } from './states.ts';
import { retrying, second, serving, viewOf } from './states.ts';

describe('a person who is needed', () => {
  it.each<[Reason, string, string]>([
    ['pin', '“Dev” needs its PIN or passphrase', 'Connect it and type the PIN or passphrase.'],
    ['touch', '“Dev” needs a touch of its token', 'Connect it and touch the token when it blinks.'],
    ['token-absent', '“Dev” needs its token', 'Plug the token in and connect.'],
    [
      'pin-locked',
      'The PIN for “Dev” is locked',
      'Unlock it with the PUK or the tool of the token’s maker, then connect.',
    ],
    [
      'certificate',
      '“Dev” needs another certificate',
      'Open Rolekey to see what is wrong with the one it has.',
    ],
    ['choose', '“Dev” needs a decision of yours', 'Open Rolekey to see what it is about.'],
  ])('for %s is told what to do', (reason, title, remedy) => {
    expect(personNeeded.tell(viewOf(needs(reason, now + 10 * minute)), now)).toMatchObject({
      title,
      body: `The session of “Dev” ends within 15 minutes. ${remedy}`,
      isDue: true,
    });
  });

  it('is told something else for every reason', () => {
    const tellings = reasonSchema.options.map((reason) =>
      personNeeded.tell(viewOf(needs(reason, now + minute)), now),
    );
    expect(new Set(tellings.map((telling) => telling?.title)).size).toBe(reasonSchema.options.length);
    expect(new Set(tellings.map((telling) => telling?.key)).size).toBe(reasonSchema.options.length);
  });

  it.each<[string, number, string | null, number | null]>([
    ['half an hour', 30 * minute, null, 15 * minute],
    ['more than 15 minutes', 15 * minute + second, null, 15 * minute],
    ['15 minutes', 15 * minute, 'within 15 minutes', 5 * minute],
    ['more than 5 minutes', 5 * minute + second, 'within 15 minutes', 5 * minute],
    ['5 minutes', 5 * minute, 'within 5 minutes', null],
    ['a second', second, 'within 5 minutes', null],
    ['nothing', 0, null, null],
    ['less than nothing, which the state does not say yet', -minute, null, null],
  ])('with %s left is told %j, and looked at again in time', (_, left, text, nextLeft) => {
    const view = viewOf(needs('pin', now + left));
    const body = personNeeded.tell(view, now)?.body ?? null;
    if (text === null) expect(body).toBeNull();
    else expect(body).toContain(text);
    expect(personNeeded.nextLook(view, now)).toBe(nextLeft === null ? null : now + left - nextLeft);
  });

  it.each<[string, State]>([
    ['serves', serving(now + minute)],
    ['is being renewed', renewing(now + minute)],
    ['is tried again', retrying(now + minute)],
    ['needs somebody, and serves nothing', needs('pin', null)],
    ['failed', failed],
    ['is disconnected', disconnected],
  ])('is nobody where the account %s', (_, state) => {
    expect(personNeeded.tell(viewOf(state), now)).toBeNull();
    expect(personNeeded.nextLook(viewOf(state), now)).toBeNull();
  });
});

describe('a session that has expired', () => {
  it.each<[string, State, string]>([
    ['and waits for nothing', expired, 'Connect it again to go on working with it.'],
    ['and needs a person', needs('pin', null), 'Connect it again to go on working with it.'],
    ['and cannot be had again', failed, 'Connect it again to go on working with it.'],
    ['and is tried again', retrying(null), 'It is tried again by itself.'],
  ])('%s is told with what comes next', (_, state, next) => {
    expect(sessionExpired.tell(viewOf(state), now)).toEqual({
      key: 'expired',
      title: 'The session of “Dev” has expired',
      body: `Programs get no credentials for “Dev” any more. ${next}`,
      isDue: true,
    });
  });

  it('is still true while another one is asked for, and not told then', () => {
    expect(sessionExpired.tell(viewOf(connecting), now)).toMatchObject({ key: 'expired', isDue: false });
  });

  it.each([
    serving(now + minute),
    needs('pin', now + minute),
    renewing(now + minute),
    retrying(now + minute),
  ])('is none while credentials are served: %o', (state) => {
    expect(sessionExpired.tell(viewOf(state), now)).toBeNull();
  });
});
