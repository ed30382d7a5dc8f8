import { HeadgateError } from '../../core/errors.ts';
import type { LiveBatch, LiveFilter, LiveStart } from '../../core/live.ts';
import { parseExact } from '../../lib/exact-json.ts';
import { traceIdIn } from '../../lib/trace-context.ts';
import type { GivenCommand } from '../given-command.ts';
import { payloadKeys, payloadOf } from '../payload.ts';
import { entriesOf, startJson } from './event-json.ts';
import { filterOf } from './filter-of.ts';

/** Chosen by the client, and in the answer too. */
export type FrameId = string | number;

/** What a client asks for, one JSON text a frame. */
export type ClientFrame =
  /** Events from now on, or after a cursor. With the id of another subscription it takes that one's place. */
  | { readonly type: 'subscribe'; readonly id: FrameId; readonly filter: LiveFilter; readonly after?: string }
  | { readonly type: 'unsubscribe'; readonly id: FrameId }
  /** A message to be taken in; the answer is `ack` when it is as durable as its rule asks. */
  | {
      readonly type: 'publish';
      readonly id: FrameId | undefined;
      readonly topic: string;
      readonly payload: Uint8Array;
      readonly qos: 0 | 1 | 2 | undefined;
      readonly traceId: string | undefined;
    }
  /** Devices, a page of them, or what one measured, with the parameters of `GET /api/v1/devices` and `…/measurements`; or one of them. */
  | {
      readonly type: 'query';
      readonly id: FrameId | undefined;
      readonly what: 'devices' | 'measurements';
      readonly query: Readonly<Record<string, unknown>>;
    }
  | { readonly type: 'query'; readonly id: FrameId | undefined; readonly what: 'device'; readonly device: string }
  /** A command for a device; the answer is `command` when it is durable, and once more when it is over. */
  | {
      readonly type: 'command';
      readonly id: FrameId | undefined;
      readonly device: string;
      readonly given: GivenCommand;
    }
  | { readonly type: 'ping'; readonly id: FrameId | undefined };

const keys = {
  subscribe: ['filter', 'after'],
  unsubscribe: [],
  publish: ['topic', ...payloadKeys, 'qos', 'traceparent'],
  command: ['device', 'commandId', 'name', ...payloadKeys, 'priority', 'expiresAt', 'expiresInSeconds'],
  query: ['what', 'query', 'device'],
  ping: [],
} as const;
const maxId = 64;
/** A frame arrives whole or not at all: over a link that breaks often, a long one would never. */
const maxFrameChars = 32_768;

/** Its id, as far as it has one: an answer to a frame that is wrong names it too. */
export function idIn(frame: unknown): FrameId | undefined {
  const id = typeof frame === 'object' && frame !== null ? (frame as { readonly id?: unknown }).id : undefined;
  if (typeof id === 'string') return id.length <= maxId ? id : undefined;
  return typeof id === 'number' && Number.isSafeInteger(id) ? id : undefined;
}

/** @throws {HeadgateError} request.invalid when it is no JSON object */
export function frameIn(text: string): Readonly<Record<string, unknown>> {
  let frame: unknown;
  try {
    frame = parseExact(text);
  } catch {
    // Said below, in the words of all other faults.
  }
  if (typeof frame !== 'object' || frame === null || Array.isArray(frame))
    throw invalid('A frame must be a JSON object.');
  return frame as Readonly<Record<string, unknown>>;
}

/** @throws {HeadgateError} request.invalid */
export function clientFrame(frame: Readonly<Record<string, unknown>>): ClientFrame {
  const { type, id: given, ...rest } = frame;
  if (typeof type !== 'string' || !Object.hasOwn(keys, type))
    throw invalid(`\`type\` must be one of ${Object.keys(keys).join(', ')}.`);
  const id = idIn(frame);
  if (given !== undefined && id === undefined)
    throw invalid(`\`id\` must be a whole number or a text of at most ${maxId} characters.`);
  const known: readonly string[] = keys[type as ClientFrame['type']];
  const stray = Object.keys(rest).find((key) => !known.includes(key));
  if (stray !== undefined)
    throw invalid(`\`${type}\` has no \`${stray.slice(0, 40)}\`; it has ${['type', 'id', ...known].join(', ')}.`);
  switch (type as ClientFrame['type']) {
    case 'subscribe': {
      const { filter = {}, after } = rest;
      if (after !== undefined && typeof after !== 'string') throw invalid('`after` must be a cursor.');
      return { type: 'subscribe', id: needed(id), filter: filterOf(filter), ...(after !== undefined && { after }) };
    }
    case 'unsubscribe':
      return { type: 'unsubscribe', id: needed(id) };
    case 'publish': {
      const { topic, qos, traceparent } = rest;
      if (typeof topic !== 'string') throw invalid('`topic` must be a text.');
      if (qos !== undefined && qos !== 0 && qos !== 1 && qos !== 2) throw invalid('`qos` must be 0, 1 or 2.');
      return { type: 'publish', id, topic, payload: payloadIn(rest), qos, traceId: traceIdIn(traceparent) };
    }
    case 'command': {
      const { device, commandId, ...given } = rest;
      if (typeof device !== 'string' || device === '') throw invalid('`device` must be the id of one.');
      const payload = payloadOf(rest) ?? new Uint8Array();
      if (typeof payload === 'string') throw invalid(payload);
      return { type: 'command', id, device, given: { ...given, id: commandId, payload } };
    }
    case 'query':
      return queryIn(id, rest);
    case 'ping':
      return { type: 'ping', id };
  }
}

function needed(id: FrameId | undefined): FrameId {
  if (id === undefined) throw invalid('`id` must name the subscription.');
  return id;
}

function queryIn(
  id: FrameId | undefined,
  { what, query = {}, device }: Readonly<Record<string, unknown>>,
): ClientFrame {
  if (what === 'device') {
    if (typeof device !== 'string') throw invalid('`device` must be the id of one.');
    return { type: 'query', id, what, device };
  }
  if (what !== 'devices' && what !== 'measurements') throw invalid('`what` must be devices, device or measurements.');
  if (typeof query !== 'object' || query === null) throw invalid('`query` must be a JSON object.');
  // Parameters of a URL are texts.
  const texts = Object.entries(query).map(([name, value]) => [name, typeof value === 'object' ? value : String(value)]);
  return { type: 'query', id, what, query: Object.fromEntries(texts) };
}

/** @throws {HeadgateError} request.invalid */
function payloadIn(frame: Readonly<Record<string, unknown>>): Uint8Array {
  const payload = payloadOf(frame);
  if (payload === undefined) throw invalid('Give one of `payload` (JSON), `payloadText` and `payloadBase64`.');
  if (typeof payload === 'string') throw invalid(payload);
  return payload;
}

/** What a subscription has begun with: its cursor, and `reset` where that is not the one that was asked for. */
export function startFrame(id: FrameId, start: LiveStart): string {
  const { event: _, ...said } = JSON.parse(startJson(start)) as Record<string, unknown>;
  return JSON.stringify({ type: start.reset === undefined ? 'subscribed' : 'reset', id, ...said });
}

/** A subscription's next events, in one frame or some: made once for all that share them under the same id. */
export function eventsFrames(id: FrameId, batch: LiveBatch): readonly Buffer[] {
  return batch.form(`socket ${JSON.stringify(id)}`, () =>
    batch
      .form('pieces', piecesOf)
      .map(({ cursor, events }) =>
        Buffer.from(`{"type":"events","id":${JSON.stringify(id)},"cursor":"${cursor}","events":[${events}]}`),
      ),
  );
}

/** A batch cut where a frame would be too long, with where a client goes on that has read so far. */
function piecesOf(batch: LiveBatch): readonly { readonly cursor: string; readonly events: string }[] {
  const pieces: { cursor: string; events: string }[] = [];
  const entries = entriesOf(batch);
  const told = entries.length - batch.events.length;
  let events = '';
  for (const [index, entry] of entries.entries()) {
    events = events === '' ? entry : `${events},${entry}`;
    if (events.length < maxFrameChars || index < told || index === entries.length - 1) continue;
    pieces.push({ cursor: `${batch.epoch}-${batch.events[index - told]!.number}`, events });
    events = '';
  }
  pieces.push({ cursor: `${batch.epoch}-${batch.to}`, events });
  return pieces;
}

function invalid(text: string): HeadgateError {
  return new HeadgateError('request.invalid', text);
}
