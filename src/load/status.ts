import type { LoadLevel } from './verdict.ts';

export type LimitName = 'requests' | 'messages' | 'bytes' | 'connections';

export interface LoadStatus {
  readonly level: LoadLevel;
  /** Why it is not `normal`, as a sentence; null: it is. */
  readonly reason: string | null;
  /** Since the start: reads and messages that were put off because of it, and live readers that were let go or not let in. */
  readonly shed: Readonly<Record<'reads' | 'publishes' | 'live', number>>;
  /** Since the start: what was refused because one caller wanted too much, or had an MQTT client wait, by limit. */
  readonly limited: Readonly<Record<LimitName, number>>;
}
