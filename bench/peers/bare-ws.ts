// What a fan-out costs without a gateway: `ws` alone, which sends each message to everybody, at a steady rate.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { monotonicMs } from '../lib/load-protocol.ts';

const perSecond = Number(process.argv[2]);
const server = createServer();
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
server.listen(0, '127.0.0.1', () => process.send!({ port: (server.address() as AddressInfo).port }));
const startedMs = monotonicMs();
let sent = 0;
setInterval(() => {
  for (;;) {
    const dueMs = startedMs + (sent * 1000) / perSecond;
    if (dueMs > monotonicMs()) break;
    sent++;
    // As long as a gateway's event.
    const text = JSON.stringify({ fields: [{ name: 'dueMs', value: dueMs }], padding: 'x'.repeat(250) });
    const bytes = Buffer.from(text);
    for (const client of sockets.clients) client.send(bytes, { binary: false });
  }
}, 1);
