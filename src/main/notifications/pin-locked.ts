/** A token takes no PIN any more: nothing Rolekey does helps, so it is told at once, once per token. */
import type { Situation } from './notification.ts';
import { overWithout, suffersFrom, tokenGroup } from './token-trouble.ts';
import { byNumber, named, showButton, tokenOf } from './wording.ts';

const isLocked = suffersFrom('pin-locked');

export const pinLocked: Situation = {
  name: 'pin-locked',
  facts: (views) =>
    views.filter(isLocked).map((view) => ({
      group: tokenGroup(view),
      key: tokenGroup(view),
      subject: view.account,
      view,
      when: 'now',
    })),
  say: (views) => {
    const token = tokenOf(views);
    const then = `then connect ${byNumber(views, 'it', 'them')}.`;
    return {
      title: token === null ? `The PIN for ${named(views)} is locked` : `The PIN of ${token} is locked`,
      body: [
        `${named(views)} cannot be renewed.`,
        `Unlock the PIN with the PUK or the tool of the token’s maker, ${then}`,
      ].join(' '),
      button: showButton(views),
    };
  },
  nextLook: () => null,
  isOver: overWithout(isLocked),
  tellsRest: false,
};
