import type { StoredBatch } from '../core/batch.ts';
import type { Gap } from '../core/handling.ts';
import type { Clock, ClockCorrections, UnixMs } from '../core/time.ts';
import type { Interval } from '../lib/intervals.ts';
import type { Log } from '../lib/log.ts';
import type { OpenDisk } from './disk.ts';
import type { Lane } from './lane.ts';
import type { BufferOptions } from './options.ts';
import type { Encoded } from './reports.ts';
import type { DiskFaults, WorkerSettings } from './worker-protocol.ts';

// What the buffer is given, and what it shows of itself to the uplink.

export interface BufferDependencies {
  readonly options: BufferOptions;
  /** Where its files are; the directory exists. */
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Log;
  /** A gap as the record that reports it. */
  readonly encodeGap: (gap: Gap, nowMs: UnixMs) => Encoded;
  /** How the uplink does; without it nothing is expected to be delivered soon. */
  readonly uplink?: {
    readonly isLive: () => boolean;
    readonly acknowledgeMs: () => number;
    readonly underWay: (lane: string) => readonly Interval[];
  };
  readonly faults?: DiskFaults;
  /** Opens the disk in a thread of its own, unless a test wants it in this one. */
  readonly openDisk?: (settings: WorkerSettings) => Promise<OpenDisk>;
  /** What is known now of the clock by which records were stamped; without it their times are never corrected. */
  readonly corrections?: ClockCorrections;
  /** Called after each commit that held records, with what it took. For metrics. */
  readonly onCommit?: (ms: number, records: number, bytes: number) => void;
  /** How long losses are gathered before they are reported. */
  readonly reportDelayMs?: { readonly losses: number; readonly choices: number };
}

/** Told of each batch once it may be sent, in order of sequence within its lane. Must not throw or block. */
export type ReadyListener = (batch: StoredBatch) => void;

/** A lane as the uplink sees it. */
export interface LaneView {
  readonly key: string;
  readonly priority: Lane['priority'];
  readonly pendingFrom: number | undefined;
}
