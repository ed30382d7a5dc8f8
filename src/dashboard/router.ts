import { computed, signal } from '@preact/signals';

// Pages are named after `#`: they work under any path of a proxy, and the gateway serves one page.

/** Where one is: `#/devices/kitchen%2Fplug?tab=raw` is `{page: 'devices', rest: ['kitchen/plug'], query: {tab: 'raw'}}`. */
export interface Place {
  readonly page: string;
  readonly rest: readonly string[];
  readonly query: Readonly<Record<string, string>>;
}

export function placeOf(hash: string): Place {
  const [path = '', search = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const [page = '', ...rest] = path.split('/').map(decoded);
  return { page: page === '' ? 'overview' : page, rest, query: Object.fromEntries(new URLSearchParams(search)) };
}

/** A link's `href`: `link('devices', 'kitchen/plug')`. @param query what is undefined is left out */
export function link(
  page: string,
  ...rest: readonly (string | Readonly<Record<string, string | undefined>>)[]
): string {
  const parts = [page, ...rest.filter((one) => typeof one === 'string')].map(encodeURIComponent);
  const query = new URLSearchParams();
  for (const one of rest) {
    if (typeof one === 'string') continue;
    for (const [name, value] of Object.entries(one)) if (value !== undefined) query.set(name, value);
  }
  const search = query.toString();
  return `#/${parts.join('/')}${search === '' ? '' : `?${search}`}`;
}

const hash = signal(typeof location === 'undefined' ? '' : location.hash);
if (typeof addEventListener === 'function') addEventListener('hashchange', () => (hash.value = location.hash));

/** Where one is now. */
export const place = computed(() => placeOf(hash.value));

export function go(href: string): void {
  location.hash = href.slice(1);
}

/** Changes the query of the place one is at, without a step to go back. */
export function setQuery(query: Readonly<Record<string, string | undefined>>): void {
  const { page, rest, query: now } = place.value;
  const href = link(page, ...rest, { ...now, ...query });
  history.replaceState(null, '', href);
  hash.value = location.hash;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Typed by hand.
    return text;
  }
}
