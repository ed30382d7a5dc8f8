import type { Socket } from 'node:net';
import { failure, failureOf } from '../../core/errors.ts';
import type { LiveBatch, LiveEnd, LiveSink, LiveSubscription } from '../../core/live.ts';
import { errorEvent } from '../failure-forms.ts';
import { eventJson, gapJson, startJson } from './event-json.ts';
import { endOf } from './live-end.ts';

/** How long a browser waits before it connects again, in ms. */
const retryMs = 2_000;
/** How long it may take who is slow to read its last event. */
const lastWordMs = 10_000;

/**
 * One reader of `GET /api/v1/live`: Server-Sent Events (WHATWG HTML § 9.2), written to the socket after the response's head. What all
 * readers get is made once, down to the bytes.
 */
export class EventStream implements LiveSink {
  readonly #socket: Socket;
  #subscription: LiveSubscription | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** @param subscription whose sink this is */
  begin(subscription: LiveSubscription): void {
    this.#subscription = subscription;
    const { start } = subscription;
    const name = start.reset === undefined ? 'ready' : 'reset';
    this.#socket.write(`retry: ${retryMs}\nid: ${start.cursor}\nevent: ${name}\ndata: ${startJson(start)}\n\n`);
    this.#socket.on('drain', () => subscription.resume());
  }

  deliver(batch: LiveBatch): boolean {
    return this.#socket.write(batch.form('sse', bytesOf));
  }

  ended(why: LiveEnd): void {
    // It does not read, so there is no way to tell it.
    if (why === 'frozen') {
      this.#socket.destroy();
      return;
    }
    const said = failureOf(endOf(why));
    if (why === 'stopping') {
      this.#socket.end(errorEvent(said));
      return;
    }
    // A browser comes back by itself: later than after a connection that was lost.
    this.#end(`retry: ${said.retryAfterSeconds! * 1_000}\n${errorEvent(said)}`);
  }

  /** A sign of life. Its id moves a browser's last one on, without an event (§ 9.2.6), so that a quiet stream's does not grow old. */
  beat(): void {
    if (this.#subscription === undefined || this.#socket.writableEnded || this.#socket.writableNeedDrain) return;
    this.#socket.write(`: heartbeat\nid: ${this.#subscription.cursor}\n\n`);
  }

  /** It may not read any more. */
  cut(): void {
    this.#subscription?.close();
    this.#end(errorEvent(failure('access.unknown', 'The credentials of this connection do not count any more.')));
  }

  #end(lastWord: string): void {
    this.#socket.end(lastWord);
    const timer = setTimeout(() => this.#socket.destroy(), lastWordMs).unref();
    this.#socket.once('close', () => clearTimeout(timer));
  }
}

function bytesOf({ gap, events, epoch }: LiveBatch): Buffer {
  let text = gap === undefined ? '' : `event: gap\ndata: ${gapJson(gap, epoch)}\n\n`;
  for (const event of events)
    text += `id: ${epoch}-${event.number}\nevent: ${event.kind}\ndata: ${eventJson(event, epoch)}\n\n`;
  return Buffer.from(text);
}
