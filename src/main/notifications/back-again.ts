/** An account works again of which it was told that its session had expired, or that its token was gone. */
import type { FollowedView, Situation } from './notification.ts';
import { isUnderWay } from './token-trouble.ts';
import { byNumber, counted, named, showButton } from './wording.ts';

export const backAgain: Situation = {
  name: 'back-again',
  facts: (views) => {
    // Where several come back they do so one after the other: one notification when the last of them is through.
    const areComing = views.some(({ isOwed, state }) => isOwed && isUnderWay(state.activity));
    return views.filter(isBack).map((view) => ({
      group: '',
      key: `${view.account} ${view.until}`,
      subject: view.account,
      view,
      when: !view.isOwed ? 'along' : areComing ? 'held' : 'now',
    }));
  },
  say: (views) => ({
    title: `${counted(views)} ${byNumber(views, 'works', 'work')} again`,
    body: `Rolekey has new credentials for ${named(views)}.`,
    button: showButton(views),
  }),
  nextLook: () => null,
  returns: 'pays',
  tellsRest: false,
};

/** It serves with nothing in the way, and that is to be told, or was with the credentials it has still. */
function isBack({ state, until, isOwed, backUntil }: FollowedView): boolean {
  if (state.serving === null || state.error !== null || state.reason !== null) return false;
  if (state.activity === 'renewing') return !isOwed && backUntil === until;
  return state.activity === 'idle' && (isOwed || backUntil === until);
}
