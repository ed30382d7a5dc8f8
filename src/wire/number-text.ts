const thousandths = Array.from({ length: 1000 }, (_, i) => `.${String(i).padStart(3, '0')}`.replace(/\.?0+$/, ''));

/**
 * A finite double as JavaScript and JSON write it. What sensors say has three decimals at the most, nearly always, and
 * those need no search for the shortest text (140 → 20 ns): dividing by 1000 rounds correctly, so when it gives the
 * number back, its thousandths are that text.
 */
export function numberText(value: number): string {
  const scaled = Math.round(value * 1000);
  if (scaled / 1000 !== value || scaled > 2e9 || scaled < -2e9) return `${value}`;
  const size = scaled < 0 ? -scaled : scaled;
  const whole = Math.trunc(size / 1000);
  const text = whole + thousandths[size - whole * 1000]!;
  return scaled < 0 ? `-${text}` : text;
}
