import { gunzipSync, inflateSync } from 'node:zlib';
import { unitOf } from '../../../core/measure-units.ts';
import { MalformedError, ProtoCursor } from '../../../lib/proto-cursor.ts';

// Sparkplug B's payload (Sparkplug 3.0.0 § 6.4.1), read by hand: its schema is proto2 with extensions, and what a value means
// depends on a datatype that stands beside it or in a birth long ago.

/** A metric's alias: an unsigned number of 64 bits, as bigint where a double would round it. */
export type Alias = number | bigint;

/** Which field of the `oneof` had the value. */
export type ValueField = 10 | 11 | 12 | 13 | 14 | 15 | 16 | 17 | 18;

export interface Metric {
  name?: string;
  alias?: Alias;
  /** Milliseconds since 1970, as it came. */
  time?: number;
  /** Its datatype, 1 to 34; 0 is unknown. */
  type?: number;
  isNull?: true;
  isTransient?: true;
  /** The code of the unit in its properties. */
  unit?: string;
  /** It has something that becomes no field: metadata, properties other than its unit, a quality that is not good. */
  hasMore?: true;
  field?: ValueField;
  /** Of the fields 10 to 15. */
  value?: number | bigint | boolean | string;
  /** Of the fields 16 to 18: where its bytes are in the payload. */
  at?: number;
  end?: number;
}

export interface Payload {
  /** What `at` and `end` of metrics lead into: the payload, or what it was packed from. */
  readonly bytes: Uint8Array;
  readonly time?: number;
  readonly seq?: number;
  readonly metrics: readonly Metric[];
  /** It has something that no metric says. */
  readonly hasMore: boolean;
}

/** A birth of a large node has some thousands. */
const maxMetrics = 20_000;
const maxUnpacked = 4 << 20;
/** The uuid of a payload whose body is a payload, compressed. Source: Eclipse Tahu, `CompressionAlgorithm`. */
const packed = 'SPBV1.0_COMPRESSED';

/**
 * @param cursor is left on the payload's `bytes`, so that what is in them can be read on
 * @throws {MalformedError} when it is no such payload
 */
export function readPayload(bytes: Uint8Array, cursor = new ProtoCursor()): Payload {
  const outer = readMessage(bytes, cursor);
  if (outer.uuid !== packed || outer.body === undefined) return outer;
  const algorithm = outer.metrics.find(({ name }) => name === 'algorithm')?.value;
  const inner = readMessage(unpack(outer.body, algorithm), cursor);
  return inner.uuid === packed ? { ...inner, hasMore: true } : inner;
}

function unpack(body: Uint8Array, algorithm: unknown): Uint8Array {
  try {
    const options = { maxOutputLength: maxUnpacked };
    return algorithm === 'GZIP' ? gunzipSync(body, options) : inflateSync(body, options);
  } catch (error) {
    throw new MalformedError(`its compressed body can't be unpacked: ${(error as Error).message}`);
  }
}

interface Message extends Payload {
  readonly uuid?: string;
  readonly body?: Uint8Array;
}

function readMessage(bytes: Uint8Array, cursor: ProtoCursor): Message {
  cursor.open(bytes);
  const metrics: Metric[] = [];
  const message: { time?: number; seq?: number; uuid?: string; body?: Uint8Array } = {};
  let hasMore = false;
  while (cursor.at < cursor.end) {
    const tag = cursor.tag();
    switch (tag) {
      case 0x08:
        message.time = Number(whole(cursor));
        break;
      case 0x12: {
        if (metrics.length >= maxMetrics) throw new MalformedError(`it has more than ${maxMetrics} metrics`);
        const stop = cursor.span();
        metrics.push(readMetric(cursor, stop));
        break;
      }
      case 0x18:
        message.seq = Number(whole(cursor));
        break;
      case 0x22:
        message.uuid = cursor.text();
        break;
      case 0x2a: {
        const stop = cursor.span();
        message.body = bytes.subarray(cursor.at, stop);
        cursor.at = stop;
        hasMore = true;
        break;
      }
      default:
        cursor.skip(tag);
        hasMore = true;
    }
  }
  return { ...message, bytes, metrics, hasMore };
}

/** The metric up to `stop`, where the cursor is then. */
export function readMetric(cursor: ProtoCursor, stop: number): Metric {
  const metric: Metric = {};
  const outerEnd = cursor.end;
  cursor.end = stop;
  while (cursor.at < stop) {
    const tag = cursor.tag();
    switch (tag) {
      case 0x0a:
        metric.name = cursor.text();
        break;
      case 0x10:
        metric.alias = whole(cursor);
        break;
      case 0x18:
        metric.time = Number(whole(cursor));
        break;
      case 0x20:
        metric.type = cursor.bits32();
        break;
      case 0x30:
        if (cursor.bool()) metric.isTransient = true;
        break;
      case 0x38:
        if (cursor.bool()) metric.isNull = true;
        break;
      case 0x4a:
        readProperties(cursor, cursor.span(), metric);
        break;
      case 0x50:
      case 0x58:
        metric.field = tag === 0x50 ? 10 : 11;
        metric.value = whole(cursor);
        break;
      case 0x65:
        metric.field = 12;
        metric.value = cursor.float();
        break;
      case 0x69:
        metric.field = 13;
        metric.value = cursor.double();
        break;
      case 0x70:
        metric.field = 14;
        metric.value = cursor.bool();
        break;
      case 0x7a:
        metric.field = 15;
        metric.value = cursor.text();
        break;
      case 0x82:
      case 0x8a:
      case 0x92:
        metric.field = (tag >>> 3) as ValueField;
        metric.end = cursor.span();
        metric.at = cursor.at;
        cursor.at = metric.end;
        break;
      case 0x28:
        // is_historical: its time says that.
        cursor.bool();
        break;
      default:
        cursor.skip(tag);
        metric.hasMore = true;
    }
  }
  cursor.end = outerEnd;
  return metric;
}

/** An unsigned number of 64 bits. */
export function whole(cursor: ProtoCursor): number | bigint {
  const { at, end, bytes } = cursor;
  let length = 1;
  while (length < 8 && at + length <= end && bytes[at + length - 1]! >= 0x80) length++;
  if (length < 8) return cursor.uint();
  const value = cursor.bits64();
  return value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}

const unitKeys: ReadonlySet<string> = new Set(['engUnit', 'engUnits', 'unit', 'units', 'Unit', 'Units']);
const goodQuality = 192;
const maxProperties = 1000;

/** Two lists, of keys and of values (Sparkplug 3.0.0 § 6.4.9). All but the unit and a good quality is `hasMore`. */
function readProperties(cursor: ProtoCursor, stop: number, metric: Metric): void {
  const keys: string[] = [];
  const values: (number | bigint | string | undefined)[] = [];
  const outerEnd = cursor.end;
  cursor.end = stop;
  while (cursor.at < stop) {
    const tag = cursor.tag();
    if (tag === 0x0a && keys.length < maxProperties) keys.push(cursor.text());
    else if (tag === 0x12 && values.length < maxProperties) values.push(readProperty(cursor, cursor.span()));
    else {
      cursor.skip(tag);
      metric.hasMore = true;
    }
  }
  cursor.end = outerEnd;
  for (let i = 0; i < keys.length; i++) {
    const value = values[i];
    if (unitKeys.has(keys[i]!) && typeof value === 'string') {
      const unit = unitOf(value);
      if (unit !== undefined) metric.unit ??= unit;
    } else if (keys[i] !== 'Quality' || value !== goodQuality) metric.hasMore = true;
  }
}

/** A whole number or a text; undefined: something else. */
function readProperty(cursor: ProtoCursor, stop: number): number | bigint | string | undefined {
  let value: number | bigint | string | undefined;
  const outerEnd = cursor.end;
  cursor.end = stop;
  while (cursor.at < stop) {
    const tag = cursor.tag();
    if (tag === 0x18 || tag === 0x20) value = whole(cursor);
    else if (tag === 0x42) value = cursor.text();
    else cursor.skip(tag);
  }
  cursor.end = outerEnd;
  return value;
}
