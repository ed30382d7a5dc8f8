import { maxSeries } from './palette.ts';
import type { Inks } from './strokes.ts';

/** The colours as they are here and now, of the theme and of forced colours, for a canvas. */
export function inksOf(parent: HTMLElement): Inks {
  const probe = document.createElement('i');
  probe.hidden = true;
  parent.append(probe);
  const colour = (name: string): string => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const inks = {
    series: Array.from({ length: maxSeries }, (_, n) => colour(`series-${n + 1}`)),
    ink: colour('ink'),
    soft: colour('soft'),
    // Forced colours know one for all lines: those of the grid must not look like values.
    grid: matchMedia('(forced-colors: active)').matches
      ? `color-mix(in srgb, ${colour('line')} 25%, transparent)`
      : colour('line'),
    paper: colour('card'),
    warn: colour('warn'),
    bad: colour('bad'),
  };
  probe.remove();
  return inks;
}
