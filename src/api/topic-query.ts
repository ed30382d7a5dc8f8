import type { TopicState, TopicSummary } from '../registry/topics/describe.ts';

/** Which topics are asked for. */
export interface TopicQuery {
  /** One of these; empty: any. */
  readonly states: readonly TopicState[];
  /** In the template, an example or the profile's name, whatever the case; in lower case. */
  readonly text?: string;
  readonly limit: number;
  /** Where the page begins: behind this. */
  readonly after?: Place;
}

export interface TopicPage {
  readonly topics: readonly TopicSummary[];
  /** What to give as `after` for the next page; null: this is the last one. */
  readonly next: string | null;
  /** How many there are of what is asked for, on all pages. */
  readonly total: number;
}

/** Where a row stands in the order: what people have to look at first, then by how often it comes, then by name. */
type Place = readonly [group: number, rate: number, template: string];

const states: Readonly<Record<TopicState, number>> = { unknown: 0, suggested: 0, automatic: 1, adopted: 2, ignored: 3 };
const parameters = ['state', 'text', 'limit', 'after'];
const usualLimit = 100;
const maxLimit = 1_000;

/** What the query of a URL asks for. @returns a sentence when it can't be asked for */
export function topicQueryOf(query: Readonly<Record<string, unknown>>): TopicQuery | string {
  const stray = Object.keys(query).find((name) => !parameters.includes(name));
  if (stray !== undefined) {
    return `There is no parameter \`${stray.slice(0, 40)}\`; there are ${parameters.join(', ')}.`;
  }
  const twice = Object.keys(query).find((name) => typeof query[name] !== 'string');
  if (twice !== undefined) return `\`${twice}\` must be given once.`;
  const { state, text, limit, after } = query as Readonly<Record<string, string>>;
  const asked = state === undefined ? [] : state.split(',');
  if (!asked.every(isState)) return `\`state\` must be of ${Object.keys(states).join(', ')}.`;
  const count = limit === undefined ? usualLimit : /^\d{1,4}$/.test(limit) ? Number(limit) : 0;
  if (count < 1 || count > maxLimit) return `\`limit\` must be from 1 to ${maxLimit}.`;
  const place = after === undefined ? undefined : placeIn(after);
  if (after !== undefined && place === undefined) return '`after` must be `next` of the page before.';
  return {
    states: asked,
    ...(text !== undefined && { text: text.toLowerCase() }),
    limit: count,
    ...(place !== undefined && { after: place }),
  };
}

/** A page of those that are asked for. */
export function topicPageOf(
  topics: readonly TopicSummary[],
  { states: asked, text, limit, after }: TopicQuery,
): TopicPage {
  const found = topics
    .filter((one) => (asked.length === 0 || asked.includes(one.state)) && (text === undefined || holds(one, text)))
    .map((one) => ({ one, place: placeOf(one) }))
    .sort((a, b) => compare(a.place, b.place));
  const rest = after === undefined ? found : found.filter(({ place }) => compare(place, after) > 0);
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  return {
    topics: page.map(({ one }) => one),
    next: last === undefined || rest.length <= limit ? null : cursorOf(last.place),
    total: found.length,
  };
}

function holds({ template, examples, profile }: TopicSummary, text: string): boolean {
  return [template, profile ?? '', ...examples].some((one) => one.toLowerCase().includes(text));
}

/** Rates by half powers of two, so that a page that is asked for later fits to the one before. */
function placeOf({ state, messagesPerMinute, template }: TopicSummary): Place {
  return [states[state], Math.round(Math.log2(messagesPerMinute + 0.01) * 2), template];
}

function compare([group, rate, template]: Place, [otherGroup, otherRate, otherTemplate]: Place): number {
  if (group !== otherGroup) return group - otherGroup;
  if (rate !== otherRate) return otherRate - rate;
  return template === otherTemplate ? 0 : template < otherTemplate ? -1 : 1;
}

// A topic may hold what no text on the web can: half of a surrogate pair.
const cursorOf = (place: Place): string => Buffer.from(JSON.stringify(place)).toString('base64url');

function placeIn(cursor: string): Place | undefined {
  if (!/^[\w-]+$/.test(cursor)) return undefined;
  try {
    const found: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    const [group, rate, template] = Array.isArray(found) ? found : [];
    const isPlace = typeof group === 'number' && typeof rate === 'number' && typeof template === 'string';
    return isPlace ? [group, rate, template] : undefined;
  } catch {
    // Whoever asked is told so.
    return undefined;
  }
}

function isState(text: string): text is TopicState {
  return Object.hasOwn(states, text);
}
