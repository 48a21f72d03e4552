import { Resvg } from '@resvg/resvg-js';
import { describe, expect, it } from 'vitest';
import { smallPng } from '../../../support/screenshots/small-png.ts';

/** What another decoder sees in a PNG: red, green, blue and alpha of each pixel. */
function pixels(png: Buffer): Buffer {
  const image = `<image width="64" height="48" href="data:image/png;base64,${png.toString('base64')}"/>`;
  return new Resvg(`<svg xmlns="http://www.w3.org/2000/svg" width="64" height="48">${image}</svg>`).render()
    .pixels;
}

function picture(content: string): Buffer {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="64" height="48"><rect width="64" height="48" fill="#fff"/>${content}</svg>`;
  return new Resvg(svg).render().asPng();
}

describe('smallPng', () => {
  it('keeps every pixel of a picture with few colours', () => {
    const png = picture('<circle cx="30" cy="20" r="15" fill="#1f5fc4"/><path d="M0 40h64" stroke="#d00"/>');
    const small = smallPng(png);
    expect(pixels(small)).toEqual(pixels(png));
    expect(small).not.toEqual(png);
  });

  it('takes the nearest colour where there are too many', () => {
    const gradient = (id: string, turn: string, colours: readonly string[]): string =>
      `<linearGradient id="${id}" ${turn}><stop stop-color="${colours[0]!}"/><stop offset="1" stop-color="${colours[1]!}"/></linearGradient>`;
    const png = picture(
      gradient('a', '', ['#00f', '#ff0']) +
        gradient('b', 'x2="0" y2="1"', ['#f00', '#0ff']) +
        '<rect width="20" height="16" fill="url(#a)"/><rect width="20" height="16" fill="url(#b)" opacity="0.5"/>',
    );
    const [before, after] = [pixels(png), pixels(smallPng(png))];
    const off = before.map((value, at) => Math.abs(value - after[at]!));
    const mean = off.reduce((sum, each) => sum + each, 0) / off.length;
    expect(mean).toBeGreaterThan(0);
    expect(mean).toBeLessThan(1);
  });

  it('refuses a PNG it does not understand', () => {
    const palette = smallPng(picture(''));
    expect(() => smallPng(palette)).toThrow('This kind of PNG is not read.');
  });
});
