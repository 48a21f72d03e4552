import { describe, expect, it } from 'vitest';
import { LastTry } from '../../../../src/main/tokens/host/last-try.ts';
import { ScriptedToken } from '../scripted-cryptoki.ts';

const facts = (label: string, triesLeft: number) => {
  const token = new ScriptedToken({ label });
  token.triesLeft = triesLeft;
  return token.describe(0);
};

describe('the last try', () => {
  it('is there where the token says so, and not where it does not', () => {
    const lastTry = new LastTry();
    expect(lastTry.isSaid(facts('a', 1))).toBe(true);
    expect(lastTry.isSaid(facts('a', 2))).toBe(false);
  });

  it('is not believed of a token that has just taken a PIN, until it has once not said so', () => {
    const lastTry = new LastTry();
    lastTry.taken(facts('a', 1));
    expect(lastTry.isSaid(facts('a', 1))).toBe(false);
    expect(lastTry.isSaid(facts('b', 1))).toBe(true);
    expect(lastTry.isSaid(facts('a', 3))).toBe(false);
    expect(lastTry.isSaid(facts('a', 1))).toBe(true);
  });

  it('is believed of a token that said nothing of it when it took a PIN', () => {
    const lastTry = new LastTry();
    lastTry.taken(facts('a', 3));
    expect(lastTry.isSaid(facts('a', 1))).toBe(true);
  });
});
