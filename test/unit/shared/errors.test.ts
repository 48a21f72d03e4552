import { describe, expect, it, vi } from 'vitest';
import {
  AppError,
  errorTable,
  fromErrorShape,
  isAppError,
  isErrorCode,
  toErrorShape,
  type ErrorCode,
} from '../../../src/shared/errors.ts';

/** Copied from the command line's contract: none of them may go. */
const contractCodes = `
  account-exists account-unknown arn-malformed arn-mismatch duration-range key-unknown key-ambiguous module-missing
  module-not-pkcs11 module-unconfirmed token-absent pin-needed pin-incorrect pin-locked pin-final touch-needed
  cert-expired cert-not-yet-valid cert-no-digital-signature cert-is-ca cert-sha1 cert-key-mismatch chain-broken
  endpoint-insecure network-unreachable tls-untrusted aws-access-denied aws-not-found aws-throttled
  aws-invalid-signature clock-skew response-invalid identity-mismatch file-unreadable file-undecodable section-foreign
  marker-damaged file-readonly disk-full cli-path-unsafe agent-not-running agent-version`
  .trim()
  .split(/\s+/);

const rows = Object.entries(errorTable);

describe('the table of failures', () => {
  it.each(contractCodes)('has the contract’s code %s', (code) => {
    expect(isErrorCode(code)).toBe(true);
  });

  it.each(rows)('%s is one plain line, with a sentence on what to do', (code, { message, remedy }) => {
    expect(code).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
    expect(message).toMatch(/^[A-Z][^\n]*\.$/);
    expect(remedy).toMatch(/^[A-Z][^\n]*\.$/);
  });

  it('says something else for every code', () => {
    expect(new Set(rows.map(([, { message }]) => message)).size).toBe(rows.length);
  });

  it.each(['', 'Internal', 'toString', '__proto__', 'constructor', 'account-exists '])(
    'knows no code %j',
    (code) => {
      expect(isErrorCode(code)).toBe(false);
    },
  );
});

describe('an error', () => {
  it('says what the table says unless told more', () => {
    const plain = new AppError('disk-full');
    expect(plain).toMatchObject({ message: errorTable['disk-full'].message, requestId: null });
    expect(plain.remedy).toBe(errorTable['disk-full'].remedy);
    const special = new AppError('disk-full', { message: 'M.', remedy: 'R.', requestId: 'r-1' });
    expect(special).toMatchObject({ code: 'disk-full', message: 'M.', remedy: 'R.', requestId: 'r-1' });
  });

  it('keeps an empty remedy empty', () => {
    expect(new AppError('disk-full', { remedy: '' }).remedy).toBe('');
  });

  it('is told by its code', () => {
    const error = new AppError('disk-full');
    expect(isAppError(error)).toBe(true);
    expect(isAppError(error, 'disk-full')).toBe(true);
    expect(isAppError(error, 'file-busy')).toBe(false);
    expect(isAppError(new Error('disk-full'))).toBe(false);
    expect(isAppError({ code: 'disk-full' }, 'disk-full')).toBe(false);
  });

  // The command line and its agent are two bundles in one process, each with a copy of the class.
  it('is told by its code where another copy of the class made it', async () => {
    vi.resetModules();
    const copy = await import('../../../src/shared/errors.ts');
    const error = new copy.AppError('disk-full', { message: 'M.' });
    expect(error).not.toBeInstanceOf(AppError);
    expect(isAppError(error, 'disk-full')).toBe(true);
    expect(isAppError(error, 'file-busy')).toBe(false);
    expect(toErrorShape(error)).toMatchObject({ code: 'disk-full', message: 'M.' });
  });

  it.each(Object.keys(errorTable) as ErrorCode[])('crosses to another process whole: %s', (code) => {
    const error = new AppError(code, { message: 'A.', remedy: 'B.', requestId: 'c', cause: new Error('d') });
    const shape = JSON.parse(JSON.stringify(toErrorShape(error))) as ReturnType<typeof toErrorShape>;
    expect(shape).toEqual({ code, message: 'A.', remedy: 'B.', requestId: 'c' });
    expect(toErrorShape(fromErrorShape(shape))).toEqual(shape);
  });

  it('leaves its cause behind when it crosses', () => {
    const error = new AppError('internal', { cause: new Error('secret') });
    expect(JSON.stringify(toErrorShape(error))).not.toContain('secret');
    expect(error.cause).toBeInstanceOf(Error);
    expect('cause' in new AppError('internal')).toBe(false);
  });
});

it.each([
  ['an error of the language', new TypeError('secret')],
  ['a string', 'secret'],
  ['nothing', undefined],
])('what is no expected failure keeps its text to itself: %s', (_, thrown) => {
  const shape = toErrorShape(thrown);
  expect(shape.code).toBe('internal');
  expect(JSON.stringify(shape)).not.toContain('secret');
});
