import { pipeline, Readable } from 'node:stream';
import { promisify } from 'node:util';
import { brotliCompress, constants, createGzip, gzip } from 'node:zlib';
import type { FastifyInstance } from 'fastify';

/** In characters. What is shorter fits into a packet or two as it is. */
const leastLength = 1_024;
const whole = /^(?:application\/(?:json|problem\+json|x-ndjson)|text\/(?:html|plain|csv))\b/;
/** What is sent piece by piece, and has an end. Events of a live stream would wait in the compressor. */
const pieces = /^(?:application\/x-ndjson|text\/csv)\b/;

const brotliOf = promisify(brotliCompress);
const gzipOf = promisify(gzip);
/** Takes about as long as gzip, and less space. */
const brotliOptions = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } };
const gzipOptions = { level: 6 };

/** Compresses answers for those who take that, when it is worth it; in other threads. */
export function addCompression(app: FastifyInstance): void {
  app.addHook('onSend', async ({ method, headers }, reply, payload) => {
    const type = String(reply.getHeader('content-type'));
    const isStream = payload instanceof Readable;
    const isWorth = isStream
      ? pieces.test(type)
      : typeof payload === 'string' && payload.length >= leastLength && whole.test(type);
    if (!isWorth || method === 'HEAD' || reply.hasHeader('content-encoding')) return payload;
    const vary = reply.getHeader('vary');
    reply.header('vary', vary === undefined ? 'accept-encoding' : `${vary}, accept-encoding`);
    const encoding = encodingOf(headers['accept-encoding'], isStream);
    if (encoding === undefined) return payload;
    reply.header('content-encoding', encoding).removeHeader('content-length');
    const tag = reply.getHeader('etag');
    if (typeof tag === 'string' && !tag.startsWith('W/')) reply.header('etag', `W/${tag}`);
    if (isStream) {
      // Whoever leaves ends both; what breaks off is told by the connection's end.
      return pipeline(payload, createGzip(gzipOptions), () => undefined);
    }
    return encoding === 'br' ? brotliOf(payload as string, brotliOptions) : gzipOf(payload as string, gzipOptions);
  });
}

/** `br` before `gzip`, of those that are taken (RFC 9110 § 12.5.3); undefined: neither is. */
export function encodingOf(accept: string | string[] | undefined, isStream: boolean): 'br' | 'gzip' | undefined {
  const taken = new Map<string, boolean>();
  for (const one of String(accept ?? '')
    .toLowerCase()
    .split(',', 20)) {
    const [name = '', ...parameters] = one.split(';').map((part) => part.trim());
    taken.set(name, !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter)));
  }
  const takes = (name: string): boolean => taken.get(name) ?? taken.get('*') ?? false;
  if (!isStream && takes('br')) return 'br';
  return takes('gzip') ? 'gzip' : undefined;
}
