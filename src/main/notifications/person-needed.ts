/** A session that is still served cannot be renewed without a person. Told when little time is left, and once more. */
import { askingAtMinutes } from '../../shared/constants.ts';
import type { Reason } from '../../shared/model.ts';
import type { AccountView, Fact, FollowedView, Situation } from './notification.ts';
import { byNumber, connectButton, counted, named, showButton, tokenKey, tokenOf } from './wording.ts';

const minuteMs = 60_000;
/** Whoever is needed for one account is told of those that follow within this time, too, milliseconds. */
const aheadMs = 2 * minuteMs;

/** The reasons that are told here; a token that is absent and a PIN that is locked do not wait until little time is left. */
type Need = Exclude<Reason, 'token-absent' | 'pin-locked'>;

/** What is needed, as it follows the verb, and what to do about it. */
const needs: Readonly<Record<Need, (views: readonly FollowedView[]) => { what: string; remedy: string }>> = {
  pin: (views) => {
    const token = tokenOf(views);
    return {
      what: byNumber(
        views,
        'its PIN or passphrase',
        token === null ? 'their PIN or passphrase' : `the PIN of ${token}`,
      ),
      remedy: `Connect ${byNumber(views, 'it', 'them')} and type the PIN or passphrase.`,
    };
  },
  touch: (views) => ({
    what: byNumber(views, 'a touch of its token', 'a touch of their token'),
    remedy: byNumber(
      views,
      'Connect it and touch the token when it blinks.',
      'Connect them and touch the token each time it blinks.',
    ),
  }),
  certificate: (views) => ({
    what: 'another certificate',
    remedy: `Open Rolekey to see what is wrong with the one ${byNumber(views, 'it has', 'they have')}.`,
  }),
  choose: () => ({ what: 'a decision of yours', remedy: 'Open Rolekey to see what it is about.' }),
};

export const personNeeded: Situation = {
  name: 'person-needed',
  facts: (views, now) => views.flatMap((view) => factsOf(view, now)),
  say: (views, now) => {
    const need = views.map(needOf).find((each) => each !== null) ?? 'choose';
    const { what, remedy } = needs[need](views);
    const left = Math.min(...views.map((view) => leftOf(view, now) ?? Infinity));
    const minutes = askingAtMinutes.findLast((each) => left <= each * minuteMs) ?? askingAtMinutes[0];
    const end = byNumber(
      views,
      `The session of ${named(views)} ends`,
      `The sessions of ${named(views)} end, the first`,
    );
    return {
      title: `${counted(views)} ${byNumber(views, 'needs', 'need')} ${what}`,
      body: `${end} within ${String(minutes)} minutes. ${remedy}`,
      button: need === 'pin' || need === 'touch' ? connectButton(views) : showButton(views),
    };
  },
  nextLook: (views, now) => {
    const next = views.flatMap((view) => {
      const left = leftOf(view, now);
      const minutes = askingAtMinutes.find((each) => left !== null && left > each * minuteMs);
      return left === null || minutes === undefined ? [] : [now + left - minutes * minuteMs];
    });
    return next.length === 0 ? null : Math.min(...next);
  },
  tellsRest: true,
};

/** The threshold that is reached, and the one that soon is. */
function factsOf(view: FollowedView, now: number): Fact[] {
  const need = needOf(view);
  const left = leftOf(view, now);
  if (need === null || left === null || left <= 0) return [];
  const fact = (minutes: number, when: Fact['when']): Fact => ({
    group: `${need} ${tokenKey(view.token)}`.trim(),
    key: `${view.account} ${view.until} ${need} ${String(minutes)}`,
    subject: view.account,
    view,
    when,
  });
  const reached = askingAtMinutes.findLast((each) => left <= each * minuteMs);
  const soon = askingAtMinutes.find((each) => left > each * minuteMs && left <= each * minuteMs + aheadMs);
  return [
    ...(reached === undefined ? [] : [fact(reached, 'now')]),
    ...(soon === undefined ? [] : [fact(soon, 'along')]),
  ];
}

function needOf({ state: { reason } }: AccountView): Need | null {
  return reason === 'token-absent' || reason === 'pin-locked' ? null : reason;
}

/** What is left of a session that waits for a person, milliseconds; null where there is none. */
function leftOf(view: AccountView, now: number): number | null {
  const { activity, serving } = view.state;
  if (activity !== 'needs-you' || serving === null || needOf(view) === null) return null;
  return Date.parse(serving.expiresAt) - now;
}
