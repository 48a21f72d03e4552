/**
 * A command line's words, as the programs that would run it part them. Nothing is run: a line that needs a shell for
 * more than its quotes is refused.
 *
 * AWS CLI and botocore use Python's `shlex` (on Windows the rules of Microsoft's C runtime), the SDKs for Go and
 * JavaScript `sh -c` (on Windows `cmd.exe /C`). Where they agree there is one answer. Where they do not, the one
 * reading under which the line works is taken: a line break parts words, as for botocore; `$HOME` and a leading `~/`
 * are the home directory, as for a shell; `;` and `&` inside an unquoted pkcs11: URI are the URI's own.
 */
import { AppError } from '../../shared/errors.ts';

/** @throws AppError `account-invalid` where the line uses the shell, or a quotation is left open. */
export function commandWords(line: string, home: string, windows: boolean): string[] {
  return windows || looksLikeWindows(line) ? windowsWords(line, home) : posixWords(line, home);
}

/** A command on a drive or a share, or a bare `.exe`; one below `/` is started from WSL and quoted for a shell there. */
function looksLikeWindows(line: string): boolean {
  return /^\s*"?([A-Za-z]:[\\/]|\\\\|[^/"\s]*\.exe\b)/.test(line);
}

const posixTokens = new RegExp(
  [
    /(?<blank>[ \t\r\n]+)/,
    /(?<continuation>\\\r?\n)/,
    /\\(?<escaped>[^])/,
    /'(?<single>[^']*)'/,
    /"(?<double>[^"\\]*(?:\\[^][^"\\]*)*)"/,
    /(?<home>\$HOME\b|\$\{HOME\})/,
    /(?<shell>[|&;<>()`$])/,
    /(?<open>[\\'"])/,
    /(?<plain>[^ \t\r\n\\'"|&;<>()`$]+)/,
  ]
    .map((pattern) => pattern.source)
    .join('|'),
  'gu',
);

/** POSIX shell quoting (XCU 2.2), of its expansions the home directory alone. */
export function posixWords(line: string, home: string): string[] {
  const words: string[] = [];
  /** The word under way; null between words, as an empty pair of quotes is a word. */
  let word: string | null = null;
  const tokens = new RegExp(posixTokens);
  for (let token = tokens.exec(line); token !== null; token = tokens.exec(line)) {
    const { index, groups = {} } = token;
    if (groups.blank !== undefined) {
      if (word !== null) words.push(word);
      word = null;
    } else if (word === null && groups.plain?.startsWith('#') === true) {
      const end = line.indexOf('\n', index);
      tokens.lastIndex = end < 0 ? line.length : end;
    } else if (groups.continuation === undefined) {
      word = (word ?? '') + textOf(groups, word, line.slice(index + 1, index + 2), home);
    }
  }
  return word === null ? words : [...words, word];
}

function textOf(
  groups: Partial<Record<string, string>>,
  word: string | null,
  next: string,
  home: string,
): string {
  if (groups.open !== undefined) throw openQuotation();
  if (groups.shell !== undefined) {
    const inUri = word !== null && /^(--[a-z0-9-]+=)?pkcs11:/i.test(word);
    if (inUri && /[;&]/.test(groups.shell) && /[^;& \t\r\n]/.test(next)) return groups.shell;
    throw usesShell();
  }
  if (groups.home !== undefined) return home;
  if (groups.double !== undefined) return insideDoubleQuotes(groups.double, home);
  const text = groups.escaped ?? groups.single ?? groups.plain ?? '';
  if (word !== null || groups.plain?.startsWith('~') !== true) return text;
  if (!/^~(\/|$)/.test(text)) throw usesShell();
  return home + text.slice(1);
}

function insideDoubleQuotes(text: string, home: string): string {
  return text.replace(/\\([^])|\$(?:HOME\b|\{HOME\})|[$`]/gu, (found, escaped?: string) => {
    if (escaped === undefined) {
      if (found.length === 1) throw usesShell();
      return home;
    }
    if (escaped === '\n') return '';
    return '"\\$`'.includes(escaped) ? escaped : found;
  });
}

/**
 * Microsoft's rules ("Parsing C++ command-line arguments"): double quotes only, and a backslash is one unless a quote
 * follows. cmd.exe's operators are refused outside quotes, its variables but %USERPROFILE% wherever they stand.
 */
export function windowsWords(line: string, home: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quoted = false;
  for (const [token, backslashes = '', quote] of line.matchAll(/(\\*)(")|\\+|[^\\"]/gu)) {
    if (quote !== undefined) {
      word = (word ?? '') + '\\'.repeat(Math.floor(backslashes.length / 2));
      if (backslashes.length % 2 === 1) word += quote;
      else quoted = !quoted;
    } else if (!quoted && /[ \t\r\n]/.test(token)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (!quoted && /[|&<>^]/.test(token)) {
      throw usesShell();
    } else {
      word = (word ?? '') + token;
    }
  }
  if (quoted) throw openQuotation();
  return (word === null ? words : [...words, word]).map((each) => withUserProfile(each, home));
}

/** A percent sign in a URI is its own: `%ab%cd` is two bytes, not a variable. */
function withUserProfile(word: string, home: string): string {
  if (/pkcs11:/i.test(word)) return word;
  const expanded = word.replace(/%USERPROFILE%/gi, () => home);
  if (/%[^%\s]+%/.test(expanded)) throw usesShell();
  return expanded;
}

function usesShell(): AppError {
  return new AppError('account-invalid', {
    message:
      'The line uses the shell (variables, substitution, pipes or several commands), which is never run.',
    remedy: 'Give the aws_signing_helper command alone, with its values written out.',
  });
}

function openQuotation(): AppError {
  return new AppError('account-invalid', {
    message: 'A quotation in the line is left open.',
    remedy: 'Close the quotation.',
  });
}
