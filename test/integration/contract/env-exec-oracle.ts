/**
 * How the two shells that Debian does not have read one line of `rolekey env`, from their makers' pages. Written apart
 * from what prints these lines.
 */

export interface Assignment {
  readonly name: string;
  readonly value: string;
}

/**
 * PowerShell: `$Env:NAME="TEXT"` (about_Environment_Variables). Within double quotes (about_Quoting_Rules,
 * about_Special_Characters; language specification 2.3.5.2): a backtick takes the meaning from the next character, but
 * `0 `a `b `e `f `n `r `t `u `v are control characters; a `$` begins a variable or an expression; two quotes are one;
 * typographic quotes are quotes.
 * @throws Error where the line would do anything else than set that variable.
 */
export function powershellReads(line: string): Assignment {
  const [, name = '', text = ''] = /^\$Env:([A-Za-z_][A-Za-z0-9_]*)=["“”„]([^]*)["“”„]$/.exec(line) ?? [];
  if (name === '') throw new Error(`PowerShell sets no variable by: ${line}`);
  if (/[\r\n]/.test(line)) throw new Error('Invoke-Expression reads line by line.');
  let value = '';
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === '`') {
      at += 1;
      const escaped = text.charAt(at);
      if (escaped === '' || /[0abefnrtuv]/.test(escaped))
        throw new Error(`PowerShell reads \`${escaped} as another character.`);
      value += escaped;
    } else if (character === '$') {
      throw new Error('PowerShell expands what is behind $.');
    } else if (/["“”„]/.test(character)) {
      at += 1;
      if (!/["“”„]/.test(text.charAt(at))) throw new Error('The text ends before its end.');
      value += character;
    } else {
      value += character;
    }
  }
  return { name, value };
}

/**
 * cmd.exe: `set NAME=TEXT` to the end of the line (`set /?`). `& | < > ( ) ^ "` and line ends are syntax, `%` expands,
 * `!` does with delayed expansion, which may be on (`cmd /?`); blanks at the end would belong to the value, and `for /f`,
 * by which it is taken, splits at blanks and cuts at `;`.
 * @throws Error where the line would do anything else than set that variable.
 */
export function cmdReads(line: string): Assignment {
  const [, name = '', value = ''] = /^set ([A-Za-z_][A-Za-z0-9_]*)=([^]*)$/.exec(line) ?? [];
  if (name === '') throw new Error(`cmd.exe sets no variable by: ${line}`);
  if (/[&|<>()^"%!;,\s]|[^\u0021-\u007e]/.test(value)) throw new Error(`cmd.exe reads syntax in: ${line}`);
  return { name, value };
}
