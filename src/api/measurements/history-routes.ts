import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { UnixMs } from '../../core/time.ts';
import type { HistoryAnswer, HistoryQuery } from '../../history/queries.ts';
import type { DevicesApi } from '../devices-routes.ts';
import { needs } from '../guard.ts';
import { problem, sendProblem } from '../problem.ts';
import { csvHeader, csvLine, latestBody, latestRows, type Row, rowsOf, windowBody } from './history-answer.ts';
import { type Format, type MeasurementsQuery, measurementsQueryOf, type QueriedWindow } from './history-query.ts';

/** The history, as far as it can be asked. */
export interface HistoryApi {
  /** Of one series in one answer. */
  readonly maxPoints: number;
  /** So few that no series has to be left out, unless there are very many. */
  readonly maxPointsOfMany: number;
  readonly nowMs: UnixMs;
  /** Nothing is kept from before. */
  readonly oldestMs: UnixMs;
  /** @throws {HeadgateError} history.unavailable, request.invalid */
  query(query: HistoryQuery): Promise<HistoryAnswer>;
}

const path = '/api/v1/measurements';
const pieceChars = 32_768;
const types: Readonly<Record<Format, string>> = {
  json: 'application/json; charset=utf-8',
  ndjson: 'application/x-ndjson; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
};

/**
 * `GET /api/v1/measurements` tells what a device measured: without a window the newest value of each field, else its points, or
 * the buckets of the width that is asked for or that gives so many points. JSON in columns or rows; NDJSON and CSV in rows, of
 * any length. Spans without a point have no bucket; `losses` tells which points there were and are not here.
 */
export function addHistoryRoutes(app: FastifyInstance, history: HistoryApi, devices: DevicesApi): void {
  app.get(path, needs(readOfDevice), async (request, reply) => {
    const query = measurementsQueryOf(request.query as Readonly<Record<string, unknown>>, history);
    if (typeof query === 'string') return sendProblem(reply, problem('request.invalid', query));
    const { device, window, format } = query;
    const known = devices.describe(device);
    if (window === undefined) {
      if (known === undefined) return sendUnknown(reply, device);
      const fields = known.fields.filter(({ name }) => query.fields.length === 0 || query.fields.includes(name));
      if (format !== 'json') return sendRows(reply, format, 'latest', [latestRows(fields)]);
      return sendJson(request, reply, latestBody(query, fields));
    }
    const asked = historyQueryOf(query, window);
    const first = await history.query(format === 'json' ? asked : firstOf(asked, history.maxPointsOfMany));
    const isEmpty = first.series.length === 0 && (first.kind === 'raw' || first.texts.length === 0);
    // A device may have been forgotten, and what it measured not.
    if (isEmpty && known === undefined) return sendUnknown(reply, device);
    if (format === 'json') return sendJson(request, reply, windowBody(query, window, first));
    // JSON says how many are left out; a table has no place for that.
    if (first.leftSeries > 0) return sendProblem(reply, problem('request.invalid', tooMany(first)));
    return sendRows(reply, format, first.kind, answersFrom(history, asked, first));
  });
}

/** Which device is asked for says what it takes. */
function readOfDevice({ query }: FastifyRequest): { kind: 'read'; deviceId?: string } {
  const { device } = query as { readonly device?: unknown };
  return typeof device === 'string' ? { kind: 'read', deviceId: device } : { kind: 'read' };
}

function historyQueryOf({ device, fields }: MeasurementsQuery, window: QueriedWindow): HistoryQuery {
  const { fromMs, toMs, points, bucketMs } = window;
  return { device, fields, fromMs, toMs, points, widthMs: bucketMs };
}

/** So much of a query as fits into one answer: a long table is asked for piece by piece. */
function firstOf(query: HistoryQuery, maxPoints: number): HistoryQuery {
  const { fromMs, toMs, widthMs } = query;
  if (widthMs === undefined) return query;
  const endMs = (Math.floor(fromMs / widthMs) + maxPoints) * widthMs;
  return { ...query, toMs: Math.min(toMs, endMs) };
}

async function* answersFrom(
  history: HistoryApi,
  query: HistoryQuery,
  first: HistoryAnswer,
): AsyncGenerator<Iterable<Row>> {
  yield rowsOf(first);
  let { toMs } = firstOf(query, history.maxPointsOfMany);
  while (toMs < query.toMs) {
    const next = firstOf({ ...query, fromMs: toMs }, history.maxPointsOfMany);
    const answer = await history.query(next);
    // Texts came with the first piece, as far as they are of its window.
    yield rowsOf(answer);
    ({ toMs } = next);
  }
}

function tooMany({ series, leftSeries }: HistoryAnswer): string {
  return `The device has ${series.length + leftSeries} fields: ask for up to ${series.length} of them by \`field\`.`;
}

function sendUnknown(reply: FastifyReply, device: string): FastifyReply {
  return sendProblem(reply, problem('device.unknown', `There is no device \`${device.slice(0, 200)}\`.`));
}

/** Whoever has the same already is told so (RFC 9110 § 13.1.2). */
function sendJson({ headers }: FastifyRequest, reply: FastifyReply, body: object): FastifyReply {
  const text = JSON.stringify(body);
  const tag = `"${createHash('sha1').update(text).digest('base64url').slice(0, 20)}"`;
  reply.header('etag', tag);
  const had = String(headers['if-none-match'] ?? '').split(/\s*,\s*/);
  if (had.includes(tag) || had.includes(`W/${tag}`) || had.includes('*')) return reply.code(304).send();
  return reply.type(types.json).send(text);
}

function sendRows(
  reply: FastifyReply,
  format: 'ndjson' | 'csv',
  kind: 'latest' | HistoryAnswer['kind'],
  pieces: Iterable<Iterable<Row>> | AsyncIterable<Iterable<Row>>,
): FastifyReply {
  async function* lines(): AsyncGenerator<string> {
    if (format === 'csv') yield csvHeader(kind);
    for await (const rows of pieces) {
      let text = '';
      for (const row of rows) {
        text += format === 'csv' ? csvLine(kind, row) : `${JSON.stringify(row)}\n`;
        if (text.length < pieceChars) continue;
        // Whoever reads slowly is waited for, and others get their turn.
        yield text;
        text = '';
      }
      if (text !== '') yield text;
    }
  }
  return reply.type(types[format]).send(Readable.from(lines(), { objectMode: false }));
}
