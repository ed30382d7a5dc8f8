import type { MessageKind, ProfileVersion } from '../core/decoded.ts';
import type { Priority } from '../core/priority.ts';
import type { ClockQuality, UnixMs } from '../core/time.ts';
import { textField, varintSize, writeVarint } from '../lib/proto-bytes.ts';
import {
  ClockQuality as WireClockQuality,
  MessageKind as WireMessageKind,
  Priority as WirePriority,
} from './generated/headgate/v1/record.ts';

/** What the gateway itself says of a record. */
export interface Envelope {
  readonly source: string;
  readonly topic: string;
  readonly receivedAtMs: UnixMs;
  readonly clockQuality: ClockQuality;
  readonly priority: Priority;
  /** Absent: a measurement where there are fields, raw where there are none. */
  readonly kind?: MessageKind | undefined;
  /** What decoded it; absent: the general rules did. */
  readonly profile?: ProfileVersion | undefined;
  /** What the records of one message have in common, from 1 to 2^32 - 1; absent: it became one record. */
  readonly message?: number | undefined;
  /** Sequences of the records that it takes the place of. */
  readonly supersedes?: readonly number[] | undefined;
  /** A broker had kept the message: see `Message.isRetained`. */
  readonly isRetained?: boolean | undefined;
  /** 32 hex digits: see `Message.traceId`. */
  readonly traceId?: string | undefined;
}

const priorities: Record<Priority, number> = {
  bulk: WirePriority.PRIORITY_BULK,
  normal: WirePriority.PRIORITY_NORMAL,
  critical: WirePriority.PRIORITY_CRITICAL,
};

/** The wire's number of each quality. */
export const clockQualities: Readonly<Record<ClockQuality, WireClockQuality>> = {
  unset: WireClockQuality.CLOCK_QUALITY_UNSET,
  estimated: WireClockQuality.CLOCK_QUALITY_ESTIMATED,
  synced: WireClockQuality.CLOCK_QUALITY_SYNCED,
};

/** The wire's number of each kind of message. */
export const messageKinds: Readonly<Record<MessageKind, WireMessageKind>> = {
  measurement: WireMessageKind.MESSAGE_KIND_MEASUREMENT,
  raw: WireMessageKind.MESSAGE_KIND_RAW,
  availability: WireMessageKind.MESSAGE_KIND_AVAILABILITY,
  discovery: WireMessageKind.MESSAGE_KIND_DISCOVERY,
  event: WireMessageKind.MESSAGE_KIND_EVENT,
  log: WireMessageKind.MESSAGE_KIND_LOG,
  command: WireMessageKind.MESSAGE_KIND_COMMAND,
  duplicate: WireMessageKind.MESSAGE_KIND_DUPLICATE,
  failed: WireMessageKind.MESSAGE_KIND_FAILED,
};

const tag = {
  deviceId: 0x12,
  clockQuality: 0x28,
  priority: 0x30,
  source: 0x3a,
  topic: 0x42,
  profile: 0x5a,
  profileVersion: 0x60,
  /** Two bytes: field 16. */
  kind: [0x80, 0x01],
};
const maxPrefixes = 4096;

interface Prefix {
  readonly deviceId: string;
  readonly source: string;
  readonly topic: string;
  readonly priority: Priority;
  readonly clockQuality: ClockQuality;
  /** The wire's number; 0 for what goes without saying. */
  readonly kind: number;
  readonly profile: ProfileVersion | undefined;
  readonly bytes: Buffer;
}

/**
 * The beginning of a record, with all that is the same in most records of a topic: encoded once, and remembered. What a topic
 * said last is found at once; where it speaks for several devices, or is one thing now and another then, each is found by
 * a key that is put together.
 */
export class RecordPrefixes {
  readonly #latest = new Map<string, Prefix>();
  readonly #all = new Map<string, Prefix>();

  /** @param hasFields whether the record has any: its kind need not be said then when it is a measurement */
  of(deviceId: string, envelope: Envelope, hasFields: boolean): Buffer {
    const kind =
      envelope.kind === undefined || envelope.kind === (hasFields ? 'measurement' : 'raw')
        ? 0
        : messageKinds[envelope.kind];
    const latest = this.#latest.get(envelope.topic);
    if (latest !== undefined && isOf(latest, deviceId, envelope, kind)) return latest.bytes;
    return this.#other(deviceId, envelope, kind);
  }

  #other(deviceId: string, envelope: Envelope, kind: number): Buffer {
    const { source, topic, priority, clockQuality, profile } = envelope;
    const by = profile === undefined ? '' : `${profile.name}@${profile.version}`;
    const key = `${topic}\0${deviceId}\0${kind}${by}\0${source}${priority}${clockQuality}`;
    let prefix = this.#all.get(key);
    // Two that are not the same may have one key, as texts may have any letter.
    if (prefix === undefined || !isOf(prefix, deviceId, envelope, kind)) {
      const bytes = encode(deviceId, envelope, kind);
      prefix = { deviceId, source, topic, priority, clockQuality, kind, profile, bytes };
      if (this.#all.size >= maxPrefixes) this.#all.clear();
      this.#all.set(key, prefix);
    }
    if (this.#latest.size >= maxPrefixes) this.#latest.clear();
    this.#latest.set(topic, prefix);
    return prefix.bytes;
  }
}

function isOf(prefix: Prefix, deviceId: string, envelope: Envelope, kind: number): boolean {
  return (
    prefix.deviceId === deviceId &&
    prefix.source === envelope.source &&
    prefix.topic === envelope.topic &&
    prefix.priority === envelope.priority &&
    prefix.clockQuality === envelope.clockQuality &&
    prefix.kind === kind &&
    (prefix.profile === envelope.profile ||
      (prefix.profile?.name === envelope.profile?.name && prefix.profile?.version === envelope.profile?.version))
  );
}

function encode(deviceId: string, { source, topic, priority, clockQuality, profile }: Envelope, kind: number): Buffer {
  return Buffer.concat([
    textField(tag.deviceId, deviceId),
    Buffer.from([tag.clockQuality, clockQualities[clockQuality], tag.priority, priorities[priority]]),
    textField(tag.source, source),
    textField(tag.topic, topic),
    ...(profile === undefined ? [] : [textField(tag.profile, profile.name), versionField(profile.version)]),
    Buffer.from(kind === 0 ? [] : [...tag.kind, kind]),
  ]);
}

function versionField(version: number): Buffer {
  if (version === 0) return Buffer.alloc(0);
  const bytes = Buffer.alloc(1 + varintSize(version));
  bytes[0] = tag.profileVersion;
  writeVarint(bytes, 1, version);
  return bytes;
}
