import { crc32 } from 'node:zlib';
import type { Fact } from '../core/live.ts';
import type { Field, Measurement } from '../core/measurement.ts';
import type { DeliveryKey } from '../core/message.ts';
import type { UnixMs } from '../core/time.ts';
import type { AlarmView } from './alarm.ts';

export const changes = ['raised', 'acknowledged', 'cleared'] as const;
/** What happens to an alarm that somebody is told of. */
export type Change = (typeof changes)[number];

/** Something that happened to an alarm, until everybody has been told. */
export interface AlarmEvent {
  /** Counts up. */
  readonly number: number;
  readonly change: Change;
  readonly atMs: UnixMs;
  /** The alarm after it. */
  readonly alarm: AlarmView;
}

/** Source of the records, and the topic that they have. */
export const alarmSource = 'alarms';
export const alarmTopic = 'headgate/alarms';
/** Whose an alarm is that is no device's. */
const gatewayDevice = 'headgate';
/** No client of a protocol has a name that begins so: a text of MQTT holds no NUL. */
const client = '\0alarms';

/** By what its record is recognised after a crash, as one that is stored already. */
export function deliveryOf({ number, change, alarm }: AlarmEvent): DeliveryKey {
  return { client, packetId: (number % 65_535) + 1, digest: crc32(`${alarm.id}/${change}`) };
}

/** An event as live readers get it. */
export function factOf({ atMs, change, alarm }: AlarmEvent): Fact {
  return { kind: 'alarm', atMs, ...(alarm.device !== null && { deviceId: alarm.device }), body: { change, alarm } };
}

/** An event as its record has it: one field for each thing that is known. */
export function measurementOf({ change, alarm }: AlarmEvent): Measurement {
  const { id, state, severity, name, text, origin, rule, field, tags, limit, value, unit } = alarm;
  const fields: Field[] = [];
  const add = (fieldName: string, given: unknown, itsUnit?: string | null): void => {
    if (typeof given === 'number' || typeof given === 'boolean' || typeof given === 'string')
      fields.push({ name: fieldName, value: given, ...(itsUnit ? { unit: itsUnit } : {}) });
  };
  add('change', change);
  add('alarm', id);
  add('state', state);
  add('severity', severity);
  add('name', name);
  add('text', text);
  add('origin', origin);
  add('rule', rule);
  add('field', field);
  add('tags', tags);
  add('limit', limit);
  add('value', value, unit);
  add('raisedAt', alarm.raisedAt);
  add('acknowledgedAt', alarm.acknowledgedAt);
  add('acknowledgedBy', alarm.acknowledgedBy);
  add('note', alarm.note);
  add('clearedAt', alarm.clearedAt);
  add('clearedBecause', alarm.clearedBecause);
  return { deviceId: alarm.device ?? gatewayDevice, fields };
}

/** An event as a webhook is called with it. `id` is the same whenever it comes. */
export function webhookBody({ atMs, change, alarm }: AlarmEvent, gateway: string): string {
  const at = new Date(atMs).toISOString();
  return JSON.stringify({ event: 'alarm', id: `${alarm.id}/${change}`, gateway, at, change, alarm });
}
