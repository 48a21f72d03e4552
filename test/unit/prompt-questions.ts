import type { PromptQuestion } from '../../src/main/ports.ts';

/** A question for a PIN, as a token asks it. */
export const pinQuestion = {
  kind: 'pin',
  token: { label: 'T', serial: '1' },
  accounts: ['Work'],
  askedBy: 'rolekey connect',
  triesLeft: 3,
  finalTry: false,
  previous: null,
  mayRemember: true,
} satisfies PromptQuestion;
