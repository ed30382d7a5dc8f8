import { parentPort, workerData } from 'node:worker_threads';
import { HeadgateError, messageOf } from '../core/errors.ts';
import { type Answer, Requests } from './requests.ts';
import { Store } from './store.ts';
import type { WorkerRequest, WorkerSettings } from './worker-protocol.ts';

// The disk's own thread: whatever an fsync takes, the main thread does not wait for it.

const port = parentPort!;

function tell({ response, transfer = [] }: Answer): void {
  port.postMessage(response, transfer);
}

function open(): Requests | undefined {
  try {
    const requests = new Requests(new Store(workerData as WorkerSettings));
    tell(requests.opened());
    return requests;
  } catch (error) {
    const code = error instanceof HeadgateError ? error.code : 'data.unreadable';
    tell({ response: { kind: 'open-failed', code, message: messageOf(error) } });
    return undefined;
  }
}

const requests = open();
if (requests === undefined) port.close();
else {
  port.on('message', (request: WorkerRequest) => {
    const answer = requests.carryOut(request);
    if (answer === undefined) port.close();
    else tell(answer);
  });
}
