import type { LiveBatch, LiveEvent, LiveStart } from '../../core/live.ts';
import type { Field } from '../../core/measurement.ts';
import type { Taken } from '../../core/taken.ts';
import { SubscribeResponse } from '../../wire/generated/headgate/v1/gateway.ts';
import { type Field as FieldMessage, Record } from '../../wire/generated/headgate/v1/record.ts';
import { clockQualities, messageKinds } from '../../wire/record-prefix.ts';
import { timestampOf } from '../../wire/timestamp.ts';
import { eventJson } from '../live/event-json.ts';
import { fieldValue } from './device-message.ts';

type Event = NonNullable<SubscribeResponse['event']>;

const encoded = (cursor: string, event: Event): Buffer =>
  Buffer.from(SubscribeResponse.encode({ cursor, event }).finish());

/** What a reader is told first. */
export function startMessage({ cursor, reset }: LiveStart): Buffer {
  return encoded(
    cursor,
    reset === undefined ? { $case: 'ready', value: {} } : { $case: 'reset', value: { reason: reset } },
  );
}

/** A batch's gap and events, each as it is on the wire. */
export function batchMessages({ gap, events, epoch }: LiveBatch): Buffer[] {
  const all = events.map((event) => encoded(`${epoch}-${event.number}`, messageOf(event, epoch)));
  if (gap !== undefined) {
    const value = { count: BigInt(gap.missed), reason: gap.reason };
    // Some of what came within it may follow: whoever is cut here goes on before it.
    all.unshift(encoded(`${epoch}-${gap.from - 1}`, { $case: 'missed', value }));
  }
  return all;
}

function messageOf(event: LiveEvent, epoch: string): Event {
  if (event.taken !== undefined) return { $case: 'record', value: recordOf(event.taken) };
  return { $case: 'other', value: { kind: event.kind, json: eventJson(event, epoch) } };
}

function recordOf(taken: Taken): Record {
  const { measurement, kind, source, topic, receivedAtMs, clockQuality, profile, sequence, payload, traceId } = taken;
  const { deviceId, timeMs, timeNanos = 0, fields, tags = [] } = measurement;
  const time = timeMs === undefined ? undefined : timestampOf(timeMs);
  return {
    ...Record.create(),
    ...{ deviceId, source, topic },
    sequence: BigInt(sequence),
    time: time && { ...time, nanos: time.nanos + timeNanos },
    receivedAt: timestampOf(receivedAtMs),
    clockQuality: clockQualities[clockQuality],
    kind: messageKinds[kind],
    fields: fields.map(fieldMessage),
    tags: Object.assign(Object.create(null), Object.fromEntries(tags)),
    ...(profile !== undefined && { profile: profile.name, profileVersion: profile.version }),
    payload: payload === undefined ? undefined : Buffer.from(payload),
    traceId: traceId === undefined ? undefined : Buffer.from(traceId, 'hex'),
  };
}

function fieldMessage({ name, value, unit = '' }: Field): FieldMessage {
  return { name, unit, value: fieldValue(value) };
}
