// Many readers of one server's live events, as light as they can be: raw sockets, in which probes are looked for. A probe is an event
// with the field `dueMs`, the monotonic time at which it was to be published. Over gRPC each reader is a client of its own instead.
import { connect, type Socket } from 'node:net';
import { monotonicMs } from '../lib/load-protocol.ts';
import type { ReadersEvent, ReadersOptions, ReadersRequest } from '../lib/readers-protocol.ts';
import { percentilesOf } from '../lib/statistics.ts';

const { address, kind, count, filter } = JSON.parse(process.argv[2] ?? '') as ReadersOptions;
const [host = '', port = ''] = address.split(':');
const mark = Buffer.from('"dueMs","value":');
const delays: number[] = [];
let bytes = 0;

function tell(event: ReadersEvent): void {
  process.send!(event);
}

/** Notes each probe in what was read. One that is cut in two is passed over: there are many more. */
function look(chunk: Buffer): void {
  bytes += chunk.length;
  const now = monotonicMs();
  for (let at = chunk.indexOf(mark); at >= 0; at = chunk.indexOf(mark, at + mark.length)) {
    const text = chunk.toString('latin1', at + mark.length, at + mark.length + 24);
    const end = text.search(/[,}]/);
    if (end > 0) delays.push(now - Number(text.slice(0, end)));
  }
}

/** A text frame of a client, masked with zeros (RFC 6455 § 5.3). */
function frame(text: string): Buffer {
  const payload = Buffer.from(text);
  const head =
    payload.length < 126 ? [0x81, 0x80 | payload.length] : [0x81, 0xfe, payload.length >> 8, payload.length & 255];
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), payload]);
}

/** Only one kind of readers pays for a gRPC library. */
async function openCall(): Promise<void> {
  const { openReader } = await import('../lib/grpc-client.ts');
  const onEnd = (reason: string): void => tell({ name: 'failed', reason });
  await openReader(address, filter?.topics ?? [], (dueMs) => delays.push(monotonicMs() - dueMs), onEnd);
}

function open(): Promise<Socket> {
  const query = Object.entries(filter ?? {}).map(([name, values]) => `${name}=${encodeURIComponent(values.join(','))}`);
  const path = kind === 'sse' ? `/api/v1/live?${query.join('&')}` : '/api/v1/live/ws';
  const upgrade =
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port), noDelay: true });
    socket.once('error', reject);
    socket.once('close', () => tell({ name: 'failed', reason: 'a reader was disconnected' }));
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${address}\r\n${kind === 'sse' ? '' : upgrade}\r\n`);
    socket.once('data', (head: Buffer) => {
      if (!/^HTTP\/1.1 (200|101)/.test(head.toString('latin1', 0, 20))) {
        reject(new Error(head.toString('latin1', 0, 300)));
        return;
      }
      if (kind === 'socket' && filter !== undefined)
        socket.write(frame(JSON.stringify({ type: 'subscribe', id: 1, filter })));
      socket.on('data', look);
      resolve(socket);
    });
  });
}

process.on('message', (request: ReadersRequest) => {
  if (request.name === 'report') tell({ name: 'report', delays: percentilesOf(delays), bytes });
  delays.length = 0;
  bytes = 0;
});
try {
  const openOne: () => Promise<unknown> = kind === 'grpc' ? openCall : open;
  for (let i = 0; i < count; i += 50) await Promise.all(Array.from({ length: Math.min(50, count - i) }, openOne));
  tell({ name: 'connected' });
} catch (error) {
  tell({ name: 'failed', reason: String(error) });
}
