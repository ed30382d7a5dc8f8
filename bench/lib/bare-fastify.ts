import { once } from 'node:events';
import { join } from 'node:path';
import { startChild } from './children.ts';
import { within } from './wait.ts';
import type { WebAnswer, WebRequest } from './web-caller.ts';

/** What a route of fastify alone is told to say. */
export interface BareRoute {
  readonly method: WebRequest['method'];
  /** Without a query. */
  readonly path: string;
  readonly headers: WebAnswer['headers'];
  readonly text: string;
}

/** Of the connection, or made anew by each server. */
const ownHeaders = ['connection', 'keep-alive', 'date', 'transfer-encoding', 'content-length'];

/** A server of fastify alone, in a process of its own, that answers as another one did: the same bytes under the same headers. */
export async function startBareFastify({ method, path }: WebRequest, { headers, text }: WebAnswer) {
  const peer = join(import.meta.dirname, '..', 'peers', 'bare-fastify.ts');
  const child = await startChild('bare fastify', process.execPath, [peer], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const kept = Object.fromEntries(Object.entries(headers).filter(([name]) => !ownHeaders.includes(name)));
  const route: BareRoute = { method, path: path.split('?')[0]!, headers: kept, text };
  const listens = once(child.process, 'message') as Promise<[address: string]>;
  child.process.send(route);
  const [address] = await within('bare fastify to listen', 15_000, Promise.race([listens, child.failed]));
  return { address, end: () => child.end() };
}
