import { expect, it } from 'vitest';
import { needsTouch } from '../../../src/shared/touch.ts';

it.each([
  ['always', true],
  ['cached', true],
  ['never', false],
  ['unknown', false],
] as const)('a key with the touch policy %s wants a touch by the next renewal: %s', (policy, expected) => {
  expect(needsTouch(policy)).toBe(expected);
});
