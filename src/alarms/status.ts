import type { SeverityCounts } from './book.ts';
import type { WebhookStatus } from './webhook.ts';

/** What the alarms say of themselves. */
export interface AlarmsStatus {
  /** Raised, and nobody has said that they know. */
  readonly active: SeverityCounts;
  /** Raised, and somebody knows. */
  readonly acknowledged: SeverityCounts;
  /** Something is wrong, not for long enough yet. */
  readonly pending: number;
  /** The newest critical ones that are raised, by name. */
  readonly critical: readonly string[];
  /** Rules that people have made. */
  readonly rules: number;
  /** Counts since the start: what was told, by what happened. */
  readonly raised: number;
  readonly cleared: number;
  /** Alarms that could not begin, as there are too many. */
  readonly left: number;
  /** Values that could not be compared, and those that came too late to be news. */
  readonly values: { readonly unusable: number; readonly late: number };
  /** Records stored since the start, events that somebody is still to be told of, and those that were given up. */
  readonly told: { readonly records: number; readonly owed: number; readonly dropped: number };
  /** Null: none is configured. */
  readonly webhook: WebhookStatus | null;
}
