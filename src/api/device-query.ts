import type { DeviceSummary } from '../registry/describe.ts';
import type { Presence } from '../registry/presence.ts';
import { maxListedFields } from './device-fields.ts';

/** Which devices are asked for. */
export interface DeviceQuery {
  /** One of these; empty: any. */
  readonly presences: readonly Presence[];
  /** A profile's whole name, or its vendor alone; empty: those that have none. */
  readonly profile?: string;
  /** In its id or a name of it, whatever the case; in lower case. */
  readonly text?: string;
  /** Those that people ignore, instead of all others. */
  readonly isIgnored: boolean;
  readonly limit: number;
  /** Of how many of its fields the newest values are told. */
  readonly fields: number;
  /** The id after which the page begins. */
  readonly after?: string;
}

export interface DevicePage {
  readonly devices: readonly DeviceSummary[];
  /** What to give as `after` for the next page; null: this is the last one. */
  readonly next: string | null;
  /** How many devices are asked for, on all pages. */
  readonly total: number;
}

const presences: Readonly<Record<Presence, true>> = { online: true, stale: true, offline: true, unknown: true };
const parameters = ['presence', 'profile', 'text', 'ignored', 'limit', 'after', 'fields'];
const usualLimit = 100;
const maxLimit = 1_000;

/** What the query of a URL asks for. @returns a sentence when it can't be asked for */
export function deviceQueryOf(query: Readonly<Record<string, unknown>>): DeviceQuery | string {
  const stray = Object.keys(query).find((name) => !parameters.includes(name));
  if (stray !== undefined) {
    return `There is no parameter \`${stray.slice(0, 40)}\`; there are ${parameters.join(', ')}.`;
  }
  const twice = Object.keys(query).find((name) => typeof query[name] !== 'string');
  if (twice !== undefined) return `\`${twice}\` must be given once.`;
  const {
    presence,
    profile,
    text,
    ignored = 'false',
    limit,
    after,
    fields = '0',
  } = query as Readonly<Record<string, string>>;
  const asked = presence === undefined ? [] : presence.split(',');
  if (!asked.every(isPresence)) return `\`presence\` must be of ${Object.keys(presences).join(', ')}.`;
  if (ignored !== 'true' && ignored !== 'false') return '`ignored` must be true or false.';
  const count = limit === undefined ? usualLimit : /^\d{1,4}$/.test(limit) ? Number(limit) : 0;
  if (count < 1 || count > maxLimit) return `\`limit\` must be from 1 to ${maxLimit}.`;
  const fieldCount = /^\d{1,2}$/.test(fields) ? Number(fields) : Number.NaN;
  if (!(fieldCount <= maxListedFields)) return `\`fields\` must be from 0 to ${maxListedFields}.`;
  const id = after === undefined ? undefined : idOf(after);
  if (after !== undefined && id === undefined) return '`after` must be `next` of the page before.';
  return {
    presences: asked,
    ...(profile !== undefined && { profile }),
    ...(text !== undefined && { text: text.toLowerCase() }),
    isIgnored: ignored === 'true',
    limit: count,
    fields: fieldCount,
    ...(id !== undefined && { after: id }),
  };
}

/** A page of those that are asked for, in order of their ids: what comes or goes meanwhile moves no other. */
export function pageOf(devices: readonly DeviceSummary[], query: DeviceQuery): DevicePage {
  const { after, limit } = query;
  const found = devices.filter((device) => matches(device, query)).sort((a, b) => (a.id < b.id ? -1 : 1));
  const rest = after === undefined ? found : found.filter(({ id }) => id > after);
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  return {
    devices: page,
    next: last === undefined || rest.length <= limit ? null : cursorOf(last.id),
    total: found.length,
  };
}

function matches(device: DeviceSummary, { presences: asked, profile, text, isIgnored }: DeviceQuery): boolean {
  if (device.isIgnored !== isIgnored) return false;
  if (asked.length > 0 && !asked.includes(device.presence)) return false;
  if (profile !== undefined) {
    const name = device.profile?.name ?? '';
    if (name !== profile && (profile === '' || !name.startsWith(`${profile}/`))) return false;
  }
  if (text === undefined) return true;
  const { id, givenName, toldName } = device;
  return [id, givenName, toldName].some((one) => one?.toLowerCase().includes(text));
}

// An id may hold what no text on the web can: half of a surrogate pair.
const cursorOf = (id: string): string => Buffer.from(id, 'utf16le').toString('base64url');

function idOf(cursor: string): string | undefined {
  if (!/^[\w-]+$/.test(cursor)) return undefined;
  const id = Buffer.from(cursor, 'base64url').toString('utf16le');
  return cursorOf(id) === cursor ? id : undefined;
}

function isPresence(text: string): text is Presence {
  return Object.hasOwn(presences, text);
}
