/** What each situation says, and of whom. */
import { describe, expect, it } from 'vitest';
import { backAgain } from '../../../src/main/notifications/back-again.ts';
import { certificateExpires } from '../../../src/main/notifications/certificate-expires.ts';
import { clockWrong } from '../../../src/main/notifications/clock-wrong.ts';
import { keyUnplugged } from '../../../src/main/notifications/key-unplugged.ts';
import type { FollowedView, Situation } from '../../../src/main/notifications/notification.ts';
import { personNeeded } from '../../../src/main/notifications/person-needed.ts';
import { pinLocked } from '../../../src/main/notifications/pin-locked.ts';
import { sessionExpired } from '../../../src/main/notifications/session-expired.ts';
import type { Reason, State } from '../../../src/shared/model.ts';
import { connecting, day, disconnected, expired, failed, followed, minute, needs, now } from './states.ts';
import { refusedForClock, renewing, retrying, second, serving, viewOf } from './states.ts';

const one = (state: State, more: Partial<FollowedView> = {}): FollowedView[] => [
  followed(viewOf(state, 'Dev', more), more),
];
const several = (labels: readonly string[], state: State, more: Partial<FollowedView> = {}): FollowedView[] =>
  labels.map((label) => followed(viewOf(state, label, more), more));

/** What it says of those it is so of. */
const said = (situation: Situation, views: readonly FollowedView[], at = now) =>
  situation.say(
    situation.facts(views, at).map(({ view }) => view),
    at,
  );
const whens = (situation: Situation, views: readonly FollowedView[], at = now): string[] =>
  situation.facts(views, at).map(({ view, when }) => `${view.label} ${when}`);

const connect = (...accounts: string[]) => ({ label: 'Connect', action: { kind: 'connect', accounts } });
const show = (account: string | null) => ({ label: 'Show', action: { kind: 'open', account } });

describe('a person who is needed', () => {
  it.each<[Reason, string, string, object]>([
    [
      'pin',
      '“Dev” needs its PIN or passphrase',
      'Connect it and type the PIN or passphrase.',
      connect('dev'),
    ],
    [
      'touch',
      '“Dev” needs a touch of its token',
      'Connect it and touch the token when it blinks.',
      connect('dev'),
    ],
    [
      'certificate',
      '“Dev” needs another certificate',
      'Open Rolekey to see what is wrong with the one it has.',
      show('dev'),
    ],
    ['choose', '“Dev” needs a decision of yours', 'Open Rolekey to see what it is about.', show('dev')],
  ])('for %s is told what to do', (reason, title, remedy, button) => {
    expect(said(personNeeded, one(needs(reason, now + 10 * minute)))).toEqual({
      title,
      body: `The session of “Dev” ends within 15 minutes. ${remedy}`,
      button,
    });
  });

  it.each<[Reason, string, string]>([
    ['pin', '3 accounts need the PIN of the token “T”', 'Connect them and type the PIN or passphrase.'],
    [
      'touch',
      '3 accounts need a touch of their token',
      'Connect them and touch the token each time it blinks.',
    ],
    [
      'certificate',
      '3 accounts need another certificate',
      'Open Rolekey to see what is wrong with the one they have.',
    ],
    ['choose', '3 accounts need a decision of yours', 'Open Rolekey to see what it is about.'],
  ])('for %s of several accounts is told so once', (reason, title, remedy) => {
    expect(said(personNeeded, several(['A', 'B', 'C'], needs(reason, now + minute)))).toMatchObject({
      title,
      body: `The sessions of “A”, “B” and “C” end, the first within 5 minutes. ${remedy}`,
    });
  });

  it('for keys that are in no token is told of passphrases', () => {
    const views = several(['A', 'B'], needs('pin', now + minute), { token: null });
    expect(said(personNeeded, views)).toMatchObject({
      title: '2 accounts need their PIN or passphrase',
      button: connect('a', 'b'),
    });
  });

  it('is told of other tokens and other needs in other notifications', () => {
    const views = [
      ...one(needs('pin', now + minute)),
      ...one(needs('touch', now + minute)),
      ...one(needs('pin', now + minute), { token: { label: 'T', serial: '2' } }),
      ...one(needs('pin', now + minute), { token: null }),
    ];
    const groups = personNeeded.facts(views, now).map(({ group }) => group);
    expect(new Set(groups).size).toBe(views.length);
  });

  it.each<[string, number, string[], number | null]>([
    ['half an hour', 30 * minute, [], 15 * minute],
    ['more than 17 minutes', 17 * minute + second, [], 15 * minute],
    ['more than 15 minutes', 15 * minute + second, ['15 along'], 15 * minute],
    ['15 minutes', 15 * minute, ['15 now'], 5 * minute],
    ['more than 5 minutes', 5 * minute + second, ['15 now', '5 along'], 5 * minute],
    ['5 minutes', 5 * minute, ['5 now'], null],
    ['a second', second, ['5 now'], null],
    ['nothing', 0, [], null],
    ['less than nothing, which the state does not say yet', -minute, [], null],
  ])('with %s left is told %j, and looked at again in time', (_, left, told, nextLeft) => {
    const views = one(needs('pin', now + left));
    const facts = personNeeded.facts(views, now);
    expect(facts.map(({ key, when }) => `${key.split(' ').pop() ?? ''} ${when}`)).toEqual(told);
    expect(personNeeded.nextLook(views, now)).toBe(nextLeft === null ? null : now + left - nextLeft);
  });

  it.each<[string, State]>([
    ['serves', serving(now + minute)],
    ['is being renewed', renewing(now + minute)],
    ['is tried again', retrying(now + minute)],
    ['needs somebody, and serves nothing', needs('pin', null)],
    ['lacks its token', needs('token-absent', now + minute)],
    ['has its PIN locked', needs('pin-locked', now + minute)],
    ['failed', failed],
    ['is disconnected', disconnected],
  ])('is nobody where the account %s', (_, state) => {
    expect(personNeeded.facts(one(state), now)).toEqual([]);
    expect(personNeeded.nextLook(one(state), now)).toBeNull();
  });
});

describe('a token that was pulled out', () => {
  const absent = needs('token-absent', now + 30 * minute);

  it('is told with the account that depends on it', () => {
    expect(said(keyUnplugged, one(absent))).toEqual({
      title: 'The token “T” is not plugged in',
      body: '“Dev” depends on it and cannot be renewed. Plug the token in and connect.',
      button: connect('dev'),
    });
  });

  it('is told with how many and which, also those that have not come upon it yet', () => {
    const views = [...several(['A'], absent), ...several(['B', 'C', 'D', 'E'], serving(now + minute))];
    expect(whens(keyUnplugged, views)).toEqual(['A now', 'B along', 'C along', 'D along', 'E along']);
    expect(said(keyUnplugged, views)).toEqual({
      title: 'The token “T” is not plugged in',
      body: '5 accounts depend on it and cannot be renewed: “A”, “B”, “C” and 2 others. Plug the token in and connect.',
      button: connect('a', 'b', 'c', 'd', 'e'),
    });
  });

  it.each<[string, FollowedView['token'], string]>([
    ['no label', { label: ' ', serial: '77' }, 'The token “77” is not plugged in'],
    ['no name that is known', null, 'The token of “Dev” is not plugged in'],
  ])('and has %s is told all the same', (_, token, title) => {
    expect(said(keyUnplugged, one(absent, { token })).title).toBe(title);
  });

  it.each<[string, State, Partial<FollowedView>, string[]]>([
    ['whose session ended meanwhile', needs('token-absent', null), {}, ['Dev now']],
    ['that looks whether it is there', renewing(now + minute), { reason: 'token-absent' }, ['Dev now']],
    ['that looks so and serves no more', connecting, { reason: 'token-absent' }, ['Dev now']],
    ['that is renewed as ever', renewing(now + minute), { reason: null }, []],
    ['that needs its PIN', needs('pin', now + minute), { reason: 'pin' }, []],
    ['that serves', serving(now + minute), {}, []],
  ])('counts an account %s', (_, state, more, facts) => {
    expect(whens(keyUnplugged, one(state, more))).toEqual(facts);
  });

  it('is nothing to an account on another, or to one that was renewed since', () => {
    const others = [
      ...several(['B'], serving(now + minute), { token: { label: 'T', serial: '2' } }),
      ...several(['C'], serving(now + minute), { isOwed: true }),
      ...several(['D'], serving(now + minute), { until: 'x', backUntil: 'x' }),
      ...several(['E'], serving(now + minute), { token: null }),
    ];
    expect(whens(keyUnplugged, [...several(['A'], absent), ...others])).toEqual(['A now']);
  });
});

describe('a PIN that is locked', () => {
  const locked = needs('pin-locked', now + 30 * minute);

  it('is told for the token, with who cannot be renewed', () => {
    const views = [...several(['A', 'B'], locked), ...several(['C'], serving(now + minute))];
    expect(said(pinLocked, views)).toEqual({
      title: 'The PIN of the token “T” is locked',
      body: '“A” and “B” cannot be renewed. Unlock the PIN with the PUK or the tool of the token’s maker, then connect them.',
      button: show(null),
    });
  });

  it('is told for the account where the token is not known', () => {
    expect(said(pinLocked, one(locked, { token: null }))).toMatchObject({
      title: 'The PIN for “Dev” is locked',
      button: show('dev'),
    });
  });

  it('is told whatever time is left, and not where nothing says so', () => {
    expect(whens(pinLocked, one(needs('pin-locked', null)))).toEqual(['Dev now']);
    expect(whens(pinLocked, one(renewing(now + minute), { reason: 'pin-locked' }))).toEqual(['Dev now']);
    expect(whens(pinLocked, one(needs('pin', now + minute)))).toEqual([]);
    expect(whens(pinLocked, one(serving(now + minute)))).toEqual([]);
  });
});

describe('a session that has expired', () => {
  it.each<[string, State, string]>([
    ['and waits for nothing', expired, 'Connect it again to go on working with it.'],
    ['and needs a person', needs('pin', null), 'Connect it again to go on working with it.'],
    ['and cannot be had again', failed, 'Connect it again to go on working with it.'],
    ['and is tried again', retrying(null), 'It is tried again by itself.'],
  ])('%s is told with what comes next', (_, state, next) => {
    expect(whens(sessionExpired, one(state))).toEqual(['Dev now']);
    expect(said(sessionExpired, one(state))).toEqual({
      title: 'The session of “Dev” has expired',
      body: `Programs get no credentials for “Dev” any more. ${next}`,
      button: connect('dev'),
    });
  });

  it.each<[string, State[], string]>([
    ['wait', [expired, failed], 'Connect them again to go on working with them.'],
    ['are tried again', [retrying(null), retrying(null)], 'They are tried again by themselves.'],
    [
      'do this and that',
      [expired, retrying(null)],
      'Some are tried again by themselves; connect the others again to go on working with them.',
    ],
  ])('and others that %s are told together', (_, states, next) => {
    const views = states.map((state, index) => followed(viewOf(state, String(index))));
    expect(said(sessionExpired, views)).toEqual({
      title: 'The sessions of 2 accounts have expired',
      body: `Programs get no credentials for “0” and “1” any more. ${next}`,
      button: connect('0', '1'),
    });
  });

  it('is still true while another one is asked for, and not told then', () => {
    expect(whens(sessionExpired, one(connecting))).toEqual(['Dev held']);
  });

  it.each([
    serving(now + minute),
    needs('pin', now + minute),
    renewing(now + minute),
    retrying(now + minute),
  ])('is none while credentials are served: %o', (state) => {
    expect(sessionExpired.facts(one(state), now)).toEqual([]);
  });
});

describe('an account that works again', () => {
  const owed = { isOwed: true } as const;

  it('is told where it was told that it did not', () => {
    expect(whens(backAgain, one(serving(now + minute), owed))).toEqual(['Dev now']);
    expect(said(backAgain, one(serving(now + minute), owed))).toEqual({
      title: '“Dev” works again',
      body: 'Rolekey has new credentials for “Dev”.',
      button: show('dev'),
    });
    expect(backAgain.facts(one(serving(now + minute)), now)).toEqual([]);
  });

  it('is told with the others that do', () => {
    expect(said(backAgain, several(['A', 'B'], serving(now + minute), owed))).toEqual({
      title: '2 accounts work again',
      body: 'Rolekey has new credentials for “A” and “B”.',
      button: show(null),
    });
  });

  it('waits for the others that are on their way', () => {
    const b = followed(viewOf(connecting, 'B'), owed);
    expect(whens(backAgain, [...several(['A'], serving(now + minute), owed), b])).toEqual(['A held']);
    const c = followed(viewOf(connecting, 'C'));
    expect(whens(backAgain, [...several(['A'], serving(now + minute), owed), c])).toEqual(['A now']);
  });

  it.each<[string, State, string[]]>([
    ['serves', serving(now + minute), ['Dev along']],
    ['is being renewed', renewing(now + minute), ['Dev along']],
    ['cannot be renewed', needs('pin', now + minute), []],
    ['is tried again', retrying(now + minute), []],
    ['has expired', expired, []],
  ])('and was told so is so while it %s', (_, state, facts) => {
    expect(whens(backAgain, one(state, { until: 'x', backUntil: 'x' }))).toEqual(facts);
    expect(whens(backAgain, one(state, { until: 'y', backUntil: 'x' }))).toEqual([]);
  });

  it.each([needs('pin', now + minute), retrying(now + minute), renewing(now + minute), expired, connecting])(
    'does not while something is in its way: %o',
    (state) => {
      expect(backAgain.facts(one(state, owed), now)).toEqual([]);
    },
  );
});

describe('a certificate that expires', () => {
  const until = (notAfter: number, sha256 = 'c', days = 90): Partial<FollowedView> => ({
    certificate: { sha256, notBefore: notAfter - days * day, notAfter },
  });

  it.each<[string, number, string | null, number | null]>([
    ['31 days', 31 * day, null, 30],
    ['30 days', 30 * day, 'within 30 days', 14],
    ['more than 14 days', 14 * day + 1, 'within 30 days', 14],
    ['14 days', 14 * day, 'within 14 days', 7],
    ['a week', 7 * day, 'within 7 days', 1],
    ['more than a day', day + 1, 'within 7 days', 1],
    ['a day', day, 'within a day', null],
    ['a second', second, 'within a day', null],
    ['no time', 0, null, null],
    ['passed', -day, null, null],
  ])('with %s left is told %s, and looked at again in time', (_, left, text, nextDays) => {
    const views = one(serving(now + minute), until(now + left));
    const facts = certificateExpires.facts(views, now);
    if (text === null) expect(facts).toEqual([]);
    else expect(said(certificateExpires, views).title).toBe(`The certificate of “Dev” expires ${text}`);
    expect(certificateExpires.nextLook(views, now)).toBe(
      nextDays === null ? null : now + left - nextDays * day,
    );
  });

  it.each<[number, number[]]>([
    [1, []],
    [2, [1]],
    [13, [1]],
    [14, [7, 1]],
    [28, [14, 7, 1]],
    [59, [14, 7, 1]],
    [60, [30, 14, 7, 1]],
  ])('that is good for %d days is not told of while it is new', (days, thresholds) => {
    const told = [30, 14, 7, 1].filter(
      (each) =>
        certificateExpires.facts(one(serving(now + minute), until(now + each * day, 'c', days)), now).length >
        0,
    );
    expect(told).toEqual(thresholds);
    const fresh = one(serving(now + minute), until(now + days * day, 'c', days));
    const [first] = thresholds;
    expect(certificateExpires.nextLook(fresh, now)).toBe(
      first === undefined ? null : now + (days - first) * day,
    );
  });

  it('is told with its day, and for all who use it', () => {
    const views = several(['A', 'B'], serving(now + minute), until(now + 10 * day));
    expect(said(certificateExpires, views)).toEqual({
      title: 'The certificate of 2 accounts expires within 14 days',
      body: 'The one of “A” and “B” ends on 2026-04-24. Ask for a new one: without it there are no credentials for the accounts.',
      button: show(null),
    });
    expect(new Set(certificateExpires.facts(views, now).map(({ key }) => key)).size).toBe(1);
  });

  it('is told with others', () => {
    const views = [
      ...several(['A'], serving(now + minute), until(now + 10 * day, 'c')),
      ...several(['B'], serving(now + minute), until(now + 3 * day, 'd')),
    ];
    expect(said(certificateExpires, views)).toMatchObject({
      title: 'Certificates of 2 accounts expire, the first within 7 days',
      body: 'Of “A” and “B”; the first ends on 2026-04-17. Ask for a new one: without it there are no credentials for the accounts.',
    });
  });

  it('is none where none is known', () => {
    expect(certificateExpires.facts(one(serving(now + minute)), now)).toEqual([]);
    expect(certificateExpires.nextLook(one(serving(now + minute)), now)).toBeNull();
  });
});

describe('a clock that is wrong', () => {
  const off = (clockOffsetMs: number, state = serving(now + 60 * minute)): FollowedView[] =>
    one(state, { clockOffsetMs });

  it.each<[number, string | null]>([
    [0, null],
    [2 * minute, null],
    [-2 * minute, null],
    [2 * minute + 1, 'more than 2 minutes behind'],
    [-2 * minute - 1, 'more than 2 minutes ahead of'],
    [5 * minute, 'more than 2 minutes behind'],
    [7 * minute, 'more than 5 minutes behind'],
    [-20 * minute, 'more than 15 minutes ahead of'],
    [61 * minute, 'more than an hour behind'],
    [-23 * 60 * minute, 'more than 6 hours ahead of'],
  ])('and AWS’s is %d ms ahead of it is told as %s', (ms, text) => {
    if (text === null) expect(clockWrong.facts(off(ms), now)).toEqual([]);
    else
      expect(said(clockWrong, off(ms))).toEqual({
        title: 'The clock of this computer is wrong',
        body: `It is ${text} AWS’s. Set it right, best by the time of the network: others than Rolekey fail because of it.`,
        button: show(null),
      });
  });

  it('is told where AWS refuses requests for it, however far off it is', () => {
    expect(said(clockWrong, one(refusedForClock))).toMatchObject({
      body: 'AWS refuses what it is asked. Set it right, best by the time of the network: others than Rolekey fail because of it.',
    });
  });

  it('is judged by the newest session: older ones remember what the clock was', () => {
    const older = off(10 * minute, serving(now + 60 * minute));
    const newer = off(0, serving(now + 90 * minute));
    expect(clockWrong.facts([...older, ...newer], now)).toEqual([]);
    expect(clockWrong.facts([...newer, ...older], now)).toEqual([]);
    expect(clockWrong.facts(older, now)).toHaveLength(1);
    expect(clockWrong.facts(off(10 * minute, expired), now)).toEqual([]);
  });

  it.each<[number, boolean]>([
    [10 * minute, false],
    [minute, false],
    [minute - 1, true],
    [1 - minute, true],
    [0, true],
  ])('is right again once it is off by less than a minute: %d ms', (ms, isOver) => {
    expect(clockWrong.isOver?.('', off(ms))).toBe(isOver);
    expect(clockWrong.isOver?.('', [])).toBe(false);
  });
});
