/** Credentials are gone, and nobody disconnected the account. */
import type { Situation } from './notification.ts';

export const sessionExpired: Situation = {
  name: 'session-expired',
  tell: ({ label, state: { serving, activity } }) => {
    if (serving !== null) return null;
    const next =
      activity === 'retrying' ? 'It is tried again by itself.' : 'Connect it again to go on working with it.';
    return {
      key: 'expired',
      title: `The session of “${label}” has expired`,
      body: `Programs get no credentials for “${label}” any more. ${next}`,
      // What is under way may bring new ones in a moment; its end is told by the state.
      isDue: activity !== 'connecting',
    };
  },
  nextLook: () => null,
};
