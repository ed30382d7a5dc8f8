import type { LiveGap } from '../core/live.ts';
import type { Audience } from './audience.ts';
import { type FeedEvent, isReplaceable } from './event.ts';
import type { Feed } from './feed.ts';

/** How far a reader has come. */
export interface Place {
  /** It has everything that it wanted up to this number, or was told of what it does not get. */
  at: number;
  /** How many events that were, by its audience's counts. */
  measured: number;
  lasting: number;
  /** It could not follow, and gets only what no newer one replaces until it has come to the end. */
  isSkimming: boolean;
  /** It was away rather than slow: up to this number it gets everything, as long as that is kept. */
  replayTo: number;
}

/** A batch holds no more than this, but one event in any case. */
export interface ReadLimits {
  readonly maxEvents: number;
  readonly maxBytes: number;
  /** Who is further behind can't follow. */
  readonly maxLag: number;
}

export interface Reading {
  readonly to: number;
  readonly events: readonly FeedEvent[];
  readonly gap: LiveGap | undefined;
}

/**
 * What comes next for a reader that does not follow, from what is kept. Moves its place on. Nothing is noted anywhere for a reader
 * that is slow: what it has not read lies in the feed, which all share.
 */
export function readOn(feed: Feed, audience: Audience, place: Place, limits: ReadLimits): Reading {
  const lag = audience.measured - place.measured;
  const isWhole = feed.covers(place.at) && !place.isSkimming && (place.at < place.replayTo || lag <= limits.maxLag);
  const reading = isWhole ? readAll(feed, audience, place, limits) : skim(feed, audience, place, limits);
  place.at = reading.to;
  if (reading.to === feed.number) {
    place.measured = audience.measured;
    place.lasting = audience.lasting;
    place.isSkimming = false;
  }
  return reading;
}

function readAll(feed: Feed, audience: Audience, place: Place, { maxEvents, maxBytes }: ReadLimits): Reading {
  const events: FeedEvent[] = [];
  let bytes = 0;
  const to = feed.walk(place.at, (event) => {
    if (!audience.wants(event)) return true;
    events.push(event);
    bytes += event.bytes;
    if (isReplaceable(event)) place.measured++;
    else place.lasting++;
    return events.length < maxEvents && bytes < maxBytes;
  });
  return { to, events, gap: undefined };
}

/** Everything that lasts, and of each series the newest event only. */
function skim(feed: Feed, audience: Audience, place: Place, { maxEvents, maxBytes }: ReadLimits): Reading {
  const { lasting, series } = feed;
  const found: FeedEvent[] = [];
  for (let i = lasting.indexAfter(place.at); i < lasting.count; i++) {
    const event = lasting.at(i)!;
    if (audience.wants(event)) found.push(event);
  }
  const missedLasting = audience.lasting - place.lasting - found.length;
  let newest = 0;
  for (let one = series.newest; one?.newest !== undefined && one.newest.number > place.at; one = one.older) {
    if (!isReplaceable(one.newest) || !audience.wantsSeries(one)) continue;
    found.push(one.newest);
    newest++;
  }
  // Of a series that says something new meanwhile, one event more is missed: it is told with the next gap.
  const missedMeasured = audience.measured - place.measured - newest;
  found.sort((a, b) => a.number - b.number);
  let bytes = 0;
  let count = 0;
  while (count < found.length && count < maxEvents && bytes < maxBytes) bytes += found[count++]!.bytes;
  const isCut = count < found.length;
  const events = isCut ? found.slice(0, count) : found;
  const missed = Math.max(0, missedMeasured) + Math.max(0, missedLasting);
  const reason = missedLasting > 0 || place.at < series.lostUpTo ? 'overrun' : 'coalesced';
  const gap = missed === 0 ? undefined : ({ from: place.at + 1, to: feed.number, missed, reason } as const);
  for (const event of events) {
    if (isReplaceable(event)) place.measured++;
    else place.lasting++;
  }
  place.measured += Math.max(0, missedMeasured);
  place.lasting += Math.max(0, missedLasting);
  place.isSkimming = isCut;
  return { to: isCut ? events.at(-1)!.number : feed.number, events, gap };
}
