/** What a start of the app tells the one that runs already, and how much of it is believed. */
import * as z from 'zod';
import { deepLinkIn, linkedScreens, type LinkedScreen } from './deep-link.ts';

/** More than this would let who starts the app tell the running one what to do. */
export interface AnotherStart {
  /** Null where it does not say. */
  readonly version: string | null;
  readonly screen: LinkedScreen | null;
}

/** Each value stands for itself: any program of the user can send anything. */
const schema = z.object({
  version: z
    .string()
    .regex(/^[0-9A-Za-z.+-]{1,64}$/)
    .nullable()
    .catch(null),
  screen: z.enum(linkedScreens).nullable().catch(null),
});

/** @param argv what this start was given. */
export function thisStart(version: string, argv: readonly string[]): AnotherStart {
  return { version, screen: deepLinkIn(argv) };
}

/** @param data may be anything. */
export function readAnotherStart(data: unknown): AnotherStart {
  return schema.catch({ version: null, screen: null }).parse(data);
}

/**
 * The longest arguments of a start that may speak to the running app, bytes. Chromium brings them there in a message of
 * at most 32 KiB, together with the folder it was started in; on a longer one the running app gives no answer, is taken
 * for one that hangs, and is killed. A link of a web page can be that long.
 */
export const maxArgumentBytes = 8192;

/** Whether a start with these arguments does no harm to the app that runs. */
export function maySpeak(argv: readonly string[]): boolean {
  return Buffer.byteLength(argv.join('\0')) <= maxArgumentBytes;
}
