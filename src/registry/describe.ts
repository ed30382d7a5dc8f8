import type { Attribute } from '../core/device.ts';
import { unitSymbol } from '../core/measure-units.ts';
import type { FieldValue } from '../core/measurement.ts';
import type { ClockQuality, MonotonicMs } from '../core/time.ts';
import type { Device, Instant } from './device.ts';
import type { Presence, Silence } from './presence.ts';

/** An instant as it is told. */
export interface InstantReport {
  /** ISO 8601 in UTC. */
  readonly at: string;
  /** How far the clock could be trusted, or what was learnt of it since. */
  readonly clockQuality: ClockQuality;
}

/** A device in a list. */
export interface DeviceSummary {
  readonly id: string;
  /** What to call it: as people told, as it tells itself, or else its id. */
  readonly name: string;
  /** The name that people gave it here, and the one that it or its bridge tells; null: none. */
  readonly givenName: string | null;
  readonly toldName: string | null;
  /** What its messages were decoded by last; null: the general rules. */
  readonly profile: { readonly name: string; readonly version: number } | null;
  readonly source: string;
  /** The device through which it is reached; null: none is known. */
  readonly via: string | null;
  readonly presence: Presence;
  readonly presenceSince: InstantReport;
  readonly firstSeen: InstantReport;
  /** To the second; null: only others spoke of it. */
  readonly lastSeen: InstantReport | null;
  /** Operating time since it was heard; null: not since the gateway started. */
  readonly silentSeconds: number | null;
  readonly messages: number;
  readonly measurements: number;
  readonly isIgnored: boolean;
}

/** All that is known of a device. */
export interface DeviceDescription extends DeviceSummary {
  /** The silence after which it is `stale`, and `offline`, unless it or its bridge says. */
  readonly staleAfterSeconds: number;
  readonly offlineAfterSeconds: number;
  readonly attributes: Readonly<Record<string, Attribute[1]>>;
  readonly topics: readonly string[];
  /** The newest value of each field since the gateway started. */
  readonly fields: readonly FieldReport[];
}

export interface FieldReport {
  readonly name: string;
  /** `room=3,rack=b`; absent: none. */
  readonly tags?: string;
  readonly value: FieldValue;
  /** A code, and how it is written for people; null: unknown. */
  readonly unit: string | null;
  readonly unitSymbol: string | null;
  /** When it was measured: ISO 8601 in UTC; null when the device says a time that no calendar has. */
  readonly at: string | null;
}

export interface DescribeContext {
  /** Operating time. */
  readonly nowMs: MonotonicMs;
  readonly restated: (instant: Instant) => Instant;
  readonly silenceOf: (device: Device) => Silence;
}

export function summaryOf(device: Device, { nowMs, restated }: DescribeContext): DeviceSummary {
  const { id, name, givenName, toldName, profile, source, via, presence, heardAtMs, lastSeen } = device;
  const instant = (one: Instant): InstantReport => {
    const { atMs, quality } = restated(one);
    return { at: iso(atMs) ?? String(atMs), clockQuality: quality };
  };
  return {
    id,
    name,
    givenName: givenName ?? null,
    toldName: toldName ?? null,
    profile: profile === undefined ? null : { name: profile.name, version: profile.version },
    source,
    via: via ?? null,
    presence,
    presenceSince: instant(device.presenceSince),
    firstSeen: instant(device.firstSeen),
    lastSeen: lastSeen === undefined ? null : instant(lastSeen),
    silentSeconds: heardAtMs < 0 ? null : Math.max(0, Math.round((nowMs - heardAtMs) / 1_000)),
    messages: device.messages,
    measurements: device.measurements,
    isIgnored: device.isIgnored,
  };
}

export function describeDevice(device: Device, context: DescribeContext): DeviceDescription {
  const { staleMs, offlineMs } = context.silenceOf(device);
  // A device may call an attribute `__proto__`.
  const attributes: Record<string, Attribute[1]> = Object.create(null);
  for (const [name, value] of device.attributes) attributes[name] = value;
  return {
    ...summaryOf(device, context),
    staleAfterSeconds: Math.round(staleMs / 1_000),
    offlineAfterSeconds: Math.round(offlineMs / 1_000),
    attributes,
    topics: [...device.topics.keys()],
    fields: Array.from(device.newest, ({ name, tags, value, unit, timeMs }) => ({
      name,
      ...(tags !== '' && { tags }),
      value,
      unit: unit ?? null,
      unitSymbol: unit === undefined ? null : unitSymbol(unit),
      at: iso(timeMs),
    })),
  };
}

function iso(ms: number): string | null {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
