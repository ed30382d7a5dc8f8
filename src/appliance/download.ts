import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { HeadgateError, messageOf } from '../core/errors.ts';
import { nextBackoff } from '../lib/backoff.ts';
import { type Receiving, receive } from './receive.ts';

export interface DownloadOptions {
  readonly onBytes: (bytes: number, totalBytes: number | undefined) => void;
  readonly signal?: AbortSignal | undefined;
  /** Default: a timer. */
  readonly wait?: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
  /** Nothing came for so long: the connection counts as dead, in ms. Default 60,000. */
  readonly idleMs?: number;
}

/** As often it is tried anew without that more has come. */
const maxVainTries = 6;
const maxHops = 5;
const backoff = { minMs: 1_000, maxMs: 30_000 };

/** What is worth another try: the connection broke, or the server has trouble of its own. */
class Broken extends Error {}

/**
 * Downloads a bundle. What breaks off goes on where it was, where the server can do that and the file is still the same (RFC 9110
 * §14.2, §13.1.5), and else begins anew.
 * @returns its bytes
 * @throws {HeadgateError} update.unreachable; what {@link receive} throws
 */
export async function download(url: string, path: string, options: DownloadOptions): Promise<number> {
  const { wait = waited, signal } = options;
  const progress: Progress = { bytes: 0, validator: undefined, totalBytes: undefined };
  let waitMs = 0;
  for (let vain = 0; ; ) {
    const before = progress.bytes;
    try {
      return await attempt(url, path, progress, options);
    } catch (error) {
      if (!(error instanceof Broken) || signal?.aborted)
        throw error instanceof Broken ? unreachable(url, error) : error;
      vain = progress.bytes > before ? 1 : vain + 1;
      if (vain >= maxVainTries) throw unreachable(url, error);
    }
    waitMs = nextBackoff(backoff, waitMs, Math.random());
    await wait(waitMs, signal);
  }
}

/** How far it is, from one attempt to the next. */
interface Progress {
  bytes: number;
  totalBytes: number | undefined;
  /** By which the server knows whether the file is still the same; undefined: it has said nothing by which it does. */
  validator: string | undefined;
}

async function attempt(url: string, path: string, progress: Progress, options: DownloadOptions): Promise<number> {
  const { onBytes, signal, idleMs = 60_000 } = options;
  const idle = new AbortController();
  const timer = setTimeout(() => idle.abort(new Broken(`nothing came for ${idleMs / 1_000} s`)), idleMs);
  const ended = signal === undefined ? idle.signal : AbortSignal.any([signal, idle.signal]);
  try {
    const goesOn = progress.bytes > 0 && progress.validator !== undefined;
    const headers = {
      'accept-encoding': 'identity',
      ...(goesOn && { range: `bytes=${progress.bytes}-`, 'if-range': progress.validator! }),
    };
    const answer = await opened(url, headers, ended);
    const from = beginning(answer, url, progress);
    const rest = lengthOf(answer);
    progress.validator = validatorOf(answer);
    progress.totalBytes = rest === undefined ? undefined : from + rest;
    progress.bytes = from;
    const receiving: Receiving = {
      from,
      totalBytes: progress.totalBytes,
      onBytes: (bytes) => {
        timer.refresh();
        progress.bytes = bytes;
        onBytes(bytes, progress.totalBytes);
      },
    };
    const bytes = await receive(piecesOf(answer, ended), path, receiving);
    if (progress.totalBytes !== undefined && bytes < progress.totalBytes) throw new Broken('the connection ended');
    return bytes;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Asks for it, wherever the server sends us. Not by `fetch`: its parser ends the whole process when a server closes the connection while
 * somebody reads slowly (https://github.com/nodejs/undici/issues/5360), as a card that is busy makes us do.
 */
async function opened(url: string, headers: Record<string, string>, signal: AbortSignal): Promise<IncomingMessage> {
  let at = url;
  for (let hop = 0; hop <= maxHops; hop++) {
    const answer = await requested(at, headers, signal);
    const { statusCode = 0, headers: said } = answer;
    if (![301, 302, 303, 307, 308].includes(statusCode) || said.location === undefined) return answer;
    answer.destroy();
    const next = URL.canParse(said.location, at) ? new URL(said.location, at).href : said.location;
    const fault = faultOfUrl(next);
    if (fault !== undefined) {
      const message = `${shownUrl(url)} is not to be had: it leads to ${next.slice(0, 200)}. ${fault}`;
      throw new HeadgateError('update.unreachable', message);
    }
    at = next;
  }
  throw new HeadgateError(
    'update.unreachable',
    `${shownUrl(url)} is not to be had: it led elsewhere ${maxHops} times.`,
  );
}

function requested(url: string, headers: Record<string, string>, signal: AbortSignal): Promise<IncomingMessage> {
  const ask = url.toLowerCase().startsWith('https:') ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    ask(url, { headers, signal, agent: false }, resolve)
      .on('error', (error) => reject(broken(error, signal)))
      .end();
  });
}

/** Where what is answered goes on. @throws {HeadgateError} update.unreachable, or {@link Broken} */
function beginning(answer: IncomingMessage, url: string, progress: Progress): number {
  const { bytes } = progress;
  const { statusCode: status = 0, headers } = answer;
  if (status === 200) return 0;
  if (status === 206) {
    const [, from] = /^bytes (\d+)-/.exec(headers['content-range'] ?? '') ?? [];
    if (Number(from) === bytes) return bytes;
    answer.destroy();
    progress.validator = undefined;
    throw new Broken('the server sent another part than it was asked for');
  }
  answer.destroy();
  if (status >= 500 || status === 429 || status === 408) throw new Broken(`the server said HTTP ${status}`);
  throw new HeadgateError('update.unreachable', `${shownUrl(url)} is not to be had: the server said HTTP ${status}.`);
}

async function* piecesOf(answer: IncomingMessage, signal: AbortSignal): AsyncGenerator<Uint8Array, void, void> {
  try {
    for await (const piece of answer) yield piece as Uint8Array;
  } catch (error) {
    throw broken(error, signal);
  } finally {
    answer.destroy();
  }
}

function lengthOf({ headers }: IncomingMessage): number | undefined {
  const given = headers['content-length'] ?? '';
  return /^\d{1,15}$/.test(given) ? Number(given) : undefined;
}

/** A strong one, or ranges of two files might be put together. */
function validatorOf({ headers }: IncomingMessage): string | undefined {
  const tag = headers.etag;
  if (tag !== undefined) return tag.startsWith('W/') ? undefined : tag;
  return headers['last-modified'];
}

function broken(error: unknown, signal: AbortSignal): Error {
  if (signal.reason instanceof Broken) return signal.reason;
  if (signal.aborted) return new HeadgateError('update.failed', 'The download was given up.');
  return new Broken(messageOf(error), { cause: error });
}

function unreachable(url: string, error: Error): HeadgateError {
  return new HeadgateError('update.unreachable', `${shownUrl(url)} can't be downloaded: ${error.message}.`, {
    cause: error,
  });
}

/** Without what may be secret in it. */
export function shownUrl(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`.slice(0, 300);
}

/** @returns what is wrong with it as an address to download from, as a sentence; undefined when nothing is */
export function faultOfUrl(url: string): string | undefined {
  if (!/^https?:\/\/./i.test(url) || !URL.canParse(url)) {
    return 'A bundle is a file, or at an address that begins with `https://` or `http://`.';
  }
  const { username, password } = new URL(url);
  return username === '' && password === '' ? undefined : 'Leave user and password out of the address.';
}

async function waited(ms: number, signal: AbortSignal | undefined): Promise<void> {
  const { setTimeout: after } = await import('node:timers/promises');
  // Whoever ends the wait finds that out by the signal.
  await after(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
}
