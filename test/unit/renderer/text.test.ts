import { describe, expect, it } from 'vitest';
import { flat } from '../../../src/renderer/sentence.ts';
import {
  addText,
  changesSpoken,
  pinText,
  problemSentence,
  windowRemedy,
  withoutFlags,
} from '../../../src/renderer/text.ts';
import { relativeReason } from '../../../src/shared/constants.ts';
import { errorTable, isErrorCode } from '../../../src/shared/errors.ts';
import type { Prompt } from '../../../src/shared/model.ts';

const codes = Object.keys(errorTable).filter(isErrorCode);

describe('what to do next, in a window', () => {
  it.each(codes)('%s sends nobody to a command', (code) => {
    const words = windowRemedy({ code, remedy: errorTable[code].remedy });
    expect(words).toMatch(/^[A-Z].*\.$/);
    expect(words).not.toMatch(/rolekey |--[a-z]|at a terminal/);
  });

  it('keeps what the engine says more exactly', () => {
    expect(windowRemedy({ code: 'file-readonly', remedy: 'Make /x writable.' })).toBe('Make /x writable.');
  });

  it('leaves out a remedy that is a command of a code without words of its own', () => {
    expect(windowRemedy({ code: 'disk-full', remedy: 'Run: rolekey agent stop.' })).toBe('');
  });
});

describe('a problem with a field', () => {
  it.each([
    ['region', 'must be a region such as eu-west-2', 'Region must be a region such as eu-west-2.'],
    ['roleArn', 'This is not a valid ARN.', 'This is not a valid ARN.'],
    ['id', 'is also that of account dev', 'ID is also that of account dev.'],
    [null, 'the ARNs are of two regions', 'the ARNs are of two regions.'],
    ['awsProfile', 'is taken; see --aws-profile', 'AWS profile is taken; see “AWS profile”.'],
  ] as const)('%s: %s', (field, message, words) => {
    expect(problemSentence({ field, message })).toBe(words);
  });

  it('keeps flags that no field stands for', () => {
    expect(withoutFlags('drop --session-policy')).toBe('drop --session-policy');
  });
});

describe('what is read out of changes', () => {
  const change = (label: string): { label: string; headline: string } => ({ label, headline: 'Expired' });

  it.each([
    [[], ''],
    [['a'], 'a: Expired.'],
    [['a', 'b', 'c'], 'a: Expired. b: Expired. c: Expired.'],
    [['a', 'b', 'c', 'd'], '4 accounts changed.'],
  ])('%o', (labels, words) => {
    expect(changesSpoken(labels.map(change))).toBe(words);
  });
});

describe('what a pasted line lost', () => {
  it('is told apart from what was changed', () => {
    expect(flat(addText.dropped('--debug', 'it only logs'))).toBe('Left out --debug: it only logs');
    expect(flat(addText.dropped('--certificate', relativeReason))).toMatch(/^Changed --certificate: /);
  });
});

describe('the PIN window', () => {
  const pin: Prompt = {
    ...{ id: 'q', kind: 'pin', token: { label: 'Work', serial: '1234' }, accounts: ['Production'] },
    ...{ askedBy: 'the Rolekey window', triesLeft: 3, finalTry: false, previous: null, mayRemember: true },
  };
  const passphrase: Prompt = {
    ...{ id: 'q', kind: 'passphrase', file: '/k.pem', accounts: ['Production'] },
    ...{ askedBy: 'the Rolekey window', previous: null },
  };

  it('names token, serial and file', () => {
    expect(flat(pinText.what(pin))).toBe('PIN of token Work, serial 1234');
    expect(flat(pinText.what({ ...pin, token: { label: '', serial: '1' } }))).toMatch(
      /token without a name,/,
    );
    expect(flat(pinText.what(passphrase))).toBe('Passphrase of the key file /k.pem');
  });

  it('says which token is to be touched, and has no tries and no answer before to tell', () => {
    const touch: Prompt = {
      id: '1',
      kind: 'touch',
      token: { label: 'Work', serial: '1234' },
      accounts: ['a'],
      askedBy: 'x',
    };
    expect(flat(pinText.what(touch))).toBe('Touch the token Work, serial 1234');
    expect([pinText.tries(touch), pinText.previous(touch)]).toEqual([null, null]);
    expect([pin, touch].map(pinText.title)).toEqual(['PIN', 'Touch']);
  });

  it.each([
    [['a'], 'To connect a.'],
    [['a', 'b'], 'To connect a and b.'],
    [['a', 'b', 'c'], 'To connect a, b and c.'],
    [['a', 'b', 'c', 'd'], 'To connect a, b and 2 more.'],
  ])('names the accounts %o', (labels, words) => {
    expect(flat(pinText.accounts(labels) ?? [])).toBe(words);
  });

  it('names no account where tokens are only looked at', () => {
    expect(pinText.accounts([])).toBeNull();
  });

  it('says who asked', () => {
    expect(flat(pinText.askedBy(pin.askedBy))).toBe('Asked for by the Rolekey window.');
  });

  it.each<readonly [Prompt, string | null]>([
    [pin, '3 tries left.'],
    [{ ...pin, triesLeft: 1 }, '1 try left.'],
    [{ ...pin, triesLeft: null }, null],
    [passphrase, null],
    [
      { ...pin, triesLeft: null, finalTry: true },
      'This is the last try: another wrong PIN locks the token. If you are not sure, cancel.',
    ],
  ])('says how many tries are left: %o', (prompt, words) => {
    expect(pinText.tries(prompt)).toBe(words);
  });

  it.each<readonly [Prompt, string | null]>([
    [pin, null],
    [{ ...pin, previous: 'incorrect' }, 'That PIN was wrong.'],
    [{ ...pin, previous: 'length' }, 'That PIN has the wrong length, so it was not tried.'],
    [{ ...pin, previous: 'remembered' }, 'The token did not take the remembered PIN, which is forgotten.'],
    [{ ...passphrase, previous: 'incorrect' }, 'That passphrase was wrong.'],
  ])('says what became of the last answer: %o', (prompt, words) => {
    expect(pinText.previous(prompt)).toBe(words);
  });
});
