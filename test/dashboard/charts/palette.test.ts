import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { dashes } from '../../../src/dashboard/charts/palette.ts';

type Colour = readonly [number, number, number];

const styles = join(import.meta.dirname, '../../../src/dashboard');
const chartCss = readFileSync(join(styles, 'charts/chart.css'), 'utf8');
const baseCss = readFileSync(join(styles, 'styles/base.css'), 'utf8');

/** A colour of both themes, linear (sRGB, IEC 61966-2-1). */
function pairOf(css: string, name: string): readonly [Colour, Colour] {
  const found = new RegExp(`--${name}: light-dark\\(#(\\w{6}), #(\\w{6})\\)`).exec(css);
  assert.ok(found !== null, name);
  const linear = (hex: string): Colour =>
    [0, 2, 4].map((at) => {
      const c = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    }) as unknown as Colour;
  return [linear(found[1] as string), linear(found[2] as string)];
}

/** WCAG 2.2, relative luminance and contrast ratio. */
function contrast(a: Colour, b: Colour): number {
  const [x, y] = [a, b].map(([r, g, b]) => 0.2126 * r + 0.7152 * g + 0.0722 * b) as [number, number];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

type Matrix = readonly [Colour, Colour, Colour];
const times = (matrix: Matrix, [r, g, b]: Colour): Colour =>
  matrix.map(([x, y, z]) => x * r + y * g + z * b) as unknown as Colour;

/** What is seen with full colour vision, without red and without green receptors (Machado, Oliveira and Fernandes, 2009). */
const eyes: Readonly<Record<string, Matrix>> = {
  full: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
};

/** How far apart two colours look (OKLab). */
function distance(a: Colour, b: Colour, eye: Matrix): number {
  const lab = (colour: Colour): Colour => {
    const seen = times(eye, colour).map((c) => Math.min(1, Math.max(0, c))) as unknown as Colour;
    const cones = times(
      [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
      ],
      seen,
    ).map(Math.cbrt) as unknown as Colour;
    return times(
      [
        [0.2104542553, 0.793617785, -0.0040720468],
        [1.9779984951, -2.428592205, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.808675766],
      ],
      cones,
    );
  };
  const [x, y] = [lab(a), lab(b)];
  return Math.hypot(x[0] - y[0], x[1] - y[1], x[2] - y[2]);
}

test('lines of a chart stand out from what is behind them, in both themes', () => {
  const behind = ['card', 'paper'].map((name) => pairOf(baseCss, name));
  for (let n = 1; n <= dashes.length; n++) {
    for (const [theme, colour] of pairOf(chartCss, `series-${n}`).entries()) {
      for (const one of behind) assert.ok(contrast(colour, one[theme] as Colour) >= 3, `series-${n}, theme ${theme}`);
    }
  }
});

test('no two lines of a chart look the same to anybody', () => {
  // In forced colours they are all of one.
  assert.equal(new Set(dashes.map(String)).size, dashes.length);
  const all = dashes.map((_, n) => pairOf(chartCss, `series-${n + 1}`));
  for (const [name, eye] of Object.entries(eyes)) {
    for (const theme of [0, 1] as const) {
      for (const [n, a] of all.entries()) {
        for (const [m, b] of all.slice(0, n).entries()) {
          const apart = distance(a[theme], b[theme], eye);
          // Where colours are near each other, the dashes are not the same.
          const needed = dashes[n]?.join() === dashes[m]?.join() ? 0.12 : 0.05;
          assert.ok(
            apart >= needed,
            `series-${n + 1} and series-${m + 1}, ${name}, theme ${theme}: ${apart.toFixed(3)}`,
          );
        }
      }
    }
  }
});
