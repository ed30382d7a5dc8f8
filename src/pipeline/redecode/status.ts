import type { UnixMs } from '../../core/time.ts';
import type { Asked } from './asked.ts';

/** Where decoding again stands. */
export type RedecodeState =
  /** Nobody has asked for it since the gateway was started. */
  | { readonly name: 'idle' }
  | { readonly name: 'running' }
  /** It goes on by itself, when what is in its way is gone. */
  | { readonly name: 'waiting'; readonly reason: string }
  | { readonly name: 'done' }
  /** Somebody stopped it, or the gateway. */
  | { readonly name: 'stopped' }
  | { readonly name: 'failed'; readonly reason: string };

/** What became of messages. */
export interface RedecodeCounts {
  /** Messages that were decoded again. Each is one of the following. */
  readonly messages: number;
  /** Their records were replaced … */
  readonly superseded: number;
  /** … by so many. */
  readonly records: number;
  /** They say what their records say. */
  readonly unchanged: number;
  /** What they say now was sent by an earlier run. */
  readonly already: number;
  /** There are still no values in them. */
  readonly unreadable: number;
  /** All they say now is under rules that keep it from the collector. */
  readonly notForwarded: number;
}

/** The run that was asked for last. */
export interface Run {
  state: RedecodeState;
  readonly asked: Asked | undefined;
  readonly startedAtMs: UnixMs | undefined;
  endedAtMs: UnixMs | undefined;
  /** When the message was taken in that was looked at last. */
  throughMs: UnixMs | undefined;
  readonly counts: { -readonly [key in keyof RedecodeCounts]: number };
}

export function newRun(asked?: Asked, startedAtMs?: UnixMs): Run {
  return {
    state: { name: asked === undefined ? 'idle' : 'running' },
    ...{ asked, startedAtMs, endedAtMs: undefined, throughMs: undefined },
    counts: { messages: 0, superseded: 0, records: 0, unchanged: 0, already: 0, unreadable: 0, notForwarded: 0 },
  };
}

/** {@link Run} as it is told: plain JSON, times in ISO 8601, null for what is not there. */
export interface RedecodeStatus extends RedecodeCounts {
  readonly state: RedecodeState['name'];
  /** Why it waits or has failed. */
  readonly reason: string | null;
  readonly asked: Readonly<Record<'profile' | 'topic' | 'device' | 'from' | 'to', string | null>> | null;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly through: string | null;
}

export function statusOf({ state, asked, startedAtMs, endedAtMs, throughMs, counts }: Run): RedecodeStatus {
  const { profile = null, topic = null, device = null } = asked ?? {};
  return {
    state: state.name,
    reason: 'reason' in state ? state.reason : null,
    asked:
      asked === undefined ? null : { profile, topic, device, from: timeText(asked.fromMs), to: timeText(asked.toMs) },
    startedAt: timeText(startedAtMs),
    endedAt: timeText(endedAtMs),
    through: timeText(throughMs),
    ...counts,
  };
}

/** 8,640,000,000,000,000 ms: what `Date` holds. Beyond it, and at 0, a span is open. */
const latestMs = 8.64e15;

function timeText(ms: UnixMs | undefined): string | null {
  return ms === undefined || ms <= 0 || ms > latestMs ? null : new Date(ms).toISOString();
}
