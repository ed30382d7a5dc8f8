import { formatDuration } from '../core/units.ts';
import type { DeviceDescription, DeviceSummary, InstantReport } from '../registry/describe.ts';
import { printable, tableOf } from './table.ts';

/** A list of devices for people: one a line, in order of their ids. */
export function devicesText(devices: readonly DeviceSummary[]): string[] {
  if (devices.length === 0) return ['No device.'];
  const rows = devices.map((device) => [
    printable(device.id),
    device.presence,
    lastSeenText(device),
    device.profile?.name ?? '-',
    device.messages.toLocaleString('en-US'),
    device.name === device.id ? '' : printable(device.name),
  ]);
  return tableOf(['DEVICE', 'PRESENCE', 'LAST SEEN', 'PROFILE', 'MESSAGES', 'NAME'], rows);
}

/** One device for people: what it is, then its newest values. */
export function deviceText(device: DeviceDescription): string[] {
  const { givenName, toldName, profile, via, attributes, topics, fields } = device;
  const rows: (readonly [name: string, text: string])[] = [
    ['Device', device.id],
    ['Name', [givenName, toldName !== givenName && toldName && `${toldName} (told)`].filter(Boolean).join(', ')],
    ['Profile', profile === null ? 'none: the general rules hold' : `${profile.name}, version ${profile.version}`],
    ['Presence', `${device.presence} since ${instantText(device.presenceSince)}`],
    ['Silence', silenceText(device)],
    ['First seen', instantText(device.firstSeen)],
    ['Last seen', lastSeenText(device)],
    ['Heard', `${counted(device.messages, 'message')}, ${counted(device.measurements, 'measurement')}`],
    ['Reached by', via ?? ''],
    ['Source', device.source],
    ...topics.map((topic, index) => [index === 0 ? 'Topics' : '', topic] as const),
    ...Object.entries(attributes).map(([name, value]) => [name, String(value)] as const),
    ['', device.isIgnored ? 'It is ignored.' : ''],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows
    .filter(([, text]) => text !== '')
    .map(([name, text]) => `${printable(name).padEnd(width)}  ${printable(text)}`);
  if (fields.length === 0) return lines;
  const values = fields.map(({ name, tags, value, unitSymbol, unit, at }) => [
    printable(tags === undefined ? name : `${name} {${tags}}`),
    printable(String(value)),
    printable(unitSymbol ?? unit ?? ''),
    at ?? '',
  ]);
  return [...lines, '', ...tableOf(['FIELD', 'VALUE', 'UNIT', 'AT'], values)];
}

function silenceText({ staleAfterSeconds: stale, offlineAfterSeconds: offline }: DeviceDescription): string {
  return `stale after ${formatDuration(stale * 1_000)}, offline after ${formatDuration(offline * 1_000)}`;
}

function lastSeenText({ lastSeen, silentSeconds }: DeviceSummary): string {
  if (silentSeconds !== null) return `${formatDuration(silentSeconds * 1_000)} ago`;
  return lastSeen === null ? 'never' : instantText(lastSeen);
}

function instantText({ at, clockQuality }: InstantReport): string {
  return clockQuality === 'unset' ? `${at} by a clock that was not set` : at;
}

function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}
