import { type Signal, signal } from '@preact/signals';
import { ask } from '../api/ask.ts';
import type { GetDevicesAnswer } from '../api/schema.ts';
import { newestOf } from '../live/newest.ts';
import type { LiveEvent, MeasurementEvent } from '../live/protocol.ts';

/** A device as a list tells it. */
export type ListedDevice = GetDevicesAnswer['devices'][number];
export type Presence = ListedDevice['presence'];

/** A field's newest value. */
export interface FieldNow {
  readonly name: string;
  readonly tags: string;
  readonly value: unknown;
  /** For people; empty: none, or not known. */
  readonly unit: string;
  /** In ms since 1970, by the gateway's clock. */
  readonly atMs: number;
}

/** A device as it is now. */
export interface DeviceNow {
  readonly id: string;
  readonly name: string;
  readonly profile: string | null;
  readonly source: string;
  readonly presence: Presence;
  readonly lastSeenMs: number | null;
  readonly fields: readonly FieldNow[];
}

const pageSize = 500;
/** So many fields of each are known at the most. */
export const fieldsEach = 8;

/** Every device that is known here, in a signal of its own: what comes in renders the rows that are seen, and nothing else. */
export const devices = new Map<string, Signal<DeviceNow>>();
/** Counts the times that devices came or went. */
export const deviceSet = signal(0);

export function deviceOf(listed: ListedDevice): DeviceNow {
  const { id, name, profile, source, presence, lastSeen, fields = [] } = listed;
  return {
    id,
    name,
    profile: profile?.name ?? null,
    source,
    presence,
    lastSeenMs: lastSeen === null ? null : Date.parse(lastSeen.at),
    fields: fields.map(({ name: field, tags = '', value, unitSymbol, unit, at }) => ({
      name: field,
      tags,
      value,
      unit: unitSymbol ?? unit ?? '',
      atMs: at === null ? 0 : Date.parse(at),
    })),
  };
}

/** For each time that they are being asked for: what happened since. */
const meanwhile = new Set<LiveEvent[]>();
const maxMeanwhile = 2_000;
/** What was heard of devices that are not known: the gateway tells of a new one up to a second after its first message. */
const ofUnknown = new Map<string, MeasurementEvent[]>();
const maxUnknown = 500;

/** Asks for all of them, page by page. @throws {ApiProblem} */
export async function loadDevices(): Promise<void> {
  // An answer tells how things were when it was made: what came after that, and was here before it, is applied again.
  const events: LiveEvent[] = [];
  meanwhile.add(events);
  try {
    const listed = await askAll();
    for (const device of listed) keepDevice(deviceOf(device));
    const ids = new Set(listed.map(({ id }) => id));
    for (const id of devices.keys()) if (!ids.has(id)) devices.delete(id);
    deviceSet.value++;
  } finally {
    meanwhile.delete(events);
  }
  applyEvents(events);
}

async function askAll(): Promise<readonly ListedDevice[]> {
  const listed: ListedDevice[] = [];
  let after: string | undefined;
  do {
    const query = { limit: pageSize, fields: fieldsEach, after };
    const page: GetDevicesAnswer = await ask('api/v1/devices', { query });
    listed.push(...page.devices);
    after = page.next ?? undefined;
  } while (after !== undefined);
  return listed;
}

function keepDevice(device: DeviceNow): void {
  ofUnknown.delete(device.id);
  const known = devices.get(device.id);
  if (known === undefined) devices.set(device.id, signal(device));
  else known.value = device;
}

/** What happened, applied to what is known. */
export function applyEvents(events: readonly LiveEvent[]): void {
  for (const kept of meanwhile) {
    kept.push(...events);
    if (kept.length > maxMeanwhile) kept.splice(0, kept.length, ...newestOf(kept));
  }
  const changed = new Map<string, DeviceNow>();
  let hasNews = false;
  for (const event of events) {
    const { deviceId } = event;
    if (deviceId === undefined) continue;
    const before = changed.get(deviceId) ?? devices.get(deviceId)?.peek();
    if (event.event === 'measurement') {
      if (before !== undefined) changed.set(deviceId, withValues(before, event as MeasurementEvent));
      else keepOfUnknown(event as MeasurementEvent);
    } else if (event.event === 'device') {
      const { change, name, presence, profile, isIgnored } = event as LiveEvent & Partial<Record<string, unknown>>;
      if (change === 'gone' || isIgnored === true) {
        hasNews = devices.delete(deviceId) || hasNews;
        changed.delete(deviceId);
        ofUnknown.delete(deviceId);
        continue;
      }
      const old = before ?? { id: deviceId, name: deviceId, profile: null, source: '', lastSeenMs: null, fields: [] };
      hasNews ||= before === undefined;
      const told = {
        ...old,
        name: String(name ?? old.name),
        presence: presence as Presence,
        profile: (profile as string | null) ?? null,
      };
      changed.set(deviceId, { ...(ofUnknown.get(deviceId) ?? []).reduce(withValues, told), presence: told.presence });
    }
  }
  for (const device of changed.values()) keepDevice(device);
  if (hasNews) deviceSet.value++;
}

function keepOfUnknown(event: MeasurementEvent): void {
  const { deviceId } = event;
  const kept = ofUnknown.get(deviceId) ?? [];
  // Last is who was heard last.
  ofUnknown.delete(deviceId);
  ofUnknown.set(deviceId, [...kept.slice(1 - fieldsEach), event]);
  const [oldest] = ofUnknown.keys();
  if (ofUnknown.size > maxUnknown && oldest !== undefined) ofUnknown.delete(oldest);
}

/** The same device after one of its messages. */
export function withValues(device: DeviceNow, event: MeasurementEvent): DeviceNow {
  const heardMs = Date.parse(event.receivedAt);
  const atMs = event.time === null ? heardMs : Date.parse(event.time);
  const tags = Object.entries((event.tags as Record<string, string> | undefined) ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
  const fields = [...device.fields];
  for (const { name, value, unit } of event.fields) {
    const place = fields.findIndex((one) => one.name === name && one.tags === tags);
    const old = fields[place];
    // What was held back somewhere comes late: the newest stays.
    if (old !== undefined && old.atMs > atMs) continue;
    const now = { name, tags, value, unit: old?.unit ?? unit ?? '', atMs };
    if (old !== undefined) fields[place] = now;
    else if (fields.length < fieldsEach) fields.push(now);
  }
  const lastSeenMs = Math.max(device.lastSeenMs ?? 0, heardMs);
  return { ...device, fields, lastSeenMs, source: device.source || event.source, presence: 'online' };
}
