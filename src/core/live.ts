import type { Taken } from './taken.ts';
import type { UnixMs } from './time.ts';

/** What is told to whoever reads along. */
export const liveKinds = ['measurement', 'device', 'command', 'status', 'discovery', 'alarm'] as const;
/**
 * `measurement`: a message's values, or the message itself where there are none. `device`: a device is new, changed, there or gone.
 * `command`: what became of one. `status`: the state of the gateway, its uplink or its buffer changed. `discovery`: topics of a
 * kind that were not heard before. `alarm`: one was raised, acknowledged or is over.
 */
export type LiveKind = (typeof liveKinds)[number];

/** Something that happened and is told as it was, whatever comes after it. */
export interface Fact {
  readonly kind: Exclude<LiveKind, 'measurement'>;
  readonly atMs: UnixMs;
  /** The device that it is of; absent: none, or the gateway. */
  readonly deviceId?: string;
  readonly topic?: string;
  /** What is to be said of it, as JSON has it. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** Which events a reader wants. What is left out asks for nothing; an event that lacks what is asked for does not match. */
export interface LiveFilter {
  readonly kinds?: readonly LiveKind[];
  /** Globs of device ids. */
  readonly devices?: readonly string[];
  /** MQTT topic filters. */
  readonly topics?: readonly string[];
  /** Globs of field names: measurements that have one of them, whole. */
  readonly fields?: readonly string[];
  /** Kinds of which every event is wanted beside those, whatever else is asked for. */
  readonly also?: readonly LiveKind[];
}

/** Why a reader can't go on from a cursor. */
export type ResetReason =
  /** It is of an earlier run of the gateway, or of another gateway. */
  | 'epoch'
  /** What came after it is not kept any more. */
  | 'expired'
  /** It was never given out. */
  | 'unknown';

/** Where a reader begins. */
export interface LiveStart {
  /** What comes is what came after this. */
  readonly cursor: string;
  /** It could not begin where it wanted to. */
  readonly reset?: ResetReason;
}

/** Events that a reader does not get, and why. */
export interface LiveGap {
  /** Numbers of the first and the last event between which they lie, and how many of them the reader had asked for. */
  readonly from: number;
  readonly to: number;
  readonly missed: number;
  /**
   * `coalesced`: of each series the newest follows, older ones are left out. `overrun`: of some not even that is kept any more,
   * so what is known now has to be asked for.
   */
  readonly reason: 'coalesced' | 'overrun';
}

/** One event, shared by all who read it. */
export interface LiveEvent {
  /** Counts the events of a run of the gateway, from 1. */
  readonly number: number;
  readonly kind: LiveKind;
  /** One of the two is there. */
  readonly taken: Taken | undefined;
  readonly fact: Fact | undefined;
  /** Its JSON, made by the first who needs it; empty until then. */
  json: string;
}

/** Events that follow one another. All readers that want the same and are as far get the same object. */
export interface LiveBatch {
  readonly epoch: string;
  /** The last number that it covers, whether or not there is an event with it here: a reader has everything up to there. */
  readonly to: number;
  /** Comes before the events. */
  readonly gap: LiveGap | undefined;
  readonly events: readonly LiveEvent[];
  /** What a protocol makes of it, made once for all readers that share it. @param name of the form, beside those of other protocols */
  form<T>(name: string, make: (batch: LiveBatch) => T): T;
}

/** Why a subscription ends without its reader wanting it to. */
export type LiveEnd =
  /** The gateway is stopping. */
  | 'stopping'
  /** It took nothing for too long. */
  | 'frozen'
  /** It is slow, and the gateway has more to do than it can. */
  | 'shed';

/** Whoever gets a subscription's events. It does not throw. */
export interface LiveSink {
  /** @returns whether it can take more at once; after false nothing comes until `resume` */
  deliver(batch: LiveBatch): boolean;
  /** Nothing more comes. */
  ended(why: LiveEnd): void;
}

/** What a reader may see of what it asks for. */
export interface LiveScope {
  /** The same for all who may see the same. */
  readonly key: string;
  allows(deviceId: string | undefined, topic: string | undefined): boolean;
}

export interface LiveRequest {
  readonly filter: LiveFilter;
  /** Absent: it may see everything. */
  readonly scope?: LiveScope;
  /** The cursor of the last event that it has. Absent: it begins now. */
  readonly after?: string | undefined;
  readonly sink: LiveSink;
}

/** One reader's events, until it is closed. */
export interface LiveSubscription {
  readonly start: LiveStart;
  /** Everything up to here was delivered, or there was nothing: where to go on after the connection is lost. */
  readonly cursor: string;
  /** It can take more, after its sink had said that it can't. */
  resume(): void;
  close(): void;
}

/** Why a protocol ended a reader's connection. */
export type LiveLoss =
  /** It answered no ping. */
  | 'silent'
  /** It does not read what it is answered. */
  | 'unread'
  /** Nothing of what it said could be read. */
  | 'garbage';

/** The live feed, as far as it can be asked for something. */
export interface LiveFeed {
  /** @throws {HeadgateError} overload.shed when there are too many readers */
  subscribe(request: LiveRequest): LiveSubscription;
  /** Counts a connection that had to be ended. */
  lost(why: LiveLoss): void;
}
