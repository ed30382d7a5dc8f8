import type { DeviceNow, Presence } from '../../state/devices.ts';

/** Which devices are shown, and in which order. */
export interface Choice {
  /** In the id or the name, whatever the case. */
  readonly text: string;
  readonly presence: Presence | '';
  /** A profile's name; `-`: none. */
  readonly profile: string;
  readonly source: string;
  readonly sort: 'name' | 'heard' | 'state';
}

export const everything: Choice = { text: '', presence: '', profile: '', source: '', sort: 'name' };

const presenceRank: Readonly<Record<Presence, number>> = { offline: 0, stale: 1, unknown: 2, online: 3 };

/** The ids of those that are chosen, in order. They stay as they are until somebody asks anew. */
export function chosen(all: Iterable<DeviceNow>, choice: Choice): string[] {
  const text = choice.text.trim().toLowerCase();
  const found = [...all].filter(
    ({ id, name, presence, profile, source }) =>
      (text === '' || name.toLowerCase().includes(text) || id.toLowerCase().includes(text)) &&
      (choice.presence === '' || presence === choice.presence) &&
      (choice.profile === '' || (profile ?? '-') === choice.profile) &&
      (choice.source === '' || source === choice.source),
  );
  const byName = (a: DeviceNow, b: DeviceNow): number =>
    a.name.localeCompare(b.name, undefined, { numeric: true }) || (a.id < b.id ? -1 : 1);
  const orders = {
    name: byName,
    heard: (a: DeviceNow, b: DeviceNow) => (b.lastSeenMs ?? 0) - (a.lastSeenMs ?? 0) || byName(a, b),
    state: (a: DeviceNow, b: DeviceNow) => presenceRank[a.presence] - presenceRank[b.presence] || byName(a, b),
  };
  return found.sort(orders[choice.sort]).map(({ id }) => id);
}

/** What there is to choose from. */
export function optionsIn(all: Iterable<DeviceNow>): { profiles: string[]; sources: string[] } {
  const profiles = new Set<string>();
  const sources = new Set<string>();
  for (const { profile, source } of all) {
    profiles.add(profile ?? '-');
    if (source !== '') sources.add(source);
  }
  return { profiles: [...profiles].sort(), sources: [...sources].sort() };
}

/**
 * The rows of a long list that are near what is seen.
 *
 * @param top of the list, above the window's upper edge, in px; negative: below it
 * @param height of the window, in px
 */
export function rowsInView(
  count: number,
  rowHeight: number,
  top: number,
  height: number,
): { first: number; last: number } {
  const spare = 10;
  const first = Math.min(count, Math.max(0, Math.floor(top / rowHeight) - spare));
  const last = Math.min(count, Math.ceil((top + height) / rowHeight) + spare);
  return { first, last: Math.max(first, last) };
}
