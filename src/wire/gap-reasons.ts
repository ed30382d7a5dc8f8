import type { DropReason } from '../core/handling.ts';
import { GapReason } from './generated/headgate/v1/record.ts';

/** The wire's number of each reason. */
export const gapReasons: Readonly<Record<DropReason, GapReason>> = {
  thinned: GapReason.GAP_REASON_THINNED,
  'not-forwarded': GapReason.GAP_REASON_NOT_FORWARDED,
  expired: GapReason.GAP_REASON_EXPIRED,
  evicted: GapReason.GAP_REASON_EVICTED,
  full: GapReason.GAP_REASON_FULL,
  damaged: GapReason.GAP_REASON_DAMAGED,
  'disk-failed': GapReason.GAP_REASON_DISK_FAILED,
  stopped: GapReason.GAP_REASON_STOPPED,
};

const texts = new Map<number, string>(Object.entries(gapReasons).map(([text, number]) => [number, text]));
const numbers = new Map<string, number>(Object.entries(gapReasons));

/** A reason as people read it: one of `dropReasons`, or the number itself when a newer gateway says something else. */
export function gapReasonText(reason: number): string {
  return texts.get(reason) ?? String(reason);
}

/** The number that {@link gapReasonText} made its text from; 0 when it made it from none. */
export function gapReasonNumber(text: string): number {
  return numbers.get(text) ?? (Number.parseInt(text, 10) || 0);
}
