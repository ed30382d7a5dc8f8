import type { MessageKind } from '../../core/decoded.ts';
import type { FramingOptions } from '../framing/options.ts';
import type { Nested } from '../nested.ts';
import type { Reader } from './formats.ts';
import type { TimeFormat } from './options.ts';
import type { PathPattern } from './path-pattern.ts';
import type { Template } from './template.ts';
import type { TopicPattern } from './topic-pattern.ts';
import type { ValueRule } from './value.ts';

type Scalar = boolean | number | string;

/** A profile, made ready for use. Only what a message needs; the rest stays in its options. */
export interface CompiledProfile {
  /** `vendor/model`. */
  readonly name: string;
  readonly version: number;
  readonly title: string;
  readonly family: string;
  readonly messages: readonly CompiledMessage[];
  /** How the bytes of a serial port are cut into its messages; undefined: it is not for one. */
  readonly framing: FramingOptions | undefined;
  /** Constants that the profile itself knows of each device. */
  readonly manufacturer: string | undefined;
  readonly model: string | undefined;
}

export interface CompiledMessage {
  readonly topics: readonly TopicPattern[];
  readonly keys: readonly string[];
  /** Whether the payload, as text, looks right. */
  readonly looks: ((text: string) => boolean) | undefined;
  readonly confidence: number | undefined;
  readonly reason: string;
  readonly when: readonly (readonly [path: string, value: Scalar])[];
  /** What has to be in it. */
  readonly holds: readonly string[];
  /** What it is by the profile's word; undefined: a measurement, when it has any fields. */
  readonly kind: MessageKind | undefined;
  /** How its payload becomes trees; undefined with a codec. */
  readonly read: Reader | undefined;
  readonly codec: string | undefined;
  /** Where values stand, and what stands before their names. */
  readonly roots: readonly (readonly [path: string, prefix: string])[];
  readonly nested: Nested | undefined;
  readonly each: string | undefined;
  readonly as: string;
  readonly prefix: string;
  readonly time:
    | { readonly path: readonly string[]; readonly format: TimeFormat; readonly zone?: string | undefined }
    | undefined;
  readonly device: CompiledDevice | undefined;
  readonly fields: readonly CompiledField[];
  /** What holds for fields that are not named: the message's words. */
  readonly words: CompiledField | undefined;
  readonly rest: 'keep' | 'numbers' | 'drop';
  readonly attributes: readonly (readonly [name: string, path: string])[];
  readonly availability: CompiledAvailability | undefined;
  readonly events: readonly PathPattern[];
  /** What it is when nothing of it became a field. */
  readonly otherwise: MessageKind | undefined;
  readonly once: Template | undefined;
  readonly keepPayload: boolean;
  /** Paths that are used for something else than fields. */
  readonly uses: ReadonlySet<string>;
}

export interface CompiledDevice {
  readonly id: Template;
  readonly alias: Template | undefined;
  readonly name: Template | undefined;
}

export interface CompiledAvailability {
  readonly path: string;
  readonly online: ReadonlySet<string>;
  readonly offline: ReadonlySet<string>;
}

export interface CompiledField {
  readonly matches: PathPattern;
  readonly name: string | undefined;
  readonly unit: string | undefined;
  readonly unitFrom: { readonly path: string; readonly words: ReadonlyMap<string, string> } | undefined;
  /** What may stand behind a number, and its unit. */
  readonly suffix: ReadonlyMap<string, string> | undefined;
  readonly rule: ValueRule;
  /** Nothing is done to numbers and booleans. */
  readonly isPlain: boolean;
  readonly when: readonly (readonly [path: string, value: Scalar])[] | undefined;
  readonly isDropped: boolean;
}
