import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

/** Under plain Node the package `electron` answers with a path; with this it does not look for the binary. */
vi.hoisted(() => {
  process.env.ELECTRON_OVERRIDE_DIST_PATH = '/nonexistent';
});
const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
const listenersBefore = vi.hoisted(() => process.listenerCount('SIGTERM'));

import {
  defaultSize,
  fitToDisplays,
  minimumSize,
  openWindowMemory,
  type DisplayArea,
  type Rectangle,
} from '../../../src/main/electron/window-state.ts';

const state = { bounds: { x: 10, y: 20, width: 900, height: 700 }, maximised: true };
const nothing = { bounds: null, maximised: false };

let parent: string;
let directory: string;
let file: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'window-state-'));
  directory = join(parent, 'Rolekey');
  file = join(directory, 'window.json');
});
afterEach(() => {
  rmSync(parent, { recursive: true, force: true });
});
const put = (content: string | Uint8Array): void => {
  mkdirSync(directory, { recursive: true });
  writeFileSync(file, content);
};

describe('the memory of the window', () => {
  it('begins empty, and makes no file by being read', () => {
    const memory = openWindowMemory(directory);
    expect(memory.read()).toEqual(nothing);
    expect(memory.saidNoTray).toBe(false);
    expect(existsSync(file)).toBe(false);
  });

  it('keeps what it is told for the next start, in a file of the user’s alone', () => {
    openWindowMemory(directory).write(state);
    expect(openWindowMemory(directory).read()).toEqual(state);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('keeps what the user was told beside the window', () => {
    const memory = openWindowMemory(directory);
    memory.write(state);
    memory.rememberSaidNoTray();
    expect(memory.saidNoTray).toBe(true);
    memory.write({ ...state, maximised: false });
    const next = openWindowMemory(directory);
    expect(next.saidNoTray).toBe(true);
    expect(next.read()).toEqual({ ...state, maximised: false });
  });

  it.each<[string, string | Uint8Array]>([
    ['empty', ''],
    ['cut short', '{"bounds": {"x": 1'],
    ['no JSON', 'hello'],
    ['no text', Uint8Array.of(0xff, 0xfe, 0)],
    ['null', 'null'],
    ['a list', '[1, 2]'],
    ['a number', '7'],
    ['a text', '"x"'],
    ['deep', '['.repeat(100_000)],
    ['of other types', '{"bounds": "wide", "maximised": 1, "saidNoTray": "no"}'],
    ['a rectangle with a side missing', '{"bounds": {"x": 1, "y": 2, "width": 3}}'],
    ['a rectangle that is too large', '{"bounds": {"x": 1, "y": 2, "width": 1e999, "height": 3}}'],
    ['after a prototype', '{"__proto__": {"saidNoTray": true}}'],
  ])('begins anew from a file that is %s, and can be written again', (_, content) => {
    put(content);
    const memory = openWindowMemory(directory);
    expect(memory.read()).toEqual(nothing);
    expect(memory.saidNoTray).toBe(false);
    memory.write(state);
    expect(openWindowMemory(directory).read()).toEqual(state);
  });

  it('takes what is sound from a file of which a part is spoilt', () => {
    put(JSON.stringify({ bounds: { x: 'left' }, maximised: true, saidNoTray: true, other: 1 }));
    const memory = openWindowMemory(directory);
    expect(memory.read()).toEqual({ bounds: null, maximised: true });
    expect(memory.saidNoTray).toBe(true);
  });

  it.each<[string, () => void]>([
    ['a folder', () => mkdirSync(file, { recursive: true })],
    ['in a folder that is a file', () => writeFileSync(directory, '')],
    [
      'a link to itself',
      () => {
        mkdirSync(directory);
        symlinkSync(file, file);
      },
    ],
  ])('lasts as long as the app where the file is %s', (_, spoil) => {
    spoil();
    const memory = openWindowMemory(directory);
    memory.rememberSaidNoTray();
    memory.write(state);
    expect(memory.read()).toEqual(state);
    expect(memory.saidNoTray).toBe(true);
  });

  it('writes JSON that says nothing else', () => {
    openWindowMemory(directory).write(state);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ ...state, saidNoTray: false });
  });

  it('leaves signals to who cleans up', () => {
    for (const signal of signals) expect(process.listenerCount(signal)).toBe(listenersBefore);
  });
});

const area = (x: number, y: number, width: number, height: number): DisplayArea => ({
  workArea: { x, y, width, height },
});
const rectangle = (x: number, y: number, width: number, height: number): Rectangle => ({
  x,
  y,
  width,
  height,
});
const laptop = area(0, 30, 1440, 870);
const left = area(-1920, 0, 1920, 1080);
const small = area(0, 0, 400, 300);
const middle = { x: 460, y: 125, ...defaultSize };

describe('a window on its displays', () => {
  it.each<[string, Rectangle | null, DisplayArea[], Rectangle]>([
    ['stays where it was', rectangle(100, 100, 900, 700), [laptop], rectangle(100, 100, 900, 700)],
    [
      'stays on a display to the left',
      rectangle(-1900, 10, 900, 700),
      [laptop, left],
      rectangle(-1900, 10, 900, 700),
    ],
    ['is in the middle at first', null, [laptop], middle],
    [
      'comes back from a display that is gone',
      rectangle(-1900, 10, 900, 700),
      [laptop],
      rectangle(270, 115, 900, 700),
    ],
    ['comes out from under a panel', rectangle(100, 0, 900, 700), [laptop], rectangle(100, 30, 900, 700)],
    ['comes in from the edge', rectangle(1400, 850, 900, 700), [laptop], rectangle(540, 200, 900, 700)],
    [
      'goes where most of it is',
      rectangle(-800, 100, 900, 700),
      [laptop, left],
      rectangle(-900, 100, 900, 700),
    ],
    [
      'touching a display is not on it',
      rectangle(1440, 100, 900, 700),
      [laptop],
      rectangle(270, 115, 900, 700),
    ],
    ['is grown when tiny', rectangle(100, 100, 1, 1), [laptop], { x: 100, y: 100, ...minimumSize }],
    ['is shrunk when huge', rectangle(-5000, -5000, 90_000, 90_000), [laptop], laptop.workArea],
    ['fills a display smaller than itself', rectangle(10, 10, 900, 700), [small], small.workArea],
    [
      'is put on whole pixels',
      rectangle(100.4, 100.6, 899.5, 700.2),
      [laptop],
      rectangle(100, 101, 900, 700),
    ],
    ['is in the middle when it is no number', rectangle(Number.NaN, 0, 900, 700), [laptop], middle],
    ['is in the middle when it is endless', rectangle(0, 0, Infinity, 700), [laptop], middle],
    ['is in the middle when it is nowhere', rectangle(1e300, 0, 900, 700), [laptop], middle],
    ['is in the middle when it has no size', rectangle(100, 100, 0, 0), [laptop], middle],
    ['is in the middle when it is inside out', rectangle(100, 100, -900, -700), [laptop], middle],
    ['does without displays', null, [], { x: 0, y: 0, ...defaultSize }],
    [
      'passes over displays that are none',
      null,
      [area(0, 0, 0, 0), area(Number.NaN, 0, 1, 1), laptop],
      middle,
    ],
  ])('%s', (_, bounds, displays, fitted) => {
    expect(fitToDisplays(bounds, displays)).toEqual(fitted);
  });

  const whole = fc.integer({ min: -10_000, max: 10_000 });
  const side = fc.integer({ min: 1, max: 8_000 });
  const displays = fc.array(
    fc.record({ workArea: fc.record({ x: whole, y: whole, width: side, height: side }) }),
    { minLength: 1, maxLength: 4 },
  );
  const anything = fc.record({ x: fc.double(), y: fc.double(), width: fc.double(), height: fc.double() });
  const likely = fc.record({ x: whole, y: whole, width: side, height: side });

  const liesIn = (inner: Rectangle, outer: Rectangle): boolean =>
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height;

  it('always lies within one display, in whole pixels, as large as is of use, and stays there', () => {
    fc.assert(
      fc.property(fc.oneof(anything, likely, fc.constant(null)), displays, (bounds, all) => {
        const fitted = fitToDisplays(bounds, all);
        const home = all.find(({ workArea }) => liesIn(fitted, workArea))?.workArea;
        expect(home).toBeDefined();
        expect(Object.values(fitted).every((number) => Number.isSafeInteger(number))).toBe(true);
        expect(fitted.width).toBeGreaterThanOrEqual(Math.min(minimumSize.width, home!.width));
        expect(fitted.height).toBeGreaterThanOrEqual(Math.min(minimumSize.height, home!.height));
        expect(fitToDisplays(fitted, [{ workArea: home! }])).toEqual(fitted);
      }),
    );
  });

  it('is left as it was where nothing is wrong with it', () => {
    fc.assert(
      fc.property(likely, (bounds) => {
        fc.pre(bounds.width >= minimumSize.width && bounds.height >= minimumSize.height);
        const around = area(bounds.x - 5, bounds.y - 7, bounds.width + 11, bounds.height + 13);
        expect(fitToDisplays(bounds, [around])).toEqual(bounds);
      }),
    );
  });
});
