const slash = 0x2f;
const plus = 0x2b;
const hash = 0x23;
const dollar = 0x24;

/**
 * Whether an MQTT topic filter matches a topic name (MQTT 5.0 § 4.7): `+` stands for one level, a last `#` for any
 * number of levels including the parent, and neither matches a first level that starts with `$`. Levels may be empty.
 * The filter is taken to be right: see {@link topicFilterFault}. Allocates nothing.
 */
export function topicMatches(filter: string, topic: string): boolean {
  const first = filter.charCodeAt(0);
  if (topic.charCodeAt(0) === dollar && (first === plus || first === hash)) return false;
  // A text has a level at each position up to its length: the last one may be empty.
  let from = 0;
  let at = 0;
  for (;;) {
    const wildcard = filter.charCodeAt(from);
    if (wildcard === hash) return true;
    if (at > topic.length) return false;
    const filterEnd = endOfLevel(filter, from);
    const topicEnd = endOfLevel(topic, at);
    if (wildcard !== plus && !isSameLevel(filter, from, filterEnd, topic, at, topicEnd)) return false;
    from = filterEnd + 1;
    at = topicEnd + 1;
    if (from > filter.length) return at > topic.length;
  }
}

/**
 * Whether a filter matches every topic that another one matches. Both are taken to be right. Where it takes several filters
 * together to match them all, none of them does.
 */
export function filterCovers(wide: string, narrow: string): boolean {
  const first = wide.charCodeAt(0);
  // A wildcard in the first level of either matches nothing of `$…`, so it is only for what names it.
  if (narrow.charCodeAt(0) === dollar && (first === plus || first === hash)) return false;
  let from = 0;
  let at = 0;
  for (;;) {
    const wildcard = wide.charCodeAt(from);
    if (wildcard === hash) return true;
    if (at > narrow.length || narrow.charCodeAt(at) === hash) return false;
    const wideEnd = endOfLevel(wide, from);
    const narrowEnd = endOfLevel(narrow, at);
    if (wildcard !== plus && !isSameLevel(wide, from, wideEnd, narrow, at, narrowEnd)) return false;
    from = wideEnd + 1;
    at = narrowEnd + 1;
    if (from > wide.length) return at > narrow.length;
  }
}

const sharedPrefix = '$share/';

/** The filter in `$share/GROUP/FILTER` (MQTT 5.0 § 4.8.2), or the one that was given. */
export function unshared(filter: string): string {
  if (!filter.startsWith(sharedPrefix)) return filter;
  const end = filter.indexOf('/', sharedPrefix.length);
  return end < 0 ? filter : filter.slice(end + 1);
}

/** What is wrong with a topic filter, as what follows "is …, "; undefined when MQTT allows it (MQTT 5.0 § 4.7.1). */
export function topicFilterFault(filter: string): string | undefined {
  if (filter === '') return 'but a topic filter has at least one character';
  if (filter.includes('\0')) return 'but a topic can hold no NUL character';
  const levels = filter.split('/');
  const [wrong] = levels.filter((level) => level.length > 1 && /[#+]/.test(level));
  if (wrong !== undefined) return 'but `+` and `#` must each fill a level: nothing but a slash may stand beside them';
  if (levels.slice(0, -1).includes('#')) return 'but `#` can only be the last level';
  return undefined;
}

function endOfLevel(text: string, from: number): number {
  let end = from;
  while (end < text.length && text.charCodeAt(end) !== slash) end++;
  return end;
}

function isSameLevel(a: string, aFrom: number, aEnd: number, b: string, bFrom: number, bEnd: number): boolean {
  if (aEnd - aFrom !== bEnd - bFrom) return false;
  for (let i = 0; i < aEnd - aFrom; i++) if (a.charCodeAt(aFrom + i) !== b.charCodeAt(bFrom + i)) return false;
  return true;
}
