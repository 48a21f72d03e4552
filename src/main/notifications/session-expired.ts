/** Credentials are gone, and nobody disconnected the account. */
import type { FollowedView, Situation } from './notification.ts';
import { byNumber, connectButton, counted, named } from './wording.ts';

export const sessionExpired: Situation = {
  name: 'session-expired',
  facts: (views) =>
    views
      .filter(({ state }) => state.serving === null)
      .map((view) => ({
        group: '',
        key: `${view.account} ${view.until} expired`,
        subject: view.account,
        view,
        // What is under way may bring new ones in a moment; its end is told by the state.
        when: view.state.activity === 'connecting' ? 'held' : 'now',
      })),
  say: (views) => ({
    title: byNumber(
      views,
      `The session of ${named(views)} has expired`,
      `The sessions of ${counted(views)} have expired`,
    ),
    body: `Programs get no credentials for ${named(views)} any more. ${nextOf(views)}`,
    button: connectButton(views),
  }),
  nextLook: () => null,
  returns: 'owes',
  tellsRest: true,
};

function nextOf(views: readonly FollowedView[]): string {
  const retried = views.filter(({ state }) => state.activity === 'retrying').length;
  if (retried === views.length)
    return byNumber(views, 'It is tried again by itself.', 'They are tried again by themselves.');
  if (retried === 0)
    return `Connect ${byNumber(views, 'it', 'them')} again to go on working with ${byNumber(views, 'it', 'them')}.`;
  return 'Some are tried again by themselves; connect the others again to go on working with them.';
}
