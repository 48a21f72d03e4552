/**
 * Renders the icons: `node build/icons/render.mjs` writes build/icons/png, which is committed, so that a build needs no
 * renderer and what ships has been looked at. The drawings' colours are `color` attributes: that of the root is the key's.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Resvg } from '@resvg/resvg-js';

const here = new URL('./', import.meta.url);
export const trayShapes = ['idle', 'connected', 'needs-you', 'working', 'error'];
/** On a dark panel the key is light, and the other way round. */
const keyColours = { light: '#f4f4f4', dark: '#1f1f1f' };
/** Pixels of a tray icon at single resolution, and where a panel takes one image for every scale. */
const traySize = 16;
const largeSize = 48;

/**
 * @param {string} svg
 * @param {number} size pixels of each side
 */
function draw(svg, size) {
  return new Resvg(svg, { fitTo: { mode: 'width', value: size }, font: { loadSystemFonts: false } }).render();
}

/** @param {string} name */
const source = (name) => readFileSync(new URL(`${name}.svg`, here), 'utf8');

/**
 * @param {string} svg
 * @param {string} colour
 */
const withKey = (svg, colour) => svg.replace(/(<svg[^>]* color=")[^"]*/, `$1${colour}`);

/**
 * Black and alpha: macOS gives it the colour of its menu bar.
 * @param {string} svg
 */
const asTemplate = (svg) => svg.replace(/ color="[^"]*"/g, ' color="#000000"');

/**
 * How much of each pixel a tray shape covers, 0 to 255, row by row.
 * @param {string} shape
 * @param {number} size pixels of each side
 * @returns {Uint8Array}
 */
export function coverage(shape, size) {
  const { pixels } = draw(asTemplate(source(`tray-${shape}`)), size);
  return Uint8Array.from({ length: size * size }, (_, at) => pixels[at * 4 + 3] ?? 0);
}

/**
 * Every picture by its file name.
 * @returns {Map<string, Buffer>}
 */
export function renderAll() {
  const pictures = new Map([['app.png', draw(source('app'), 512).asPng()]]);
  for (const shape of trayShapes) {
    const svg = source(`tray-${shape}`);
    /** @type {(name: string, drawing: string) => void} */
    const add = (name, drawing) => {
      pictures.set(`${name}.png`, draw(drawing, traySize).asPng());
      pictures.set(`${name}@2x.png`, draw(drawing, traySize * 2).asPng());
    };
    add(`tray-${shape}Template`, asTemplate(svg));
    for (const [tone, colour] of Object.entries(keyColours)) {
      add(`tray-${shape}-${tone}`, withKey(svg, colour));
      pictures.set(`tray-${shape}-${tone}-large.png`, draw(withKey(svg, colour), largeSize).asPng());
    }
  }
  return pictures;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = new URL('png/', here);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const [name, png] of renderAll()) writeFileSync(new URL(name, folder), png);
}
