import { isAbsolute, resolve } from 'node:path';
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { HistoryBatch, Window } from '../buffer/history.ts';
import type { Manifest } from '../buffer/manifest.ts';
import type { GatewayStatus } from '../instrumentation/status.ts';
import { admin, needs, needsLong, read } from './guard.ts';
import { HistoryLines, reachOf } from './history-lines.ts';
import { problem, sendProblem } from './problem.ts';
import { windowOf } from './window.ts';

/** The buffer, as far as it can be asked for something. Whatever fails is a {@link HeadgateError}. */
export interface BufferApi {
  readonly identity: () => { readonly gateway: string; readonly epoch: string };
  /** Records that are being sent again. */
  readonly replayingRecords: () => number;
  /** Every batch on disk that was begun within a window. */
  readonly history: (window: Window) => AsyncIterable<HistoryBatch>;
  /** Sends those that were delivered again. Resolves to how many records. */
  readonly replay: (batches: AsyncIterable<HistoryBatch>) => Promise<number>;
  /** @param directory an absolute path */
  readonly backup: (directory: string) => Promise<Manifest>;
  /** The same as a tar archive. */
  readonly backupArchive: () => AsyncGenerator<Buffer>;
}

/**
 * `GET /api/v1/buffer`: the ledger, the lanes, what there is room for and what was found damaged. For administrators
 * `POST /api/v1/buffer/export` (the records of a window, one JSON object a line), `…/replay` and `…/backup`, and `GET /api/v1/backup` (a tar archive).
 */
export function addBufferRoutes(app: FastifyInstance, status: () => GatewayStatus, buffer: BufferApi): void {
  app.get('/api/v1/buffer', needs(read), () => ({ ...status().buffer, replayingRecords: buffer.replayingRecords() }));
  app.post('/api/v1/buffer/export', needsLong(read), (request, reply) => {
    const window = windowOf(request.body, true);
    if (typeof window === 'string') return sendProblem(reply, problem(400, window));
    return reply.type('application/x-ndjson').send(Readable.from(exported(window, buffer)));
  });
  app.post('/api/v1/buffer/replay', needs(admin), async (request, reply) => {
    const window = windowOf(request.body, false);
    if (typeof window === 'string') return sendProblem(reply, problem(400, window));
    return { records: await buffer.replay(touching(window, buffer)) };
  });
  app.post('/api/v1/buffer/backup', needs(admin), async (request, reply) => {
    const directory = directoryOf(request.body);
    if (directory === undefined) {
      return sendProblem(reply, problem(400, '`directory` must be an absolute path on the gateway.'));
    }
    return await buffer.backup(directory);
  });
  app.get('/api/v1/backup', needs(admin), async (_request, reply) => {
    const archive = buffer.backupArchive();
    // What keeps it from beginning is told as a problem.
    const first = await archive.next();
    const { gateway } = buffer.identity();
    const name = gateway.replace(/[^\w.-]/g, '_').slice(0, 60);
    return reply
      .type('application/x-tar')
      .header('content-disposition', `attachment; filename="headgate-backup-${name}.tar"`)
      .send(Readable.from(continued(first, archive)));
  });
}

async function* continued(first: IteratorResult<Buffer>, rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  try {
    if (first.done !== true) yield first.value;
    yield* rest;
  } finally {
    // Also when nobody read as far as `rest`.
    await rest.return(undefined);
  }
}

async function* exported(window: Window, buffer: BufferApi): AsyncGenerator<string, void, void> {
  const lines = new HistoryLines(window);
  const { gateway, epoch } = buffer.identity();
  for await (const batch of buffer.history(reachOf(window))) yield* lines.textOf(batch, gateway, epoch);
}

async function* touching(window: Window, buffer: BufferApi): AsyncGenerator<HistoryBatch, void, void> {
  const lines = new HistoryLines(window);
  for await (const batch of buffer.history(reachOf(window))) if (lines.touches(batch)) yield batch;
}

function directoryOf(body: unknown): string | undefined {
  const { directory } = (body ?? {}) as { readonly directory?: unknown };
  return typeof directory === 'string' && isAbsolute(directory) && !directory.includes('\0')
    ? resolve(directory)
    : undefined;
}
