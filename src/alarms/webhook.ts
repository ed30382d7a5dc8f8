import { createHmac } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { messageOf } from '../core/errors.ts';
import type { Clock, MonotonicMs } from '../core/time.ts';
import { type BackoffLimits, nextBackoff } from '../lib/backoff.ts';
import type { Log } from '../lib/log.ts';
import { type AlarmEvent, webhookBody } from './event.ts';

export interface WebhookSettings {
  readonly url: string;
  /** By which calls are signed; undefined: they are not. @throws when it can't be read */
  readonly secret: () => string | undefined;
  /** How long an answer may take, in ms. */
  readonly timeoutMs: number;
  readonly maxQueued: number;
  /** How long a call is tried, in ms. */
  readonly giveUpMs: number;
}

export interface WebhookDependencies {
  readonly settings: WebhookSettings;
  /** The gateway's name, told with each call. */
  readonly gateway: () => string;
  readonly clock: Clock;
  readonly log: Log;
  readonly random?: () => number;
  readonly backoff?: BackoffLimits;
}

/** What became of calls, since the start. */
export interface WebhookStatus {
  readonly queued: number;
  readonly delivered: number;
  /** Attempts that came to nothing. */
  readonly failures: number;
  /** Events that were given up: too many waited, or one for too long. */
  readonly dropped: { readonly full: number; readonly late: number };
  /** Why the last attempt came to nothing; null: it did not. */
  readonly failure: string | null;
}

interface Call {
  readonly event: AlarmEvent;
  readonly sinceMs: MonotonicMs;
  readonly over: () => void;
}

const usualBackoff = { minMs: 1_000, maxMs: 60_000 };
/** So much of an answer is read: it is of no interest. */
const maxAnswerBytes = 64 * 1024;

/**
 * Calls somebody's server with what happens to alarms: one call at a time, in order, again and again until the server takes it. Nothing
 * waits for it. A call may come twice, with the same `id`.
 */
export class Webhook {
  readonly #deps: WebhookDependencies;
  readonly #queue: Call[] = [];
  readonly #dropped = { full: 0, late: 0 };
  #delivered = 0;
  #failures = 0;
  #failure: string | null = null;
  #waitMs = 0;
  #state: 'idle' | 'calling' | 'waiting' | 'stopped' = 'idle';
  #timer: NodeJS.Timeout | undefined;
  readonly #stopping = new AbortController();

  constructor(deps: WebhookDependencies) {
    this.#deps = deps;
  }

  /** @param over nothing more comes of it */
  call(event: AlarmEvent, over: () => void): void {
    if (this.#queue.length >= this.#deps.settings.maxQueued) {
      // The one under way has been begun.
      const [oldest] = this.#queue.splice(this.#state === 'calling' ? 1 : 0, 1);
      if (oldest !== undefined) this.#drop(oldest, 'full');
    }
    this.#queue.push({ event, over, sinceMs: this.#deps.clock.monotonic() });
    if (this.#state === 'idle') void this.#next();
  }

  /** What waits is called for by the next run. */
  stop(): void {
    this.#state = 'stopped';
    clearTimeout(this.#timer);
    this.#stopping.abort();
  }

  status(): WebhookStatus {
    return {
      queued: this.#queue.length,
      delivered: this.#delivered,
      failures: this.#failures,
      dropped: { ...this.#dropped },
      failure: this.#failure,
    };
  }

  async #next(): Promise<void> {
    const { clock, log, settings, random = Math.random, backoff = usualBackoff } = this.#deps;
    for (;;) {
      const [call] = this.#queue;
      if (call === undefined || this.#state === 'stopped') {
        if (this.#state !== 'stopped') this.#state = 'idle';
        return;
      }
      this.#state = 'calling';
      const failure = await this.#send(call.event);
      if (this.#isStopped) return;
      this.#failure = failure ?? null;
      if (failure === undefined) {
        this.#queue.shift();
        this.#waitMs = 0;
        this.#delivered++;
        call.over();
        continue;
      }
      this.#failures++;
      if (this.#waitMs === 0)
        log.warn({ reason: failure }, 'The webhook of alarms could not be called; it is tried again.');
      this.#waitMs = nextBackoff(backoff, this.#waitMs, random());
      if (clock.monotonic() - call.sinceMs + this.#waitMs > settings.giveUpMs) {
        this.#queue.shift();
        this.#drop(call, 'late');
      }
      this.#state = 'waiting';
      this.#timer = setTimeout(() => void this.#next(), this.#waitMs).unref();
      return;
    }
  }

  get #isStopped(): boolean {
    return this.#state === 'stopped';
  }

  #drop(call: Call, why: 'full' | 'late'): void {
    this.#dropped[why]++;
    this.#deps.log.warn(
      { why, event: call.event.number },
      'A webhook is not called for what happened to an alarm any more.',
    );
    call.over();
  }

  /** @returns why it came to nothing; undefined: the server has it */
  async #send(event: AlarmEvent): Promise<string | undefined> {
    const { settings, gateway, clock } = this.#deps;
    const body = webhookBody(event, gateway());
    try {
      const status = await post(settings, body, Math.round(clock.now() / 1_000), this.#stopping.signal);
      return status >= 200 && status < 300 ? undefined : `it answered ${status}`;
    } catch (error) {
      return messageOf(error);
    }
  }
}

/** What the receiver can work out from the secret, the header `x-headgate-timestamp` and the body. */
export function signatureOf(secret: string, timestamp: number, body: string): string {
  return `sha256=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;
}

/** Redirects are not followed: who is to be told is who is configured. @returns the answer's status */
function post({ url, timeoutMs, ...its }: WebhookSettings, body: string, timestamp: number, stopping: AbortSignal) {
  const signal = AbortSignal.any([stopping, AbortSignal.timeout(timeoutMs)]);
  const secret = its.secret();
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'user-agent': 'headgate',
    'x-headgate-timestamp': String(timestamp),
    ...(secret !== undefined && { 'x-headgate-signature': signatureOf(secret, timestamp, body) }),
  };
  return new Promise<number>((resolve, reject) => {
    const fail = (error: Error): void =>
      reject(signal.aborted && !stopping.aborted ? new Error(`it gave no answer in ${timeoutMs} ms`) : error);
    const send = url.startsWith('https:') ? httpsRequest : httpRequest;
    const asked = send(url, { method: 'POST', headers, signal, agent: false }, (answer) => {
      let bytes = 0;
      answer.on('data', (data: Buffer) => {
        bytes += data.length;
        if (bytes > maxAnswerBytes) answer.destroy(new Error(`it answered more than ${maxAnswerBytes} bytes`));
      });
      answer.on('end', () => resolve(answer.statusCode ?? 0));
      answer.on('error', fail);
    });
    asked.on('error', fail);
    asked.end(body);
  });
}
