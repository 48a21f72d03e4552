/**
 * Environment variables as shells read them: the formats of `aws configure export-credentials`. A value arrives byte for
 * byte or is refused: one that came apart in a shell would run there.
 */
import { AppError } from '../shared/errors.ts';

/** What needs no quoting in any of the shells; what AWS issues is made of these. */
const plain = /^[A-Za-z0-9/+=_.:@-]*$/;

export interface ShellFormat {
  /** One line that sets a variable. @throws AppError `response-invalid` where no quoting carries the value. */
  readonly set: (name: string, value: string) => string;
  /** One line that makes it unset; no failure where it is. */
  readonly unset: (name: string) => string;
}

export const shellFormats: Readonly<Record<string, ShellFormat>> = {
  env: { set: (name, value) => `export ${name}=${posixQuote(value)}`, unset: (name) => `unset ${name}` },
  'env-no-export': { set: (name, value) => `${name}=${posixQuote(value)}`, unset: (name) => `unset ${name}` },
  fish: { set: (name, value) => `set -gx ${name} ${fishQuote(value)}`, unset: (name) => `set -e ${name}` },
  powershell: {
    set: (name, value) => `$Env:${name}="${powershellEscape(value)}"`,
    unset: (name) => `$Env:${name}=$null`,
  },
  'windows-cmd': { set: (name, value) => `set ${name}=${cmdValue(value)}`, unset: (name) => `set ${name}=` },
};

/** POSIX.1-2024, 2.2.2: within single quotes every character stands for itself. */
function posixQuote(value: string): string {
  return plain.test(value) ? value : `'${oneLine(value).replaceAll("'", `'\\''`)}'`;
}

/** fish, "Quotes": within single quotes only \' and \\ are escapes. */
function fishQuote(value: string): string {
  return plain.test(value) ? value : `'${oneLine(value).replace(/[\\']/g, (character) => `\\${character}`)}'`;
}

/**
 * PowerShell, about_Quoting_Rules: within double quotes the backtick takes the meaning from what follows. Its grammar
 * takes the typographic double quotes for the plain one as well (language specification, 2.3.5.2).
 */
function powershellEscape(value: string): string {
  return oneLine(value).replace(/[`"$“”„]/g, '`$&');
}

/** cmd.exe has no quoting that survives every character; nothing AWS issues comes here. */
function cmdValue(value: string): string {
  if (plain.test(value)) return value;
  throw new AppError('response-invalid', {
    message: 'The credentials hold characters cmd.exe cannot carry.',
  });
}

/** Shells read line by line, some of them (Invoke-Expression behind a pipe) without regard for quotes. */
function oneLine(value: string): string {
  if (!/[\u0000-\u001f\u007f\u0085\u2028\u2029]/.test(value)) return value;
  throw new AppError('response-invalid', { message: 'The credentials hold control characters.' });
}
