/** A token was pulled out, and accounts that are connected cannot be renewed without it. Told at once, once per token. */
import type { FollowedView, Situation } from './notification.ts';
import { overWithout, suffersFrom, tokenGroup } from './token-trouble.ts';
import { byNumber, capitalised, connectButton, named, tokenOf } from './wording.ts';

const lacksToken = suffersFrom('token-absent');

export const keyUnplugged: Situation = {
  name: 'key-unplugged',
  // Whoever depends on the token is named, also those whose renewal has not come upon its absence yet: one notification,
  // instead of another with every renewal.
  facts: (views) => {
    const absent = new Set(views.filter(lacksToken).map(tokenGroup));
    return views
      .filter((view) => absent.has(tokenGroup(view)) && !hasReturned(view))
      .map((view) => ({
        group: tokenGroup(view),
        key: tokenGroup(view),
        subject: view.account,
        view,
        when: lacksToken(view) ? 'now' : 'along',
      }));
  },
  say: (views) => {
    const token = tokenOf(views) ?? `the token of ${named(views)}`;
    const several = `${String(views.length)} accounts depend on it and cannot be renewed: ${named(views)}.`;
    return {
      title: `${capitalised(token)} is not plugged in`,
      body: [
        byNumber(views, `${named(views)} depends on it and cannot be renewed.`, several),
        'Plug the token in and connect.',
      ].join(' '),
      button: connectButton(views),
    };
  },
  nextLook: () => null,
  isOver: overWithout(lacksToken),
  returns: 'owes',
  tellsRest: false,
};

/** It was renewed since it lacked its token: whoever still does has not looked again. */
function hasReturned(view: FollowedView): boolean {
  return !lacksToken(view) && (view.isOwed || view.backUntil === view.until);
}
