/** Of eight series, beside their colours (`--series-1` to `--series-8` in chart.css): nobody has to tell them apart by colour alone. */
export const dashes: readonly (readonly number[])[] = [
  [],
  [6, 3],
  [2, 3],
  [10, 3, 2, 3],
  [],
  [6, 3],
  [2, 3],
  [10, 3, 2, 3],
];
export const maxSeries = dashes.length;
