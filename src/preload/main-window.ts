/** The main window's bridge. */
import { expose } from './expose.ts';

declare const ROLEKEY_DOOR: { readonly calls: readonly string[]; readonly events: readonly string[] };

expose<'window'>(ROLEKEY_DOOR.calls, ROLEKEY_DOOR.events);
