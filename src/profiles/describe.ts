import type { ProfileOptions } from './language/options.ts';
import { filterOf } from './language/topic-pattern.ts';
import type { Library, Profile } from './library.ts';
import type { ProfileUse } from './profile-use.ts';
import type { ProfilesStatus } from './status.ts';

/** A profile, as programs and people are told of it. Times are ISO 8601 in UTC. */
export interface ProfileSummary {
  /** `vendor/model`. */
  readonly name: string;
  readonly title: string;
  readonly version: number;
  /** What stands before the ids of its devices. */
  readonly family: string;
  /** `built-in`, or the directory that it is from. */
  readonly origin: string;
  readonly about: string | null;
  readonly manufacturer: string | null;
  readonly model: string | null;
  readonly icon: string | null;
  /** Fields that a chart shows first. */
  readonly chart: readonly string[];
  /** What can be asked of its devices. */
  readonly commands: readonly string[];
  /** Topics that its messages can have, as MQTT filters; empty: it is told by the payload alone. */
  readonly topics: readonly string[];
  /** Since the start: messages that it was given, and how many of them it could not read. */
  readonly messages: number;
  readonly failures: number;
  readonly lastFailure: {
    readonly topic: string;
    readonly failure: string;
    /** The payload's beginning; hexadecimal digits when it is no text. */
    readonly payload: string;
    readonly isHex: boolean;
    readonly payloadBytes: number;
    readonly at: string;
  } | null;
}

/** One profile with all that it says, but for its examples. */
export interface ProfileDescription extends ProfileSummary {
  readonly definition: Omit<ProfileOptions, 'examples'>;
}

const maxErrors = 20;

export function profileSummary({ compiled, options, origin }: Profile, use: ProfileUse | undefined): ProfileSummary {
  const last = use?.lastFailure;
  return {
    name: compiled.name,
    title: compiled.title,
    version: compiled.version,
    family: compiled.family,
    origin,
    about: options.about ?? null,
    manufacturer: options.manufacturer ?? null,
    model: options.model ?? null,
    icon: options.icon ?? null,
    chart: options.chart ?? [],
    commands: (options.commands ?? []).map(({ name }) => name),
    topics: [...new Set(compiled.messages.flatMap(({ topics }) => topics.map(({ text }) => filterOf(text))))],
    messages: use?.messages ?? 0,
    failures: use?.failures ?? 0,
    lastFailure:
      last === undefined
        ? null
        : {
            topic: last.topic,
            failure: last.failure,
            payload: last.payload.text,
            isHex: last.payload.isHex,
            payloadBytes: last.payload.bytes,
            at: new Date(last.at).toISOString(),
          },
  };
}

export function profileDescription(profile: Profile, use: ProfileUse | undefined): ProfileDescription {
  return { ...profileSummary(profile, use), definition: profile.options };
}

export function profilesStatus(
  library: Library,
  uses: ReadonlyMap<string, ProfileUse>,
): Omit<ProfilesStatus, 'topics'> {
  const failed = [...uses].filter(([, { failures }]) => failures > 0).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    loaded: library.profiles.size,
    errors: library.errors.slice(0, maxErrors),
    failedMessages: failed.reduce((sum, [, { failures }]) => sum + failures, 0),
    failures: Object.fromEntries(failed.map(([name, { failures }]) => [name, failures])),
  };
}
