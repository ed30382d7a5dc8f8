/**
 * A float32 as people know it. A sensor's 12.3 arrives as 12.300000190734863, because a double shows more of the float than was
 * ever measured. If a decimal of up to seven digits, which is what a float32 carries, stands for the same float, it is that
 * one; otherwise the float's own value.
 */
export function plainFloat32(value: number): number {
  if (Number.isInteger(value) || !Number.isFinite(value)) return value;
  const six = Number(value.toPrecision(6));
  if (Math.fround(six) === value) return six;
  const seven = Number(value.toPrecision(7));
  return Math.fround(seven) === value ? seven : value;
}
