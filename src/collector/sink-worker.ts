// The thread that holds the sink: decoding and the disk keep it busy, never the thread that talks to gateways.
import { parentPort, workerData } from 'node:worker_threads';
import { HeadgateError, messageOf } from '../core/errors.ts';
import { createSink, type Sink, type SinkAddress } from './sink.ts';
import type { SinkNote, SinkRequest, SinkResponse } from './sink-protocol.ts';
import { welcomeRuns } from './welcome-runs.ts';

const port = parentPort!;
const note = (message: string) => port.postMessage({ kind: 'note', message } satisfies SinkNote);
const sink = await createSink(workerData as SinkAddress, note);
let isOpen = false;

port.on('message', (request: SinkRequest) => {
  port.postMessage(answer(request));
  // Nothing holds the thread any more after this.
  if (request.kind === 'close') port.close();
});

function answer(request: SinkRequest): SinkResponse {
  try {
    return work(sink, request);
  } catch (error) {
    close();
    if (error instanceof HeadgateError) return { kind: 'failed', code: error.code, message: error.message };
    return { kind: 'failed', code: 'sink.failed', message: `The sink failed unexpectedly: ${messageOf(error)}.` };
  }
}

function work(sink: Sink, request: SinkRequest): SinkResponse {
  if (request.kind === 'close') {
    close();
    return { kind: 'done' };
  }
  if (!isOpen) sink.open();
  isOpen = true;
  switch (request.kind) {
    case 'open':
      return { kind: 'done' };
    case 'progress': {
      const durable = sink.progress(request.gateway, request.epoch);
      return { kind: 'progress', runs: welcomeRuns(durable, request.from, request.limit) };
    }
    case 'commit':
      return { kind: 'committed', outcomes: sink.commit(request.deliveries) };
  }
}

function close(): void {
  isOpen = false;
  try {
    sink.close();
  } catch (error) {
    // It is opened anew before it is used again, and then says itself what is wrong.
    note(`The sink could not be closed: ${messageOf(error)}.`);
  }
}
