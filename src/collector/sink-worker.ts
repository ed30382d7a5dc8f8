// The thread that holds the sink: decoding and the disk keep it busy, never the thread that talks to gateways.
import { parentPort, workerData } from 'node:worker_threads';
import { HeadgateError, messageOf } from '../core/errors.ts';
import { powerCut } from '../lib/power-cut.ts';
import { createSink } from './sink.ts';
import type { Numbered, SinkNote, SinkRequest, SinkResponse, SinkSetup } from './sink-protocol.ts';

const port = parentPort!;
const note = (message: string) => port.postMessage({ kind: 'note', message } satisfies SinkNote);
const { address, nats } = workerData as SinkSetup;
const sink = await createSink(address, nats, note);
/** Done when the sink is open; undefined while it is not, or failed and has to be opened anew. */
let opening: Promise<void> | undefined;
/** Done when the sink has been closed after a failure. */
let closing: Promise<void> = Promise.resolve();
const busy = new Set<Promise<void>>();

port.on('message', ({ number, message }: Numbered<SinkRequest>) => {
  const done = answer(message).then((response) => {
    busy.delete(done);
    port.postMessage({ number, message: response } satisfies Numbered<SinkResponse>);
    // Nothing holds the thread any more after this.
    if (message.kind === 'close') port.close();
  });
  busy.add(done);
});

async function answer(request: SinkRequest): Promise<SinkResponse> {
  if (request.kind === 'close') {
    await Promise.all(busy);
    await close();
    return { kind: 'done' };
  }
  opening ??= closing.then(() => sink.open());
  const opened = opening;
  try {
    await opened;
    return await work(request);
  } catch (error) {
    // Of several requests that fail together, the first one closes it.
    if (opening === opened) {
      opening = undefined;
      closing = close();
    }
    await closing;
    if (error instanceof HeadgateError) return { kind: 'failed', code: error.code, message: error.message };
    return { kind: 'failed', code: 'sink.failed', message: `The sink failed unexpectedly: ${messageOf(error)}.` };
  }
}

async function work(request: Exclude<SinkRequest, { kind: 'close' }>): Promise<SinkResponse> {
  switch (request.kind) {
    case 'open':
      return { kind: 'done' };
    case 'progress': {
      const { gateway, epoch, from, limit } = request;
      return { kind: 'progress', runs: await sink.progress(gateway, epoch, from, limit) };
    }
    case 'commit': {
      powerCut('collector: before the commit');
      const outcomes = await sink.commit(request.deliveries);
      powerCut('collector: after the commit');
      return { kind: 'committed', outcomes };
    }
  }
}

async function close(): Promise<void> {
  opening = undefined;
  try {
    await sink.close();
  } catch (error) {
    // It is opened anew before it is used again, and then says itself what is wrong.
    note(`The sink could not be closed: ${messageOf(error)}.`);
  }
}
