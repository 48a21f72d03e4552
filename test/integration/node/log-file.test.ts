import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogFile } from '../../../src/main/node/log-file.ts';
import { AppError } from '../../../src/shared/errors.ts';
import { FakeClock } from '../../support/fakes/clock.ts';

let root: string;
let path: string;
const clock = new FakeClock();
const mebibyte = 1024 * 1024;

beforeEach(() => {
  root = fs.mkdtempSync(join(tmpdir(), 'rolekey-log-'));
  path = join(root, 'state', 'rolekey', 'rolekey.log');
});
afterEach(() => {
  fs.rmSync(root, { recursive: true, force: true });
});

const modeOf = (file: string): number => fs.statSync(file).mode & 0o777;
const text = (file = path): string => fs.readFileSync(file, 'utf8');
const lines = (file = path): Record<string, unknown>[] =>
  text(file)
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const files = (): string[] => fs.readdirSync(join(path, '..')).sort();

describe('a log', () => {
  it('is JSON lines with time, level and event', () => {
    const logger = createLogFile(path, clock);
    logger.log('info', 'agent-started', { pid: 1, nested: { list: [1, null, true] } });
    logger.log('error', 'call-failed');
    expect(lines()).toEqual([
      {
        time: '2026-04-14T09:00:00.000Z',
        level: 'info',
        event: 'agent-started',
        pid: 1,
        nested: { list: [1, null, true] },
      },
      { time: '2026-04-14T09:00:00.000Z', level: 'error', event: 'call-failed' },
    ]);
  });

  it('is made with its folders, for its owner alone, whatever the umask', () => {
    const before = process.umask(0);
    try {
      createLogFile(path, clock).log('info', 'x');
    } finally {
      process.umask(before);
    }
    expect([modeOf(path), modeOf(join(path, '..'))]).toEqual([0o600, 0o700]);
  });

  it('is for its owner alone also where it was not before', () => {
    fs.mkdirSync(join(path, '..'), { recursive: true });
    fs.writeFileSync(path, '', { mode: 0o644 });
    createLogFile(path, clock).log('info', 'x');
    expect(modeOf(path)).toBe(0o600);
  });

  it('goes on where the last one ended', () => {
    createLogFile(path, clock).log('info', 'first');
    createLogFile(path, clock).log('info', 'second');
    expect(lines().map(({ event }) => event)).toEqual(['first', 'second']);
  });

  it('keeps each entry on one line', () => {
    createLogFile(path, clock).log('info', 'a\nb', { text: 'c\r\nd\u2028e' });
    expect(text().split('\n')).toHaveLength(2);
  });

  it.each([
    ['its folder is a file', () => fs.writeFileSync(join(root, 'state'), '')],
    ['it is a folder', () => fs.mkdirSync(path, { recursive: true })],
  ])('that cannot be written stops nothing: %s', (_, spoil) => {
    spoil();
    const logger = createLogFile(path, clock);
    expect(() => logger.log('info', 'x')).not.toThrow();
  });

  it.each<[string, () => unknown]>([
    ['a number JSON does not have', () => 10n],
    [
      'a circle',
      () => {
        const circle: Record<string, unknown> = {};
        circle.self = circle;
        return circle;
      },
    ],
    [
      'an error that is its own cause',
      () => {
        const error = new Error('x');
        error.cause = error;
        return error;
      },
    ],
    ['a function', () => () => undefined],
    [
      'a getter that throws',
      () => Object.defineProperty({}, 'x', { enumerable: true, get: () => expect.fail() }),
    ],
  ])('of what cannot be written stops nothing: %s', (_, make) => {
    const logger = createLogFile(path, clock);
    expect(() => logger.log('error', 'x', { value: make() })).not.toThrow();
    expect(lines()).toMatchObject([{ level: 'error', event: 'x' }]);
  });
});

describe('an error in a log', () => {
  it('of ours is told by its code, without where it was thrown', () => {
    const error = new AppError('disk-full', { message: 'M.', cause: new TypeError('inner') });
    createLogFile(path, clock).log('error', 'x', { error });
    const [{ error: written }] = lines() as [{ error: Record<string, unknown> }];
    expect(written).toMatchObject({ name: 'AppError', code: 'disk-full', message: 'M.' });
    expect(written).not.toHaveProperty('stack');
    expect(written.cause).toMatchObject({ name: 'TypeError', message: 'inner' });
    expect((written.cause as { stack: string }).stack).toContain('log-file.test.ts');
  });
});

describe('a log that grows', () => {
  const line = (n: number): Record<string, unknown> => ({ n, text: 'word '.repeat(2000) });

  it('is five files of at most one MiB, newest first, the oldest dropped', () => {
    const logger = createLogFile(path, clock);
    for (let n = 0; n < 700; n += 1) logger.log('info', 'x', line(n));
    expect(files()).toEqual([
      'rolekey.log',
      'rolekey.log.1',
      'rolekey.log.2',
      'rolekey.log.3',
      'rolekey.log.4',
    ]);
    const all = ['.4', '.3', '.2', '.1', ''].flatMap((suffix) =>
      lines(path + suffix).map(({ n }) => Number(n)),
    );
    expect(all).toEqual(Array.from({ length: all.length }, (_, index) => 700 - all.length + index));
    for (const suffix of ['', '.1', '.2', '.3', '.4']) {
      expect(fs.statSync(path + suffix).size).toBeLessThanOrEqual(mebibyte);
      expect(modeOf(path + suffix)).toBe(0o600);
    }
    expect(fs.statSync(`${path}.1`).size).toBeGreaterThan(mebibyte - 20_000);
  });

  it('counts bytes, not letters', () => {
    const logger = createLogFile(path, clock);
    for (let n = 0; n < 150; n += 1) logger.log('info', 'x', { text: 'wörter – 言葉 '.repeat(700) });
    for (const file of files())
      expect(fs.statSync(join(path, '..', file)).size).toBeLessThanOrEqual(mebibyte);
  });

  it('does not take an entry that would fill it: it is told without its fields', () => {
    const logger = createLogFile(path, clock);
    logger.log('info', 'large', { text: 'word '.repeat(mebibyte) });
    logger.log('info', 'next');
    expect(lines().map(({ event }) => event)).toEqual(['large', 'next']);
    expect(text().length).toBeLessThan(1000);
  });

  it('counts what was there before', () => {
    createLogFile(path, clock).log('info', 'x');
    fs.appendFileSync(path, `${'y'.repeat(mebibyte - 200)}\n`);
    createLogFile(path, clock).log('info', 'x', line(0));
    expect(files()).toEqual(['rolekey.log', 'rolekey.log.1']);
  });
});

describe('a secret', () => {
  // Digits and letters that do not stand in a log for another reason.
  const pins = fc.stringMatching(/^[2-9][0-9]{3}[2-9][0-9]{3}Zq$/);
  const base64 = (length: number) =>
    fc.stringMatching(new RegExp(`^[A-Za-z0-9][A-Za-z0-9+/]{${String(length - 2)}}[A-Za-z0-9]$`));
  const named = (names: readonly string[], value: fc.Arbitrary<string>) =>
    fc
      .tuple(fc.constantFrom(...names), value)
      .map(([name, secret]) => ({ value: { [name]: secret }, secret }));
  const inText = (make: (secret: string) => string, value: fc.Arbitrary<string>) =>
    value.map((secret) => ({ value: make(secret), secret }));

  const kinds = fc.oneof(
    named(['pin', 'PIN', 'pinValue', 'passphrase', 'password', 'secret'], pins),
    named(['secretAccessKey', 'aws_secret_access_key', 'SecretAccessKey'], base64(40)),
    named(['sessionToken', 'aws_session_token', 'x-amz-security-token', 'SessionToken'], base64(120)),
    named(['authorization', 'Authorization'], base64(64)),
    inText((secret) => `answer: ${secret}.`, base64(200)),
    inText((secret) => `key ${secret} is used`, fc.stringMatching(/^ASIA[A-Z2-7]{16}$/)),
    inText((secret) => `pkcs11:token=a?pin-value=${secret}`, pins),
    inText((secret) => `pkcs11:token=a?module-name=x&pin-value=${secret}&x=y`, pins),
    inText((secret) => `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----\n`, base64(64)),
    inText(
      (secret) => `-----BEGIN RSA PRIVATE KEY-----\n${secret}\n-----END RSA PRIVATE KEY-----`,
      base64(60),
    ),
  );

  /** Puts it somewhere inside: in lists, in members, in errors and their causes. */
  const nested = fc.letrec<{ tree: { value: unknown; secret: string } }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      kinds as fc.Arbitrary<{ value: unknown; secret: string }>,
      tie('tree').map(({ value, secret }) => ({ value: [1, value], secret })),
      tie('tree').map(({ value, secret }) => ({ value: { inner: value, other: 'x' }, secret })),
      tie('tree').map(({ value, secret }) => ({ value: new Error('outer', { cause: value }), secret })),
      tie('tree').map(({ value, secret }) => ({
        value: typeof value === 'string' ? new Error(value) : { inner: value },
        secret,
      })),
      tie('tree').map(({ value, secret }) => ({
        value: new AppError('internal', {
          ...(typeof value === 'string' ? { message: value } : {}),
          cause: value,
        }),
        secret,
      })),
    ),
  })).tree;

  it('of any kind, anywhere in what is logged, is not in the file', () => {
    fc.assert(
      fc.property(nested, fc.constantFrom('error', 'answer', 'details'), ({ value, secret }, name) => {
        fs.rmSync(path, { force: true });
        createLogFile(path, clock).log('error', 'x', { [name]: value });
        expect(text()).not.toContain(secret);
        expect(lines()).toHaveLength(1);
      }),
      { numRuns: 500 },
    );
  });

  it('given as the event itself is not in the file', () => {
    createLogFile(path, clock).log('info', `ASIAIOSFODNN7EXAMPLE`);
    expect(text()).not.toContain('ASIAIOSFODNN7EXAMPLE');
  });
});
