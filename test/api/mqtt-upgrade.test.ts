import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { connectAsync } from 'mqtt';
import { generate } from 'mqtt-packet';
import { WebSocket } from 'ws';
import { HttpApi } from '../../src/api/http-api.ts';
import { Site } from '../sources/mqtt/site.ts';
import { connectPacket } from '../support/raw-mqtt.ts';
import { eventually, within } from '../support/wait.ts';
import { dependencies } from './fixtures.ts';

const maxPacketSize = 32 * 1024;
const maxUnsentPerClient = 64 * 1024;

/** A broker, and an HTTP server on which clients reach it. */
async function door(t: TestContext, allowedOrigins: readonly string[] = []) {
  const site = await Site.start(t, { maxPacketSize, maxUnsentPerClient });
  const http = new HttpApi(
    dependencies(
      {},
      {
        options: { host: '127.0.0.1', port: 0, allowedOrigins: [...allowedOrigins], maxLiveConnections: 50 },
        mqtt: { maxPacketSize, maxUnsentPerClient, accept: (stream) => site.source.accept(stream) },
      },
    ),
  );
  await http.start();
  t.after(() => http.stop());
  return { site, http, url: `ws://${http.address}/mqtt` };
}

/** What a request for a WebSocket is answered, as far as it comes. */
async function answer(address: string, path: string, more: readonly string[] = [], method = 'GET'): Promise<string> {
  const [host, port] = address.split(':');
  const socket = connect(Number(port), host);
  const request = [
    `${method} ${path} HTTP/1.1`,
    ...(more.some((line) => line.startsWith('Host')) ? [] : [`Host: ${address}`]),
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ...more,
  ];
  socket.write(`${request.join('\r\n')}\r\n\r\n`);
  const [data] = (await within(3_000, 'an answer', once(socket, 'data'))) as [Buffer];
  socket.destroy();
  return data.toString();
}

async function open(url: string): Promise<WebSocket & { readonly socket: Socket }> {
  const webSocket = new WebSocket(url, 'mqtt');
  // Whoever ends it, and how, is seen by its close.
  webSocket.on('error', () => {});
  await once(webSocket, 'open');
  return Object.assign(webSocket, { socket: (webSocket as unknown as { _socket: Socket })._socket });
}

async function closed(webSocket: WebSocket): Promise<number> {
  const [code] = await within(5_000, 'the end of the WebSocket', once(webSocket, 'close'));
  return code as number;
}

test('a client that comes by WebSocket is a client like any other, in every version', async (t) => {
  const { site, url } = await door(t);
  for (const protocolVersion of [4, 5] as const) {
    const heard: string[] = [];
    const listener = await connectAsync(url, { protocolVersion, clientId: `l${protocolVersion}` });
    listener.on('message', (topic, payload) => heard.push(`${topic} ${payload}`));
    await listener.subscribeAsync('t', { qos: 1 });
    const byTcp = await connectAsync(`mqtt://${site.source.address}`, { protocolVersion });
    await byTcp.publishAsync('t', 'from tcp', { qos: 1 });
    await listener.publishAsync('t', 'from here', { qos: 2 });
    await eventually('both messages', () => heard.length === 2);
    assert.deepEqual(heard.toSorted(), ['t from here', 't from tcp']);
    await Promise.all([listener.endAsync(), byTcp.endAsync()]);
  }
  assert.deepEqual(site.payloads, ['from tcp', 'from here', 'from tcp', 'from here']);
  await eventually('them gone', () => site.source.status().connections === 0);
});

test('a packet may be cut anywhere, and a message may have many', async (t) => {
  const { site, url } = await door(t);
  const webSocket = await open(url);
  const publish = (messageId: number) =>
    generate({ cmd: 'publish', topic: 't', payload: `${messageId}`, qos: 1, messageId, dup: false, retain: false });
  const bytes = Buffer.concat([generate(connectPacket('cut')), ...[1, 2, 3].map(publish)]);
  for (const byte of bytes) webSocket.send(Buffer.of(byte));
  webSocket.send(Buffer.concat([4, 5, 6].map(publish)));
  await eventually('all of them', () => site.payloads.length === 6);
  assert.deepEqual(site.payloads, ['1', '2', '3', '4', '5', '6']);
  webSocket.terminate();
});

test('who may open a WebSocket, and where', async (t) => {
  const { http } = await door(t, ['https://hmi.example.org']);
  const mqtt = 'Sec-WebSocket-Protocol: mqtt';
  const rows: readonly (readonly [status: number, path: string, more?: readonly string[], method?: string])[] = [
    [101, '/mqtt', [mqtt]],
    [101, '/mqtt?x=1', ['Sec-WebSocket-Protocol: chat, mqtt']],
    [101, '/mqtt', [mqtt, `Origin: http://${http.address}`]],
    [101, '/mqtt', [mqtt, 'Origin: https://hmi.example.org']],
    [400, '/mqtt', []],
    [400, '/mqtt', ['Sec-WebSocket-Protocol: chat']],
    [403, '/mqtt', [mqtt, 'Origin: https://evil.example']],
    [403, '/mqtt', [mqtt, 'Origin: null']],
    // A name of somebody else's that was made to lead here.
    [403, '/mqtt', [mqtt, 'Host: evil.example', 'Origin: http://evil.example']],
    [404, '/', [mqtt]],
    [404, '/api/v1/status', [mqtt]],
    [404, '/mqtt/', [mqtt]],
    [404, '/../mqtt', [mqtt]],
    [405, '/mqtt', [mqtt], 'POST'],
  ];
  for (const [status, ...request] of rows) {
    const text = await answer(http.address, ...request);
    assert.match(text, new RegExp(`^HTTP/1.1 ${status} `), `${request}`);
    if (status !== 101) assert.match(text, /application\/problem\+json/);
  }
  // An offer to speak HTTP/2 instead is passed over, as curl expects it.
  const h2c = await fetch(`http://${http.address}/api/v1/health/live`, { headers: { upgrade: 'h2c' } }).catch(
    () => null,
  );
  if (h2c !== null) assert.equal(h2c.status, 200);
});

test('text, oversized messages and endless pings end their own connection and no other', async (t) => {
  const { site, url } = await door(t);
  const other = await connectAsync(url, { clientId: 'other' });
  t.after(() => other.endAsync(true));
  const text = await open(url);
  text.send('CONNECT');
  assert.equal(await closed(text), 1003);
  const large = await open(url);
  large.send(Buffer.alloc(maxPacketSize * 4 + 1));
  assert.equal(await closed(large), 1009);
  const pinger = await open(url);
  pinger.socket.pause();
  const isOver = new Promise((resolve) => pinger.socket.once('close', resolve));
  const timer = setInterval(() => {
    for (let i = 0; i < 20_000 && pinger.readyState === WebSocket.OPEN; i++) pinger.ping(Buffer.alloc(125));
  }, 5);
  t.after(() => clearInterval(timer));
  await within(10_000, 'the end of who only pings', isOver);
  await other.publishAsync('t', 'unharmed', { qos: 1 });
  assert.deepEqual(site.payloads, ['unharmed']);
});

test('a subscriber that does not read is left out or disconnected; the others get everything', async (t) => {
  const { site, url } = await door(t);
  const frozen = await open(url);
  frozen.send(generate(connectPacket('frozen')));
  frozen.send(generate({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 't', qos: 1 }] }));
  await eventually('it to listen', () => site.source.status().connections === 1);
  frozen.socket.pause();
  const reader = await connectAsync(url, { clientId: 'reader' });
  let heard = 0;
  reader.on('message', () => heard++);
  await reader.subscribeAsync('t', { qos: 1 });
  const payload = Buffer.alloc(16_000);
  for (let i = 0; i < 1_000; i++) await reader.publishAsync('t', payload, { qos: 1 });
  await eventually('all of them', () => heard === 1_000);
  const { refused } = site.source.status();
  assert.equal((refused['slow-subscriber'] ?? 0) + (refused['drain-timeout'] ?? 0), 1);
  await reader.endAsync();
  frozen.terminate();
});

test('a gateway that stops closes every WebSocket', async (t) => {
  const { http, url } = await door(t);
  const webSocket = await open(url);
  const isOver = closed(webSocket);
  await http.stop();
  assert.equal(await isOver, 1001);
});
