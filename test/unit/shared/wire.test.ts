import { describe, expect, it } from 'vitest';
import { calls, type CallName } from '../../../src/shared/api.ts';
import {
  callPath,
  checkSocketPath,
  eventsPath,
  promptPath,
  protocolVersion,
  wireHeaders,
} from '../../../src/shared/wire.ts';

const names = (Object.keys(calls) as CallName[]).filter((name) => name !== 'answerPrompt');

describe('the path of a call', () => {
  it.each([
    ['status', '/v1/status'],
    ['accountsAdd', '/v1/accounts-add'],
    ['accountsImport', '/v1/accounts-import'],
    ['whoami', '/v1/whoami'],
  ] as const)('%s is %s', (name, path) => {
    expect(callPath(name)).toBe(path);
  });

  it('is its own for every call, and none of events or prompts', () => {
    const paths = [...names.map(callPath), eventsPath, promptPath('')];
    expect(new Set(paths).size).toBe(paths.length);
    for (const path of names.map(callPath)) expect(path).toMatch(/^\/v1\/[a-z]+(-[a-z]+)*$/);
  });
});

describe('the path of a prompt', () => {
  it.each(['a', 'a/b', '../status', 'a?b#c', 'ä 1', '%2f', ''])('carries the id %j whole', (id) => {
    const path = promptPath(id);
    expect(path).toMatch(/^\/v1\/prompts\/[^/?#]*$/);
    expect(decodeURIComponent(path.slice('/v1/prompts/'.length))).toBe(id);
  });
});

describe('the path of a socket', () => {
  it.each([
    ['linux', 'x'.repeat(107)],
    ['darwin', 'x'.repeat(103)],
    ['linux', `${'é'.repeat(53)}x`],
    ['win32', 'x'.repeat(200)],
  ])('on %s may be %s', (platform, path) => {
    expect(() => checkSocketPath(path, platform)).not.toThrow();
  });

  it.each([
    ['linux', 'x'.repeat(108)],
    ['darwin', 'x'.repeat(104)],
    ['linux', 'é'.repeat(54)],
  ])('on %s is cut where it is %s, and refused', (platform, path) => {
    expect(() => checkSocketPath(path, platform)).toThrow(
      expect.objectContaining({ code: 'agent-unsafe' }) as Error,
    );
  });
});

it('is of the version the contract and the model name', () => {
  expect(protocolVersion).toBe(1);
  expect(eventsPath).toMatch(/^\/v1\//);
});

it('names headers as HTTP servers hand them on: in lower case', () => {
  for (const name of Object.values(wireHeaders)) expect(name).toMatch(/^rolekey-[a-z]+$/);
  expect(new Set(Object.values(wireHeaders)).size).toBe(Object.keys(wireHeaders).length);
});
