import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { HeadgateError } from '../../core/errors.ts';
import type { LiveBatch, LiveFeed, LiveSubscription } from '../../core/live.ts';
import type { Take } from '../../core/message.ts';
import type { Principal } from '../../core/principal.ts';
import type { Connections } from '../connections.ts';
import { needs, needsLong } from '../guard.ts';
import { protect } from '../safe-headers.ts';
import { entriesOf, startJson } from './event-json.ts';
import { EventStream } from './event-stream.ts';
import { filterOf, scopeOf } from './filter-of.ts';
import { Heartbeats } from './heartbeats.ts';

export interface LiveApi {
  readonly feed: LiveFeed;
  /** The way in for what is published over a WebSocket. */
  readonly take: Take;
  /** Counts a message of somebody against what they may publish. @throws {HeadgateError} rate.limited */
  readonly admit?: ((principal: Principal, bytes: number) => void) | undefined;
  /** Has `end` called when somebody may not read any more. @returns takes that back @throws {HeadgateError} connections.limited */
  readonly watch: (principal: Principal, end: () => void) => () => void;
}

const usualWaitMs = 25_000;
const maxWaitMs = 55_000;

/**
 * `GET /api/v1/live` (Server-Sent Events) and `GET /api/v1/live/poll` (the same for whoever can only ask), with `kinds`, `devices`,
 * `topics`, `fields` and `after`, a cursor.
 */
export function addLiveRoutes(app: FastifyInstance, live: LiveApi, connections: Connections): void {
  addStream(app, live, connections);
  addPoll(app, live);
}

function addStream(app: FastifyInstance, { feed, watch }: LiveApi, connections: Connections): void {
  const streams = new Heartbeats();
  app.addHook('onClose', async () => streams.stop());
  app.get('/api/v1/live', needs('somebody'), (request, reply) => {
    const filter = filterOf(request.query, ['after']);
    const scope = scopeOf(request.principal);
    const told = request.headers['last-event-id'];
    // What a browser says when it connects again counts for more than what its page asked for once.
    const after = typeof told === 'string' && told !== '' ? told : afterOf(request);
    reply.headers({
      'content-type': 'text/event-stream; charset=utf-8',

      'x-accel-buffering': 'no',
    });
    if (request.method === 'HEAD') return reply.send('');
    const { socket } = reply.raw;
    if (socket === null) return reply;
    const leave = connections.keep(socket);
    if (leave === undefined) throw new HeadgateError('overload.shed', 'There are too many live connections already.');
    const stream = new EventStream(socket);
    let subscription: LiveSubscription | undefined;
    let forget: () => void;
    try {
      subscription = feed.subscribe({ filter, ...(scope && { scope }), after, sink: stream });
      forget = watch(request.principal, () => stream.cut());
    } catch (error) {
      subscription?.close();
      // Further requests may come on it.
      leave();
      throw error;
    }
    sendHead(reply);
    streams.add(stream);
    socket.once('close', () => {
      streams.delete(stream);
      forget();
      subscription.close();
    });
    stream.begin(subscription);
    return reply;
  });
}

/** The head of a response that ends when its connection does, so that what follows is written as it is. */
function sendHead(reply: FastifyReply): void {
  const { raw } = protect(reply);
  for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) raw.setHeader(name, value);
  reply.hijack();
  raw.useChunkedEncodingByDefault = false;
  raw.writeHead(200);
  raw.flushHeaders();
}

function addPoll(app: FastifyInstance, { feed }: LiveApi): void {
  app.get('/api/v1/live/poll', needsLong('somebody'), async (request, reply) => {
    const filter = filterOf(request.query, ['after', 'waitMs']);
    const scope = scopeOf(request.principal);
    const waitMs = waitOf(request);
    const after = afterOf(request);
    const text = await new Promise<string>((resolve) => {
      const answer = (entries: readonly string[], next: string): void => {
        clearTimeout(timer);
        subscription.close();
        resolve(`{"events":[${entries.join(',')}],"next":${JSON.stringify(next)}}`);
      };
      const deliver = (batch: LiveBatch): boolean => {
        answer(entriesOf(batch), `${batch.epoch}-${batch.to}`);
        return false;
      };
      const sink = { deliver, ended: () => answer([], subscription.start.cursor) };
      const subscription = feed.subscribe({ filter, ...(scope && { scope }), after, sink });
      const timer = setTimeout(() => answer([], subscription.cursor), waitMs);
      reply.raw.once('close', () => answer([], ''));
      const { start } = subscription;
      // Who has no cursor, or one that leads nowhere, is not kept waiting for it.
      if (after === undefined || start.reset !== undefined)
        answer(start.reset === undefined ? [] : [startJson(start)], start.cursor);
    });
    return reply.type('application/json; charset=utf-8').send(text);
  });
}

function afterOf({ query }: FastifyRequest): string | undefined {
  const { after } = query as Readonly<Record<string, unknown>>;
  if (after !== undefined && typeof after !== 'string')
    throw new HeadgateError('request.invalid', '`after` must be given once.');
  return after;
}

function waitOf({ query }: FastifyRequest): number {
  const { waitMs = String(usualWaitMs) } = query as Readonly<Record<string, unknown>>;
  const ms = typeof waitMs === 'string' && /^\d{1,6}$/.test(waitMs) ? Number(waitMs) : -1;
  if (ms < 0 || ms > maxWaitMs)
    throw new HeadgateError('request.invalid', `\`waitMs\` must be from 0 to ${maxWaitMs}.`);
  return ms;
}
