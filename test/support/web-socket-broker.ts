import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import type { TestContext } from 'node:test';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { atEnd } from './at-end.ts';
import type { KeyPair } from './certificates.ts';

export interface WebSocketWay {
  readonly port: number;
  /** Ends every connection without a word. */
  readonly cut: () => void;
}

/**
 * A way to a broker by WebSocket at the path `/mqtt`, as a web server before it offers it: Debian's Mosquitto is built without WebSockets.
 *
 * @param brokerPort where the broker speaks MQTT over TCP
 */
export async function webSocketWay(t: TestContext, brokerPort: number, tls?: KeyPair): Promise<WebSocketWay> {
  const server = tls === undefined ? createHttp() : createHttps({ cert: tls.certificate, key: tls.key });
  const sockets = new WebSocketServer({
    server,
    path: '/mqtt',
    // MQTT 5.0 § 6: the name of the protocol is agreed on.
    handleProtocols: (names) => (names.has('mqtt') ? 'mqtt' : false),
  });
  sockets.on('connection', (socket) => {
    const stream = createWebSocketStream(socket);
    const broker = connect(brokerPort, '127.0.0.1');
    for (const one of [stream, broker]) one.on('error', () => {});
    stream.pipe(broker).pipe(stream);
    stream.once('close', () => broker.destroy());
    broker.once('close', () => stream.destroy());
  });
  const cut = (): void => {
    for (const socket of sockets.clients) socket.terminate();
  };
  atEnd(t, () => {
    cut();
    sockets.close();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, cut };
}
