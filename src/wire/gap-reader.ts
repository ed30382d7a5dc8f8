import type { ProtoCursor } from '../lib/proto-cursor.ts';
import type { TextCache } from '../lib/text-cache.ts';
import type { TimestampCache } from './timestamp-cache.ts';

/** A `Gap` as decoded; what is not set has proto3's default. */
export interface DecodedGap {
  /** The proto's number: see `gapReasonText`. */
  readonly reason: number;
  readonly rule: string;
  /** Empty: more than one, or unknown. */
  readonly deviceId: string;
  /** 0: unknown. */
  readonly count: number;
  /** 0: they had none. */
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** RFC 3339, as the times of a `DecodedRecord`. */
  readonly firstAt: string | undefined;
  readonly lastAt: string | undefined;
}

// Tags of record.proto: field number << 3 | wire type.
const tag = {
  reason: 0x08,
  rule: 0x12,
  deviceId: 0x1a,
  count: 0x20,
  firstSequence: 0x28,
  lastSequence: 0x30,
  firstAt: 0x3a,
  lastAt: 0x42,
} as const;

/**
 * Reads a length-delimited `Gap`.
 *
 * @throws MalformedError when it is none, or a number in it is larger than 2^53 - 1
 */
export function readGap(cursor: ProtoCursor, texts: TextCache, times: TimestampCache): DecodedGap {
  const stop = cursor.span();
  const whole = cursor.end;
  cursor.end = stop;
  let reason = 0;
  let rule = '';
  let deviceId = '';
  let count = 0;
  let firstSequence = 0;
  let lastSequence = 0;
  let firstAt: string | undefined;
  let lastAt: string | undefined;
  while (cursor.at < stop) {
    const field = cursor.tag();
    switch (field) {
      case tag.reason:
        reason = cursor.bits32();
        break;
      case tag.rule:
        rule = texts.read(cursor);
        break;
      case tag.deviceId:
        deviceId = texts.read(cursor);
        break;
      case tag.count:
        count = cursor.uint();
        break;
      case tag.firstSequence:
        firstSequence = cursor.uint();
        break;
      case tag.lastSequence:
        lastSequence = cursor.uint();
        break;
      case tag.firstAt:
        firstAt = times.read(cursor);
        break;
      case tag.lastAt:
        lastAt = times.read(cursor);
        break;
      default:
        cursor.skip(field);
    }
  }
  cursor.end = whole;
  return { reason, rule, deviceId, count, firstSequence, lastSequence, firstAt, lastAt };
}
