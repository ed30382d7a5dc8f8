import type { Decoded } from '../../core/decoded.ts';
import type { UnixMs } from '../../core/time.ts';
import { globMatches } from '../../lib/glob.ts';
import { topicMatches } from '../../lib/topic-filter.ts';
import { MessageKind } from '../../wire/generated/headgate/v1/record.ts';
import type { DecodedRecord } from '../../wire/record-reader.ts';

/** Which messages are to be decoded again: all that is said must hold. */
export interface Asked {
  /** Those that are decoded by it now; `*` stands for any text. */
  readonly profile?: string;
  /** An MQTT topic filter. */
  readonly topic?: string;
  /** Those of a device, as it is called in the record or by what decodes it now; `*` stands for any text. */
  readonly device?: string;
  /** When they were taken in: from then on, up to but not including. */
  readonly fromMs: UnixMs;
  readonly toMs: UnixMs;
}

/** Whether a record is in the span that is asked for; a report of the gateway's own is not. */
export function isWithin({ fromMs, toMs }: Asked, { receivedAt, source, gap }: DecodedRecord): boolean {
  if (gap !== undefined || source === 'headgate' || receivedAt === undefined) return false;
  const at = Date.parse(receivedAt);
  return at >= fromMs && at < toMs;
}

export function isOfTopic({ topic: filter }: Asked, { topic }: DecodedRecord): boolean {
  return filter === undefined || topicMatches(filter, topic);
}

/**
 * Whether a message might become something else now: nothing could read it, no profile did, or its profile has changed since.
 * @param versionOf a profile's version now; undefined: there is no such profile any more
 */
export function mayBeReadAnew(
  { kind, profile, profileVersion, fields }: DecodedRecord,
  versionOf: (profile: string) => number | undefined,
): boolean {
  if (kind === MessageKind.MESSAGE_KIND_FAILED || isRaw({ kind, fields }) || profile === '') return true;
  const version = versionOf(profile);
  return version === undefined || version > profileVersion;
}

/** Whether what it is now, or was where nothing can read it, is what was asked for. */
export function isMeant({ profile, device }: Asked, record: DecodedRecord, decoded: Decoded): boolean {
  if (profile !== undefined && !globMatches(profile, decoded.profile?.name ?? record.profile)) return false;
  if (device === undefined || globMatches(device, record.deviceId)) return true;
  return decoded.measurements.some(({ deviceId }) => globMatches(device, deviceId));
}

function isRaw({ kind, fields }: Pick<DecodedRecord, 'kind' | 'fields'>): boolean {
  return (
    kind === MessageKind.MESSAGE_KIND_RAW || (kind === MessageKind.MESSAGE_KIND_UNSPECIFIED && fields.length === 0)
  );
}
