import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { coverage, renderAll, trayShapes } from '../../../build/icons/render.mjs';
import { trayIcon, type TrayShape } from '../../../src/main/electron/tray-model.ts';

const folder = 'build/icons/png';
const committed = readdirSync(folder).sort();
const picture = (name: string): Buffer => readFileSync(`${folder}/${name}`);
/** Width and height, out of a PNG's first chunk. */
const sizeOf = (png: Buffer): number[] => [png.readUInt32BE(16), png.readUInt32BE(20)];

const shapes: readonly TrayShape[] = ['idle', 'connected', 'needs-you', 'working', 'error'];
const pairs = shapes.flatMap((one, at) => shapes.slice(at + 1).map((other) => [one, other] as const));

describe('the icons', () => {
  it('are what their drawings render to', () => {
    const rendered = renderAll();
    expect(committed).toEqual([...rendered.keys()].sort());
    for (const [name, png] of rendered) expect(png.equals(picture(name)), name).toBe(true);
  });

  it('are there for every shape, and for no other', () => {
    expect([...trayShapes].sort()).toEqual([...shapes].sort());
  });

  it.each(
    shapes.flatMap((shape) =>
      (['linux', 'darwin', 'win32'] as const).flatMap((platform) =>
        [true, false].map((dark) => [shape, platform, dark] as const),
      ),
    ),
  )('are where the tray looks for them: %s, %s, dark panel %s', (shape, platform, dark) => {
    const { file } = trayIcon(shape, platform, dark);
    expect(committed).toContain(file);
    if (platform === 'linux') {
      expect(sizeOf(picture(file))).toEqual([48, 48]);
      return;
    }
    expect(sizeOf(picture(file))).toEqual([16, 16]);
    expect(sizeOf(picture(file.replace('.png', '@2x.png')))).toEqual([32, 32]);
  });

  it('have one for the app that packagers take', () => {
    expect(sizeOf(picture('app.png'))).toEqual([512, 512]);
  });
});

describe('the shapes of the tray', () => {
  // Of 256 pixels at single resolution; a colour makes no difference here.
  it.each(pairs)('%s and %s differ in what they cover', (one, other) => {
    const [first, second] = [coverage(one, 16), coverage(other, 16)];
    const differing = first.filter((alpha, at) => Math.abs(alpha - second[at]!) > 96);
    expect(differing.length).toBeGreaterThanOrEqual(10);
  });

  it.each(shapes)('%s leaves the icon’s edge visible and is neither empty nor full', (shape) => {
    const covered = coverage(shape, 16).filter((alpha) => alpha > 128).length;
    expect(covered).toBeGreaterThan(30);
    expect(covered).toBeLessThan(150);
  });
});
