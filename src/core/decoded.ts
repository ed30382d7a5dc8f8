import type { Sighting } from './device.ts';
import type { Measurement } from './measurement.ts';
import type { Message } from './message.ts';
import type { UnixMs } from './time.ts';

/** What a message turned out to be. */
export type MessageKind =
  /** Values were read from it. */
  | 'measurement'
  /** Nothing is known of what it means: it is kept as it came. */
  | 'raw'
  /** It says whether a device is there. */
  | 'availability'
  /** It says what a device is: announcement, description, properties. */
  | 'discovery'
  /** Something happened, at an instant and without a value that lasts: a button, an alert. */
  | 'event'
  /** Text for people. */
  | 'log'
  /** It asks for something or answers that, and is no device's value: a command, an acknowledgement. */
  | 'command'
  /** It came before, by another way: its values are in the first one's record. */
  | 'duplicate'
  /** Its profile could not read it: it is kept as it came, and counted. */
  | 'failed';

/** A profile at one state of its text. */
export interface ProfileVersion {
  /** `vendor/model`, after its file. */
  readonly name: string;
  readonly version: number;
}

/** A message that a decoder wants published to its devices: Sparkplug's request for a birth. */
export interface Request {
  readonly topic: string;
  readonly payload: Uint8Array;
}

/** What one message says. */
export interface Decoded {
  readonly kind: MessageKind;
  /** The device that it is of; with several, the first one. */
  readonly deviceId: string;
  /** One record each, in the message's order; never empty. Of a kind without values it is one without fields. */
  readonly measurements: readonly [Measurement, ...Measurement[]];
  /** Keep the raw payload, in the first record, because the fields do not say all that it said. */
  readonly keepPayload: boolean;
  /** What decoded it; absent: the general rules did. */
  readonly profile?: ProfileVersion;
  /** What it tells of devices themselves. */
  readonly sightings?: readonly Sighting[];
  /** Why the profile could not read it, as a sentence; only with kind `failed`. */
  readonly failure?: string;
  readonly requests?: readonly Request[];
  /**
   * It is needed to read later messages: the newest message of each topic of which this holds is decoded again after a
   * restart, before anything else is. One with an empty payload takes back what its topic taught.
   */
  readonly isLesson?: boolean;
}

/**
 * Whoever is to know of every message that came in, and of what it says, whatever a rule makes of it. Called in the
 * messages' order, before anything else is decoded; it does not throw, and copies what it keeps of the payload.
 */
export type Heard = (decoded: Decoded, message: Message, receivedAtMs: UnixMs) => void;
