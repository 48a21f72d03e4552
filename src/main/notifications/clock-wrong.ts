/** This computer's clock is wrong. Rolekey allows for that, as other programs do not; told once until it changes. */
import type { FollowedView, Situation } from './notification.ts';
import { showButton } from './wording.ts';

const minuteMs = 60_000;
/** How far it must be off to be told, and to be told as something else, minutes; and what that is called. */
const steps = [
  { minutes: 2, text: '2 minutes' },
  { minutes: 5, text: '5 minutes' },
  { minutes: 15, text: '15 minutes' },
  { minutes: 60, text: 'an hour' },
  { minutes: 6 * 60, text: '6 hours' },
] as const;
/** A clock that is off by less than this is right again, milliseconds; in between nothing is told anew. */
const rightMs = minuteMs;

export const clockWrong: Situation = {
  name: 'clock-wrong',
  facts: (views) => {
    const view = refused(views) ?? newest(views);
    const wrong = view === null ? null : wrongnessOf(view);
    if (view === null || wrong === null) return [];
    return [{ group: '', key: wrong, subject: wrong, view, when: 'now' }];
  },
  say: (views) => ({
    title: 'The clock of this computer is wrong',
    body: [
      sentence(views.map(wrongnessOf).find((each) => each !== null) ?? refusedForIt),
      'Set it right, best by the time of the network: others than Rolekey fail because of it.',
    ].join(' '),
    button: showButton([]),
  }),
  nextLook: () => null,
  isOver: (_, views) => {
    const view = newest(views);
    return view !== null && refused(views) === null && Math.abs(view.clockOffsetMs) < rightMs;
  },
  tellsRest: false,
  isOfComputer: true,
};

const refusedForIt = 'refused';

/** How wrong it is, as it follows “The clock is”; null: right enough. */
function wrongnessOf({ state, clockOffsetMs }: FollowedView): string | null {
  if (state.error?.code === 'clock-skew') return refusedForIt;
  const off = Math.abs(clockOffsetMs);
  const step = steps.findLast(({ minutes }) => off > minutes * minuteMs);
  return step === undefined ? null : `more than ${step.text} ${clockOffsetMs > 0 ? 'behind' : 'ahead of'}`;
}

function sentence(wrongness: string): string {
  return wrongness === refusedForIt ? 'AWS refuses what it is asked.' : `It is ${wrongness} AWS’s.`;
}

/** Whose requests AWS refuses because of the clock. */
function refused(views: readonly FollowedView[]): FollowedView | null {
  return views.find(({ state }) => state.error?.code === 'clock-skew') ?? null;
}

/** Whose session is the newest: its endpoint’s clock was read last. Null where none serves. */
function newest(views: readonly FollowedView[]): FollowedView | null {
  let found: FollowedView | null = null;
  for (const view of views) if (issuedAt(view) > issuedAt(found)) found = view;
  return found;
}

/** Milliseconds since the epoch: a session is renewed when half of its lifetime is gone. */
function issuedAt(view: FollowedView | null): number {
  const serving = view?.state.serving ?? null;
  return serving === null ? -Infinity : 2 * Date.parse(serving.renewAt) - Date.parse(serving.expiresAt);
}
