import { isUtf8 } from 'node:buffer';
import type { LiveBatch, LiveEvent, LiveGap, LiveStart } from '../../core/live.ts';
import type { Field, Measurement } from '../../core/measurement.ts';
import type { Taken } from '../../core/taken.ts';
import { jsonOf } from '../../lib/json-value.ts';

/** What is longer is not told live, only that it is there: everybody who reads would get it. */
const maxValueBytes = 64 * 1024;

/** What can be asked for to know how things are now, when it can't be told what happened since. */
const snapshot = ['/api/v1/devices', '/api/v1/status'];

/**
 * An event as all readers get it: `cursor`, `event` (its kind), and what it says. Made once; of a measurement as
 * `{deviceId, time, receivedAt, clockQuality, kind, source, topic, fields: [{name, value, unit}], tags, profile, sequence, traceId,
 * payloadText | payloadBase64}`, without what there is not.
 */
export function eventJson(event: LiveEvent, epoch: string): string {
  if (event.json === '') event.json = JSON.stringify(eventOf(event, epoch));
  return event.json;
}

/** The same before it is text. */
export function eventOf({ number, kind, taken, fact }: LiveEvent, epoch: string): object {
  const head = { cursor: `${epoch}-${number}`, event: kind };
  if (taken !== undefined) return { ...head, ...takenOf(taken) };
  const { atMs, deviceId, topic, body } = fact!;
  return {
    ...head,
    at: iso(atMs),
    ...(deviceId !== undefined && { deviceId }),
    ...(topic !== undefined && { topic }),
    ...body,
  };
}

/** @returns what a reader is told before its first event */
export function startJson({ cursor, reset }: LiveStart): string {
  return JSON.stringify(
    reset === undefined ? { event: 'ready', cursor } : { event: 'reset', cursor, reason: reset, snapshot },
  );
}

export function gapJson({ from, to, missed, reason }: LiveGap, epoch: string): string {
  const about = { event: 'gap', from: `${epoch}-${from}`, to: `${epoch}-${to}`, missed, reason };
  return JSON.stringify(reason === 'overrun' ? { ...about, snapshot } : about);
}

/** A batch's gap and events, each as JSON. */
export function entriesOf({ gap, events, epoch }: LiveBatch): string[] {
  const entries = events.map((event) => eventJson(event, epoch));
  if (gap !== undefined) entries.unshift(gapJson(gap, epoch));
  return entries;
}

function takenOf(taken: Taken): object {
  const { measurement, kind, source, topic, receivedAtMs, clockQuality, profile, sequence, payload, traceId } = taken;
  const { deviceId, tags } = measurement;
  const isCut = valueBytes(measurement) + (payload?.length ?? 0) > maxValueBytes;
  return {
    deviceId,
    time: timeOf(measurement),
    receivedAt: iso(receivedAtMs),
    clockQuality,
    kind,
    source,
    topic,
    fields: isCut ? [] : measurement.fields.map(fieldOf),
    ...(tags !== undefined && tags.length > 0 && { tags: Object.fromEntries(tags) }),
    ...(profile !== undefined && { profile: { name: profile.name, version: profile.version } }),
    ...(sequence > 0 && { sequence }),
    ...(traceId !== undefined && { traceId }),
    ...(payload !== undefined && !isCut && payloadOf(payload)),
    ...(isCut && { isCut: true }),
  };
}

function fieldOf({ name, value, unit }: Field): object {
  return unit === undefined ? { name, value: jsonOf(value) } : { name, value: jsonOf(value), unit };
}

function payloadOf(payload: Uint8Array): object {
  return isUtf8(payload)
    ? { payloadText: Buffer.from(payload).toString() }
    : { payloadBase64: Buffer.from(payload).toString('base64') };
}

function valueBytes({ fields }: Measurement): number {
  let bytes = 0;
  for (const { value } of fields) if (typeof value === 'string' || typeof value === 'object') bytes += value.length;
  return bytes;
}

/** To the nanosecond where the device's clock is that fine; null: it gave no time, or one that no calendar has. */
function timeOf({ timeMs, timeNanos = 0 }: Measurement): string | null {
  const text = timeMs === undefined ? null : iso(timeMs);
  return text === null || timeNanos === 0 ? text : `${text.slice(0, -1)}${String(timeNanos).padStart(6, '0')}Z`;
}

function iso(ms: number): string | null {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
