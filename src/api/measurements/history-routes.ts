import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { HeadgateError } from '../../core/errors.ts';
import type { UnixMs } from '../../core/time.ts';
import type { HistoryAnswer, HistoryQuery } from '../../history/queries.ts';
import type { DevicesApi } from '../devices-routes.ts';
import { needsLong } from '../guard.ts';
import { problem, sendProblem } from '../problem.ts';
import {
  csvHeader,
  csvLine,
  latestBody,
  latestRows,
  type Row,
  rowsOf,
  type WindowBody,
  windowBody,
} from './history-answer.ts';
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
  /** How wide the finest buckets are that are kept from a time on, in ms. */
  finestSince(fromMs: UnixMs): number;
  /** @throws {HeadgateError} history.unavailable, request.invalid */
  query(query: HistoryQuery): Promise<HistoryAnswer>;
}

const path = '/api/v1/measurements';
const pieceChars = 32_768;
const types: Readonly<Record<Exclude<Format, 'json'>, string>> = {
  ndjson: 'application/x-ndjson; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
};

/**
 * `GET /api/v1/measurements` tells what a device measured: without a window the newest value of each field, else its points, or
 * the buckets of the width that is asked for or that gives so many points. JSON in columns or rows; NDJSON and CSV in rows, of
 * any length. Spans without a point have no bucket; `losses` tells which points there were and are not here.
 */
export function addHistoryRoutes(app: FastifyInstance, history: HistoryApi, devices: DevicesApi): void {
  app.get(path, needsLong(readOfDevice), async (request, reply) => {
    const query = measurementsQueryOf(request.query as Readonly<Record<string, unknown>>, history);
    if (typeof query === 'string') return sendProblem(reply, problem('request.invalid', query));
    const { device, window, format } = query;
    if (window === undefined) {
      const known = devices.describe(device);
      if (known === undefined) return sendProblem(reply, problem('device.unknown', unknown(device)));
      const fields = known.fields.filter(({ name }) => query.fields.length === 0 || query.fields.includes(name));
      if (format !== 'json') return sendRows(reply, format, 'latest', [latestRows(fields)]);
      return reply.send(latestBody(query, fields));
    }
    const asked = await askedOf(query, window, history);
    const first = await answerFor(
      format === 'json' ? asked : firstOf(asked, history.maxPointsOfMany),
      history,
      devices,
    );
    if (format === 'json') return reply.send(windowBody(query, window, first));
    // JSON says how many are left out; a table has no place for that.
    if (first.leftSeries > 0) return sendProblem(reply, problem('request.invalid', tooMany(first)));
    return sendRows(reply, format, first.kind, answersFrom(history, asked, first));
  });
}

/**
 * What a window has, as JSON in columns, for protocols beside REST.
 *
 * @param parameters as the route takes them, texts all
 * @throws {HeadgateError} request.invalid, device.unknown, history.unavailable, overload.shed
 */
export async function measurementsBody(
  parameters: Readonly<Record<string, unknown>>,
  history: HistoryApi,
  devices: Pick<DevicesApi, 'describe'>,
): Promise<WindowBody> {
  const query = measurementsQueryOf({ from: '-1h', ...parameters }, history);
  if (typeof query === 'string') throw new HeadgateError('request.invalid', query);
  const window = query.window!;
  return windowBody(query, window, await answerFor(historyQueryOf(query, window), history, devices));
}

/** @throws {HeadgateError} device.unknown, and what the history throws */
async function answerFor(
  query: HistoryQuery,
  history: HistoryApi,
  devices: Pick<DevicesApi, 'describe'>,
): Promise<HistoryAnswer> {
  const answer = await history.query(query);
  const isEmpty = answer.series.length === 0 && (answer.kind === 'raw' || answer.texts.length === 0);
  // A device may have been forgotten, and what it measured not.
  if (isEmpty && devices.describe(query.device) === undefined) {
    throw new HeadgateError('device.unknown', unknown(query.device));
  }
  return answer;
}

/** The same history for protocols whose questions nobody else puts off. @param admit throws when there is too much to do */
export function puttingOff(history: HistoryApi, admit: () => void): HistoryApi {
  return {
    maxPoints: history.maxPoints,
    maxPointsOfMany: history.maxPointsOfMany,
    get nowMs() {
      return history.nowMs;
    },
    get oldestMs() {
      return history.oldestMs;
    },
    finestSince: (fromMs) => history.finestSince(fromMs),
    query: async (query) => {
      admit();
      return history.query(query);
    },
  };
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

/** What is asked for; the finest there is: points, where memory has all of them, else buckets. */
async function askedOf(query: MeasurementsQuery, window: QueriedWindow, history: HistoryApi): Promise<HistoryQuery> {
  const asked = historyQueryOf(query, window);
  if (!window.isFinest) return asked;
  const points = { ...asked, points: history.maxPoints };
  const { kind } = await history.query(points);
  return kind === 'raw' ? points : { ...points, widthMs: history.finestSince(window.fromMs) };
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

const unknown = (device: string): string => `There is no device \`${device.slice(0, 200)}\`.`;

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
