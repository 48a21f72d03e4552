/** One page's door to the engine: texts of JSON come in over Electron's IPC, and only from the page they are meant for. */
import type { IpcMainInvokeEvent, WebContents } from 'electron';
import type { Caller, Door, EventAt, Handlers } from '../../shared/api.ts';
import { ipcChannels, type Answer } from '../../shared/bridge.ts';
import { AppError, isAppError, toErrorShape } from '../../shared/errors.ts';
import { maxRequestBytes } from '../../shared/wire.ts';
import { dispatch } from '../dispatch.ts';
import type { Logger } from '../ports.ts';
import { isPage, type Page } from './pages.ts';

export interface DoorOptions<D extends Door> {
  readonly door: D;
  readonly page: Page;
  /** What answers now: an engine that could not start may start later. */
  readonly handlers: () => Handlers<D>;
  /** Names the stream that prompts of this door's calls go to. */
  readonly client: string | null;
  readonly logger: Logger;
}

/** Answers the page in `contents` for as long as that lives. */
export function openDoor<D extends Door>(contents: WebContents, options: DoorOptions<D>): void {
  contents.ipc.handle(ipcChannels.call, (event, name: unknown, text: unknown) =>
    answerCall(options, sentBy(event, contents, options.page), name, text),
  );
}

/** Tells the page of an event. */
export function tell<D extends Door>(contents: WebContents, event: EventAt<D>): void {
  if (contents.isDestroyed()) return;
  contents.send(ipcChannels.event, event.name, JSON.stringify(event.payload));
}

/**
 * One call, from what came in to what goes back; never throws.
 * @param isOurs whether it comes from the page's own main frame.
 * @param name and `text` may be anything.
 * @returns the JSON of an {@link Answer}.
 */
export async function answerCall<D extends Door>(
  { door, handlers, client, logger }: Omit<DoorOptions<D>, 'page'>,
  isOurs: boolean,
  name: unknown,
  text: unknown,
): Promise<string> {
  let answer: Answer<unknown>;
  try {
    if (!isOurs) throw new AppError('usage-invalid', { message: 'Only Rolekey’s own pages may ask.' });
    const caller: Caller = { door, client, saysItIs: door };
    answer = { result: await dispatch(door, handlers(), name, parseInput(text), caller) };
  } catch (error) {
    if (!isAppError(error) || error.code === 'internal' || !isOurs) {
      logger.log('error', 'window-call-failed', {
        door,
        name: typeof name === 'string' ? name : null,
        error,
      });
    }
    answer = { error: toErrorShape(error) };
  }
  return JSON.stringify(answer);
}

function parseInput(text: unknown): unknown {
  if (typeof text !== 'string' || Buffer.byteLength(text) > maxRequestBytes) {
    throw new AppError('usage-invalid', { message: 'The request is longer than 1 MiB, or no text.' });
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new AppError('usage-invalid', { message: 'The request is not JSON.', cause });
  }
}

/** A frame inside the page, or the page after it was led elsewhere, is a stranger (Electron's security checklist, 17). */
function sentBy({ senderFrame }: IpcMainInvokeEvent, contents: WebContents, page: Page): boolean {
  return senderFrame !== null && senderFrame === contents.mainFrame && isPage(page, senderFrame.url);
}
