import type { Attribute } from '../core/device.ts';
import type { Device, Instant } from './device.ts';
import type { Rhythm } from './presence.ts';

// How the registry looks on the shelf. What identifies a device is an entry of its own, under its id. What changes all the
// time is packed by numbers, many devices in one entry, so that a site with many devices does not wear its flash.

/** What identifies a device: kept for ever, written when it changes. */
export interface StoredDevice {
  readonly number: number;
  readonly source: string;
  readonly firstSeen: Instant;
  /** As of when this was written; what changes all the time has it newer, if that was written since. */
  readonly lastSeen?: Instant;
  readonly givenName?: string;
  readonly toldName?: string;
  readonly profile?: { readonly name: string; readonly version: number };
  readonly via?: string;
  readonly isIgnored?: true;
  readonly attributes: readonly Attribute[];
  readonly topics: readonly string[];
  /** What was said of it last, when that was that it is offline. */
  readonly said?: 'offline';
}

/** What changes with every message. */
export interface StoredSight {
  readonly lastSeen?: Instant;
  readonly messages: number;
  readonly measurements: number;
  readonly rhythm: Rhythm;
  readonly isReportedOffline: boolean;
}

/**
 * The key of a device's entry. An id may hold what a database's text can't, half a surrogate pair or a zero, and two ids must
 * never share an entry: as JSON each has a spelling of its own.
 */
export function keyOf(id: string): string {
  return JSON.stringify(id);
}

/** Undefined when it is none of {@link keyOf}'s. */
export function idOf(key: string): string | undefined {
  const id = parsed(key);
  return typeof id === 'string' && keyOf(id) === key ? id : undefined;
}

export function encodeDevice(device: Device): Uint8Array {
  const { number, source, firstSeen, lastSeen, givenName, toldName, profile, via, isIgnored, said } = device;
  const stored: StoredDevice = {
    number,
    source,
    firstSeen,
    ...(lastSeen !== undefined && { lastSeen }),
    ...(givenName !== undefined && { givenName }),
    ...(toldName !== undefined && { toldName }),
    ...(profile !== undefined && { profile: { name: profile.name, version: profile.version } }),
    ...(via !== undefined && { via }),
    ...(isIgnored && { isIgnored }),
    attributes: [...device.attributes],
    topics: [...device.topics.keys()],
    ...(said === 'offline' && { said }),
  };
  return Buffer.from(JSON.stringify(stored));
}

/** Undefined when the entry is damaged. */
export function decodeDevice(value: Uint8Array): StoredDevice | undefined {
  const found = parsed(Buffer.from(value).toString());
  if (!isObject(found)) return undefined;
  const { number, source, firstSeen, lastSeen, givenName, toldName, profile, via } = found;
  const { attributes, topics, said, isIgnored } = found;
  if (!isCount(number) || typeof source !== 'string' || !isInstant(firstSeen)) return undefined;
  if (lastSeen !== undefined && !isInstant(lastSeen)) return undefined;
  if (!isTextOrAbsent(givenName) || !isTextOrAbsent(toldName) || !isTextOrAbsent(via)) return undefined;
  if (profile !== undefined && !(isObject(profile) && typeof profile.name === 'string' && isCount(profile.version))) {
    return undefined;
  }
  if (!Array.isArray(attributes) || !attributes.every(isAttribute)) return undefined;
  if (!Array.isArray(topics) || !topics.every((topic) => typeof topic === 'string')) return undefined;
  if (said !== undefined && said !== 'offline') return undefined;
  if (isIgnored !== undefined && isIgnored !== true) return undefined;
  return found as unknown as StoredDevice;
}

/** How many devices' counts are one entry. */
const sightsInBlock = 128;

export function blockOf(number: number): number {
  return Math.floor(number / sightsInBlock);
}

/** The last number that a block may hold. */
export function lastOf(block: number): number {
  return (block + 1) * sightsInBlock - 1;
}

export function encodeSights(devices: Iterable<Device>): Uint8Array {
  const rows = [];
  for (const { number, lastSeen, messages, measurements, rhythm, isReportedOffline } of devices) {
    const { usualMs, gaps, longMs, heardSinceLongMs } = rhythm;
    const seen = lastSeen === undefined ? null : [lastSeen.atMs, lastSeen.ageMs ?? null, lastSeen.quality];
    rows.push([
      number,
      seen,
      messages,
      measurements,
      [usualMs, gaps, longMs, heardSinceLongMs].map(Math.round),
      Number(isReportedOffline),
    ]);
  }
  return Buffer.from(JSON.stringify(rows));
}

/** By number. Undefined when the entry is damaged. */
export function decodeSights(value: Uint8Array): [number: number, sight: StoredSight][] | undefined {
  const rows = parsed(Buffer.from(value).toString());
  if (!Array.isArray(rows)) return undefined;
  const sights: [number, StoredSight][] = [];
  for (const row of rows as unknown[]) {
    if (!Array.isArray(row)) return undefined;
    const [number, seen, messages, measurements, rhythm, isReportedOffline] = row as unknown[];
    if (![number, messages, measurements].every(isCount)) return undefined;
    if (!Array.isArray(rhythm) || rhythm.length !== 4 || !rhythm.every(isCount)) return undefined;
    const [usualMs, gaps, longMs, heardSinceLongMs] = rhythm as [number, number, number, number];
    const lastSeen = seen === null ? undefined : instantOf(seen);
    if (seen !== null && lastSeen === undefined) return undefined;
    sights.push([
      number as number,
      {
        ...(lastSeen && { lastSeen }),
        messages: messages as number,
        measurements: measurements as number,
        rhythm: { usualMs, gaps, longMs, heardSinceLongMs },
        isReportedOffline: isReportedOffline === 1,
      },
    ]);
  }
  return sights;
}

function instantOf(value: unknown): Instant | undefined {
  if (!Array.isArray(value)) return undefined;
  const [atMs, ageMs, quality] = value as unknown[];
  const instant = { atMs, quality, ...(ageMs !== null && { ageMs }) };
  return isInstant(instant) ? instant : undefined;
}

function isInstant(value: unknown): value is Instant {
  if (!isObject(value)) return false;
  const { atMs, ageMs, quality } = value;
  return (
    Number.isFinite(atMs) &&
    (ageMs === undefined || Number.isFinite(ageMs)) &&
    (quality === 'unset' || quality === 'estimated' || quality === 'synced')
  );
}

function isAttribute(value: unknown): value is Attribute {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [name, said] = value as unknown[];
  return typeof name === 'string' && ['string', 'number', 'boolean'].includes(typeof said);
}

function isTextOrAbsent(value: unknown): boolean {
  return value === undefined || typeof value === 'string';
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Damaged: whoever asks tells.
    return undefined;
  }
}
