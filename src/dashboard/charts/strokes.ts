import type uPlot from 'uplot';
import { stripHeight } from './palette.ts';
import { segmentsOf } from './strips.ts';
import type { Threshold } from './threshold.ts';
import type { Track } from './track.ts';

// What is drawn beside uPlot's own lines: strips of states, and thresholds.

/** The colours of a theme, as a canvas takes them. */
export interface Inks {
  readonly series: readonly string[];
  readonly ink: string;
  readonly soft: string;
  readonly grid: string;
  readonly paper: string;
  readonly warn: string;
  readonly bad: string;
}

interface Strip {
  readonly track: Track;
  readonly label: string;
  readonly ink: string;
}

const barHeight = 16;

/** Above the plot, one below the other: the name, and the states as they followed each other. */
export function drawStrips(
  plot: uPlot,
  strips: readonly Strip[],
  inks: Inks,
  toMs: number,
  nameOf: (track: Track, value: number) => string,
): void {
  const { ctx, bbox } = plot;
  const px = devicePixelRatio;
  ctx.save();
  ctx.font = `${12 * px}px system-ui, sans-serif`;
  ctx.textBaseline = 'middle';
  for (const [i, { track, label, ink }] of strips.entries()) {
    const top = i * stripHeight * px;
    ctx.fillStyle = inks.soft;
    ctx.textAlign = 'left';
    ctx.fillText(label, bbox.left, top + 9 * px);
    const y = top + 17 * px;
    for (const { fromMs, toMs: endMs, value } of segmentsOf(track, toMs)) {
      const left = Math.max(bbox.left, plot.valToPos(fromMs, 'x', true));
      const right = Math.min(bbox.left + bbox.width, plot.valToPos(endMs, 'x', true));
      if (right <= left) continue;
      drawSegment(ctx, { left, right, y, height: barHeight * px }, { track, value, ink, inks });
      const text = nameOf(track, value);
      const room = right - left - 8 * px;
      if (room < ctx.measureText(text).width) continue;
      ctx.fillStyle = isFull(track, value) ? inks.paper : inks.ink;
      ctx.fillText(text, left + 4 * px, y + (barHeight / 2) * px);
    }
  }
  ctx.restore();
}

const isFull = ({ kind }: Track, value: number): boolean => (kind === 'boolean' ? value === 1 : value % 2 === 0);

function drawSegment(
  ctx: CanvasRenderingContext2D,
  { left, right, y, height }: { left: number; right: number; y: number; height: number },
  { track, value, ink, inks }: { track: Track; value: number; ink: string; inks: Inks },
): void {
  ctx.fillStyle = ink;
  ctx.strokeStyle = ink;
  ctx.lineWidth = devicePixelRatio;
  const width = Math.max(right - left, devicePixelRatio);
  if (isFull(track, value)) {
    ctx.fillRect(left, y, width, height);
  } else {
    // On and off within one bucket: half of it.
    const isBoth = track.kind === 'boolean' && value > 0;
    if (isBoth) ctx.fillRect(left, y + height / 2, width, height / 2);
    ctx.strokeRect(left + 0.5, y + 0.5, Math.max(1, width - 1), height - 1);
  }
  // Where one ends and the next begins.
  ctx.fillStyle = inks.paper;
  ctx.fillRect(right - devicePixelRatio, y - 1, devicePixelRatio, height + 2);
}

/** Each with its label; one that is outside is told at the edge. */
export function drawLines(
  plot: uPlot,
  lines: readonly Threshold[],
  inks: Inks,
  valueText: (value: number, unit: string | null | undefined) => string,
): void {
  const { ctx, bbox } = plot;
  const px = devicePixelRatio;
  ctx.save();
  ctx.font = `${12 * px}px system-ui, sans-serif`;
  ctx.textAlign = 'right';
  for (const { value, label, unit, tone = 'warn' } of lines) {
    const { min, max } = plot.scales[`y${unit ?? ''}`] ?? {};
    if (min === undefined || max === undefined) continue;
    const at = plot.valToPos(value, `y${unit ?? ''}`, true);
    const y = Math.min(bbox.top + bbox.height, Math.max(bbox.top, at));
    const right = bbox.left + bbox.width;
    ctx.strokeStyle = tone === 'idle' ? inks.soft : inks[tone];
    ctx.fillStyle = ctx.strokeStyle;
    if (y === at) {
      ctx.lineWidth = px;
      ctx.setLineDash([4 * px, 4 * px]);
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(right, y);
      ctx.stroke();
    }
    const arrow = y === at ? '' : at < y ? '▲ ' : '▼ ';
    const text = `${arrow}${label} ${valueText(value, unit)}`;
    const isHigh = y - bbox.top < 18 * px;
    ctx.textBaseline = isHigh ? 'top' : 'bottom';
    ctx.fillText(text, right - 4 * px, y + (isHigh ? 3 : -3) * px);
  }
  ctx.restore();
}
