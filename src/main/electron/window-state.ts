/**
 * Where the main window was, kept in `window.json` of the app's folder, and back onto a display where it can be seen.
 * Nothing here is worth an error: a file that cannot be read or written means a window of the usual size.
 */
import '../node/conf.ts'; // first: it undoes the signal handlers that electron-store's own import of conf would leave
import Store from 'electron-store';
import * as z from 'zod';

/** In pixels that do not depend on the display's scale, as Electron's. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface WindowState {
  /** Of the window when it was neither maximised nor full-screen; null: it was never shown. */
  readonly bounds: Rectangle | null;
  readonly maximised: boolean;
}

export const defaultSize = { width: 520, height: 680 } as const;
/** The smallest window that is still of use; the window's own minimum. */
export const minimumSize = { width: 380, height: 400 } as const;

const numbers = z.number();
const rectangleSchema = z.object({ x: numbers, y: numbers, width: numbers, height: numbers });

/** Each value stands for itself: one that is spoilt does not take the others with it. */
const fileSchema = z.object({
  bounds: rectangleSchema.nullable().catch(null),
  maximised: z.boolean().catch(false),
  saidNoTray: z.boolean().catch(false),
});
type WindowFile = z.output<typeof fileSchema>;

export interface WindowMemory {
  /** What was kept last; never throws. The rectangle may lie anywhere: see {@link fitToDisplays}. */
  read(): WindowState;
  /** Keeps it; quietly not where the file cannot be written. */
  write(state: WindowState): void;
  /** Whether the user was told that this desktop has no tray. */
  readonly saidNoTray: boolean;
  rememberSaidNoTray(): void;
}

/** @param directory the app's `userData`, absolute; made with the first write. */
export function openWindowMemory(directory: string): WindowMemory {
  // What a file that cannot be written does not hold is remembered here for as long as the app runs.
  let known = load(directory);
  const keep = (changes: Partial<WindowFile>): void => {
    known = { ...known, ...changes };
    save(directory, known);
  };
  return {
    read: () => ({ bounds: known.bounds, maximised: known.maximised }),
    write: ({ bounds, maximised }) => keep({ bounds, maximised }),
    get saidNoTray() {
      return known.saidNoTray;
    },
    rememberSaidNoTray: () => keep({ saidNoTray: true }),
  };
}

function load(directory: string): WindowFile {
  try {
    return fileSchema.parse(openStore(directory).store);
  } catch {
    return fileSchema.parse({});
  }
}

function save(directory: string, file: WindowFile): void {
  try {
    openStore(directory).store = file;
  } catch {
    // The next start opens a window of the usual size.
  }
}

/** @throws where the file is there and cannot be read. One that is no JSON counts as empty. */
function openStore(directory: string): Store {
  return new Store({
    cwd: directory,
    name: 'window',
    configFileMode: 0o600,
    clearInvalidConfig: true,
    accessPropertiesByDotNotation: false,
  });
}

/** The part of Electron's `Display` that is needed. */
export interface DisplayArea {
  /** Without panels and docks. */
  readonly workArea: Rectangle;
}

/**
 * Where to show a window that was at `bounds`: as it was, if it lies within the work area of one display; else moved, and
 * shrunk or grown, until it does. One that is on no display at all, or makes no sense, is shown on the first display, in
 * its middle. The answer is in whole pixels.
 * @param displays the primary one first.
 */
export function fitToDisplays(bounds: Rectangle | null, displays: readonly DisplayArea[]): Rectangle {
  const areas = displays.map(({ workArea }) => workArea).filter(isPossible);
  const primary = areas[0] ?? { x: 0, y: 0, ...defaultSize };
  if (bounds === null || !isPossible(bounds)) return centred(defaultSize, primary);
  const home = areas
    .map((area) => ({ area, overlap: overlapOf(bounds, area) }))
    .reduce((best, one) => (one.overlap > best.overlap ? one : best), { area: primary, overlap: 0 });
  return home.overlap === 0 ? centred(bounds, primary) : within(bounds, home.area);
}

/** Far beyond any desktop, and small enough for Electron, which takes 32-bit integers. */
const farthest = 1_000_000;

function isPossible({ x, y, width, height }: Rectangle): boolean {
  const near = [x, y, width, height].every((number) => Math.abs(number) <= farthest); // false for NaN
  return near && width >= 1 && height >= 1;
}

/** In square pixels. */
function overlapOf(one: Rectangle, other: Rectangle): number {
  const width = Math.min(one.x + one.width, other.x + other.width) - Math.max(one.x, other.x);
  const height = Math.min(one.y + one.height, other.y + other.height) - Math.max(one.y, other.y);
  return Math.max(0, width) * Math.max(0, height);
}

function centred(size: { readonly width: number; readonly height: number }, area: Rectangle): Rectangle {
  const { width, height } = within({ ...area, width: size.width, height: size.height }, area);
  return within(
    { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height },
    area,
  );
}

function within(bounds: Rectangle, area: Rectangle): Rectangle {
  const [x, width] = span(bounds.x, bounds.width, area.x, area.width, minimumSize.width);
  const [y, height] = span(bounds.y, bounds.height, area.y, area.height, minimumSize.height);
  return { x, y, width, height };
}

/** One side of it: where it begins, and how long it is. An area smaller than the minimum is filled. */
function span(
  start: number,
  length: number,
  areaStart: number,
  areaLength: number,
  least: number,
): [number, number] {
  const begin = Math.ceil(areaStart);
  const room = Math.max(1, Math.floor(areaStart + areaLength) - begin);
  const fitted = Math.min(Math.max(Math.round(length), least), room);
  return [Math.min(Math.max(Math.round(start), begin), begin + room - fitted), fitted];
}
