// What a page and the worker that holds its browser's one stream say to each other.

/** An event as the gateway tells it; what else is in it depends on its kind. */
export interface LiveEvent {
  readonly cursor: string;
  readonly event: 'measurement' | 'device' | 'command' | 'status' | 'discovery' | 'alarm';
  readonly deviceId?: string;
  readonly [key: string]: unknown;
}

export interface LiveField {
  readonly name: string;
  readonly value: unknown;
  readonly unit?: string;
}

/** A message's values. */
export interface MeasurementEvent extends LiveEvent {
  readonly event: 'measurement';
  readonly deviceId: string;
  readonly time: string | null;
  readonly receivedAt: string;
  readonly topic: string;
  readonly source: string;
  readonly fields: readonly LiveField[];
  readonly payloadText?: string;
  readonly payloadBase64?: string;
}

/** Which events a page wants; as the gateway's own filter. */
export interface LiveWish {
  readonly kinds?: readonly LiveEvent['event'][];
  /** Ids of devices. */
  readonly devices?: readonly string[];
}

/** What the gateway is asked for. */
export interface LiveFilter extends LiveWish {
  /** Kinds of which every event is wanted, whatever device it is of. */
  readonly also?: readonly LiveEvent['event'][];
}

/** How the stream is. */
export type StreamState =
  /** It was never there. */
  | { readonly state: 'connecting' }
  /** Events come as they happen. `by`: the way they come. */
  | { readonly state: 'live'; readonly by: 'events' | 'socket' | 'polling' }
  /** It was there, and is tried again. Data is safe: only this page does not see it. */
  | { readonly state: 'reconnecting'; readonly sinceMs: number }
  /** The gateway does not let this browser in, or does not know it any more. */
  | { readonly state: 'refused'; readonly code: string; readonly detail: string }
  /** Nobody looks: every page is hidden. It goes on from where it was. */
  | { readonly state: 'paused' };

export type FromPage =
  /**
   * The page is there, what it wants, and whether anybody looks. Instead of what it wanted before. `after`: a cursor of before the page
   * asked for anything, so that nothing is missed between an answer and the stream's beginning; one that is going on is further.
   */
  | {
      readonly type: 'want';
      readonly wishes: readonly LiveWish[];
      readonly isVisible: boolean;
      readonly after?: string;
    }
  /** Somebody signed in: try again at once. */
  | { readonly type: 'again' }
  | { readonly type: 'bye' };

export type ToPage =
  | { readonly type: 'state'; readonly state: StreamState }
  /** In order. */
  | { readonly type: 'events'; readonly events: readonly LiveEvent[] }
  /** Events are missing; what is known has to be asked for again. `missed`: how many, where that is known. */
  | { readonly type: 'missed'; readonly why: 'reset' | 'gap'; readonly missed?: number; readonly reason: string };
