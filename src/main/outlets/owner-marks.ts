/** The comment lines that tell what in a user's file is Rolekey's. Pure text. */
import { accountIdSchema } from '../../shared/model.ts';

const markerStart = '# managed by rolekey: ';
const keptStart = '# rolekey-kept: ';

/** The line under the header of a section of ours. */
export function markerOf(accountId: string): string {
  return markerStart + accountId;
}

/** The account that a marker names; null for every line that is not exactly a marker. */
export function markedAccount(text: string): string | null {
  if (!text.startsWith(markerStart)) return null;
  return accountIdSchema.safeParse(text.slice(markerStart.length)).data ?? null;
}

/** Whether a line says what a marker says without being one: changed by hand, cut short, no longer a comment. */
export function resemblesMarker(text: string): boolean {
  const letters = text
    .slice(0, 80)
    .toLowerCase()
    .replaceAll(/[^a-z]/g, '');
  return letters.startsWith('managedbyrolek') && markedAccount(text) === null;
}

/** A line of the user's, put out of effect and kept. */
export function keep(text: string): string {
  return keptStart + text;
}

/** The line that was kept; null for every other line. */
export function kept(text: string): string | null {
  return text.startsWith(keptStart) ? text.slice(keptStart.length) : null;
}
