/**
 * Judges an edit of an AWS file by what is left when everything Rolekey is known to write is struck out, line by line.
 * Knows the command line's contract and nothing of the editor.
 */

export interface ForeignLine {
  readonly text: string;
  /** Empty for a last line without a line end of its own. */
  readonly end: string;
  /** The header line it stands under; null above the first. */
  readonly under: string | null;
}

const ownKeys =
  /^\s*(aws_access_key_id|aws_secret_access_key|aws_session_token|x_security_token_expires) = OURS/;
const kept = '# rolekey-kept: ';
/** In place of the blank line: the line above it had no line end of its own. */
const joint = ' \t';

/**
 * @param ownProfiles names of which every section was written by Rolekey; values it wrote begin with OURS.
 */
export function foreignLines(text: string, ownProfiles: readonly string[]): ForeignLine[] {
  const headers = new Set(ownProfiles.map((profile) => `[${profile}]`));
  const lines = splitLines(text);
  const foreign: ForeignLine[] = [];
  let under: string | null = null;
  lines.forEach(([line, end], index) => {
    if (/^\s*\[[^\]]*\]/.test(line)) under = line;
    if (headers.has(line)) {
      const above = index > 1 ? lines[index - 1]![0] : null; // Rolekey begins no file with a blank line
      if (above === '' || above === joint) foreign.pop();
      const last = above === joint ? foreign.pop() : undefined;
      if (last !== undefined) foreign.push({ ...last, end: '' });
      return;
    }
    if (line.startsWith('# managed by rolekey: ') || ownKeys.test(line)) return;
    const original = line.startsWith(kept) ? line.slice(kept.length) : line;
    if (!headers.has(original)) foreign.push({ text: original, end, under });
  });
  return foreign;
}

export function splitLines(text: string): [text: string, end: string][] {
  const parts = text.replace(/^\ufeff/, '').split(/(\r\n|\n|\r)/);
  const lines: [string, string][] = [];
  for (let index = 0; index < parts.length; index += 2) {
    const line: [string, string] = [parts[index]!, parts[index + 1] ?? ''];
    if (line[0] !== '' || line[1] !== '') lines.push(line);
  }
  return lines;
}
