import type { EventEmitter } from 'node:events';

/** Calls `done` once, when a call is over, whoever ended it. */
export function whenGone(call: EventEmitter, done: () => void): void {
  let isDone = false;
  const once = (): void => {
    if (isDone) return;
    isDone = true;
    done();
  };
  // The first when the client went away, the second when it was answered to its end.
  call.on('cancelled', once);
  call.on('close', once);
  call.on('error', once);
}
