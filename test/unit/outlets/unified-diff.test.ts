import { expect, it } from 'vitest';
import { unifiedDiff } from '../../../src/main/outlets/unified-diff.ts';
import { encode } from './sections.ts';

function diff(before: string | null, after: string | null): string {
  const bytes = (text: string | null): Uint8Array | null => (text === null ? null : encode(text));
  return unifiedDiff({ path: '/c', before: bytes(before), after: bytes(after) });
}

it.each([
  'aws_secret_access_key = HIDDEN',
  'aws_secret_access_key=HIDDEN',
  '  aws_session_token : HIDDEN',
  'aws_security_token = HIDDEN',
  'AWS_SECRET_ACCESS_KEY = HIDDEN',
  '# aws_secret_access_key = HIDDEN',
  '#aws_secret_access_key=HIDDEN',
  '# rolekey-kept: aws_session_token = HIDDEN',
  'github_token = HIDDEN',
  'password = HIDDEN',
  'aws_access_key_id = HIDDEN',
  'credential_process = /opt/x --password=HIDDEN',
  'aws_secret_access_key =\n  HIDDEN\n  HIDDEN',
  'aws_secret_access_key = x\n  HIDDEN',
])('the value of %j is not shown', (line) => {
  for (const shown of [diff('[a]\n', `[a]\n${line}\n`), diff(`[a]\n${line}\n`, `[a]\n${line}\nk = v\n`)]) {
    expect(shown).not.toContain('HIDDEN');
    expect(shown).toContain('********');
  }
});

it('other lines are shown as they are', () => {
  expect(diff('', '[a]\nregion = eu-west-2\ncredential_process = "/opt/x" --account a\n')).toBe(
    '--- /c\n+++ /c\n@@ -0,0 +1,3 @@\n+[a]\n+region = eu-west-2\n+credential_process = "/opt/x" --account a\n',
  );
});

it('is empty where nothing changes that may be shown', () => {
  expect(diff('[a]\n', '[a]\n')).toBe('');
  expect(diff('aws_session_token = a\n', 'aws_session_token = b\n')).toBe('');
});

it('names a deleted file', () => {
  expect(diff('[a]\n', null)).toContain('--- /c\n+++ /dev/null\n');
});

it('of lines that end in CRLF or CR is one of lines', () => {
  expect(diff('[a]\r\nk = v\r', '[a]\r\nk = v\rj = w\r')).toBe(
    '--- /c\n+++ /c\n@@ -1,2 +1,3 @@\n [a]\n k = v\n+j = w\n',
  );
});

it('commands no terminal', () => {
  expect(diff('', '[a]\nk = \u001b[2Jv\u009b\n')).not.toMatch(/[\u001b\u009b]/);
});
