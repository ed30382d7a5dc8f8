import type uPlot from 'uplot';
import { moved, type Span, zoomed } from './windows.ts';

/**
 * Fingers: one moves the span sideways (up and down still scrolls the page), two make it longer or shorter. uPlot leaves that to plugins.
 */
export function touch(
  spanNow: () => Span,
  look: (span: Span, isWhile: boolean) => void,
  nowMs: () => number,
): uPlot.Plugin {
  return {
    hooks: {
      ready: (plot) => {
        const { over } = plot;
        over.style.touchAction = 'pan-y';
        const fingers = new Map<number, number>();
        let began: { readonly span: Span; readonly at: number; readonly apart: number } | undefined;
        let last: Span | undefined;
        const middle = (): number => [...fingers.values()].reduce((sum, x) => sum + x, 0) / fingers.size;
        const apart = (): number => Math.max(...fingers.values()) - Math.min(...fingers.values());
        const begin = (): void => {
          began = fingers.size === 0 ? undefined : { span: spanNow(), at: middle(), apart: Math.max(20, apart()) };
        };
        const xOf = (event: PointerEvent): number => event.clientX - over.getBoundingClientRect().left;
        over.addEventListener('pointerdown', (event) => {
          if (event.pointerType !== 'touch') return;
          fingers.set(event.pointerId, xOf(event));
          begin();
        });
        over.addEventListener('pointermove', (event) => {
          if (!fingers.has(event.pointerId) || began === undefined) return;
          fingers.set(event.pointerId, xOf(event));
          const { span, at, apart: wasApart } = began;
          const msPerPx = (span.toMs - span.fromMs) / over.clientWidth;
          const isPinch = fingers.size > 1;
          if (!isPinch && last === undefined && Math.abs(middle() - at) < 8) return;
          const around = span.fromMs + at * msPerPx;
          const other = isPinch ? zoomed(span, wasApart / Math.max(20, apart()), around, nowMs()) : span;
          last = moved(other, (at - middle()) * msPerPx, nowMs());
          look(last, true);
        });
        const end = (event: PointerEvent): void => {
          if (!fingers.delete(event.pointerId)) return;
          begin();
          if (fingers.size > 0 || last === undefined) return;
          look(last, false);
          last = undefined;
        };
        over.addEventListener('pointerup', end);
        over.addEventListener('pointercancel', end);
      },
    },
  };
}
