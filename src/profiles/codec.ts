import type { MessageKind, Request } from '../core/decoded.ts';
import type { Sighting } from '../core/device.ts';
import type { Values } from '../core/measurement.ts';
import type { UnixMs } from '../core/time.ts';

/** How much one message may become. What goes beyond is a failure: half of a message would look like all of it. */
export interface Limits {
  /** How deep its structure may be. */
  readonly maxDepth: number;
  /** How many fields it may have, in all its parts together. */
  readonly maxFields: number;
}

export interface CodecInput {
  /** The MQTT topic, or the serial port's name. */
  readonly topic: string;
  /** The source's own memory: what is kept of it has to be copied. */
  readonly payload: Uint8Array;
  readonly receivedAtMs: UnixMs;
  readonly limits: Limits;
  /** What the profile's topic pattern captured, by name. */
  readonly captures: ReadonlyMap<string, string>;
}

/** What one device said of one instant. */
export interface Part extends Values {
  /** By which name the device goes within the codec's family: `Group1/Edge1`. Absent: as the profile, or the topic, says. */
  readonly device?: string;
}

/** {@link Sighting} by the device's name within the codec's family; absent: the device that the profile, or the topic, names. */
export type CodecSighting = Omit<Sighting, 'deviceId' | 'via'> & { readonly device?: string; readonly via?: string };

export interface CodecOutput {
  readonly kind: MessageKind;
  /** Empty unless the kind is `measurement`. */
  readonly parts: readonly Part[];
  /** The parts say all that the payload said. Otherwise the payload is kept beside them. */
  readonly isComplete: boolean;
  /** Of which device a message without parts is, in the same way as {@link Part.device}. Absent: of the first sighting's. */
  readonly device?: string;
  readonly sightings?: readonly CodecSighting[];
  readonly requests?: readonly Request[];
  /** Why it could not be read, as a sentence with what was found and where; with kind `failed`. */
  readonly failure?: string;
  /**
   * What it taught the codec is needed to read later messages. The newest message of each topic that did is given to the
   * codec again when the gateway has restarted, in any order; one with an empty payload takes back what its topic taught.
   */
  readonly isLesson?: boolean;
}

/** A guess at what a message is. */
export interface Claim {
  /** From 0 to 1: how sure. From 0.9 on it may be taken without asking. */
  readonly confidence: number;
  /** Why, in words for people: the rest of "This looks like NAME: …". */
  readonly reason: string;
}

/** What is known of one value on a topic from elsewhere than the topic's own messages. */
export interface Hint {
  /** Where the value stands: a path such as `BME280.Temperature`, or empty for a payload that is a bare value. */
  readonly path: string;
  readonly name?: string;
  readonly unit?: string;
}

/**
 * A format that a table can't express. One object for a gateway; what it remembers is bounded. No payload may make it
 * throw or run for longer than is in proportion to the payload's size; what goes wrong is told by `failed`.
 */
export interface Codec {
  decode(input: CodecInput): CodecOutput;
  /**
   * Whether a message that no profile is known for can be of this format, by its look or by what was learnt. Absent: only a
   * profile's topics tell. Called once for each new topic, not for each message.
   */
  claims?(topic: string, payload: Uint8Array): Claim | undefined;
  /** What it learnt about the values on a topic: for the profile that decodes them. Absent: nothing. */
  hints?(topic: string): readonly Hint[];
}

const nothing: readonly Part[] = [];

/** A message that its format does not allow. @param failure a sentence: what was found, where, and what was expected */
export function failed(failure: string): CodecOutput {
  return { kind: 'failed', parts: nothing, isComplete: false, failure };
}

/** A message that has no values, and is what it is. */
export function without(kind: MessageKind, more: Omit<Partial<CodecOutput>, 'kind'> = {}): CodecOutput {
  return { kind, parts: nothing, isComplete: false, ...more };
}

export function measured(parts: readonly Part[], isComplete: boolean, more: Partial<CodecOutput> = {}): CodecOutput {
  return { kind: 'measurement', parts, isComplete, ...more };
}
