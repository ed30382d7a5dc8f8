/** Of eight series, beside their colours (`--series-1` to `--series-8` in chart.css): nobody has to tell them apart by colour alone. */
export const dashes: readonly (readonly number[])[] = [
  [],
  [7, 3],
  [2, 3],
  [10, 3, 2, 3],
  [14, 4],
  [4, 4],
  [10, 3, 2, 3, 2, 3],
  [6, 4, 1, 4],
];
export const maxSeries = dashes.length;

/** Of one strip of states with what is around it, in CSS pixels. */
export const stripHeight = 36;
/** Of a chart that has strips alone. */
export const stripsHeight = (n: number): number => n * stripHeight + 56;
