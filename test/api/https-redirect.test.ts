import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { HttpsRedirect } from '../../src/api/https-redirect.ts';
import { silentLog } from '../../src/lib/log.ts';

async function redirect(t: TestContext, publicPort = 443) {
  const one = new HttpsRedirect({ host: '127.0.0.1', port: 0, publicPort });
  await one.start(silentLog);
  t.after(() => one.stop());
  return one.port!;
}

/** All that comes back for some bytes, until the other side ends it. */
async function said(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.setEncoding('latin1').on('data', (piece: string) => (text += piece));
  socket.on('error', () => {});
  socket.write(bytes, 'latin1');
  await once(socket, 'close');
  return text;
}

const get = (target: string, ...headers: string[]) =>
  `GET ${target} HTTP/1.1\r\n${headers.map((one) => `${one}\r\n`).join('')}\r\n`;

test('whoever comes by plain HTTP is sent to where TLS is spoken, under the name that they know', async (t) => {
  const port = await redirect(t);
  const rows: [target: string, host: string, location: string][] = [
    ['/', 'headgate.local', 'https://headgate.local/'],
    ['/devices?x=1', 'Headgate.local:80', 'https://Headgate.local/devices?x=1'],
    ['/', '192.168.1.7', 'https://192.168.1.7/'],
    ['/', '[fe80::1]:80', 'https://[fe80::1]/'],
    ['//evil.example', 'gate', 'https://gate//evil.example'],
    ['http://evil.example/', 'gate', 'https://gate/'],
    [`/${'x'.repeat(2_500)}`, 'gate', 'https://gate/'],
  ];
  for (const [target, host, location] of rows) {
    const answer = await said(port, get(target, `Host: ${host}`));
    assert.match(answer, /^HTTP\/1\.1 308 /, target);
    assert.equal(/^location: (.*)\r$/im.exec(answer)?.[1], location, target);
    assert.match(answer, /^connection: close\r$/im);
  }
  assert.match(await said(await redirect(t, 8443), get('/', 'Host: gate:80')), /location: https:\/\/gate:8443\/\r/);
});

test('nothing that is no name comes back, and nobody is kept waiting or keeps waiting', async (t) => {
  const port = await redirect(t);
  const rows: [what: string, bytes: string, answer: RegExp][] = [
    ['no host', get('/'), /^(HTTP\/1\.1 400 |$)/],
    ['an old client without one', 'GET / HTTP/1.0\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['a login', get('/', 'Host: me@evil.example'), /^HTTP\/1\.1 400 /],
    ['a path', get('/', 'Host: evil.example/x'), /^HTTP\/1\.1 400 /],
    ['markup', get('/', 'Host: <script>'), /^HTTP\/1\.1 400 /],
    ['two', get('/', 'Host: a', 'Host: b'), /^(HTTP\/1\.1 (400|308) |$)/],
    ['other bytes', '\x16\x03\x01\x02\x00\x01\x00', /^$/],
    ['too much', get('/', `Host: gate`, `X: ${'x'.repeat(10_000)}`), /^$/],
    ['a body', 'POST / HTTP/1.1\r\nHost: gate\r\nContent-Length: 5\r\n\r\nhello', /^HTTP\/1\.1 308 /],
  ];
  for (const [what, bytes, answer] of rows) {
    const found = await said(port, bytes);
    assert.match(found, answer, what);
    assert.doesNotMatch(found, /evil|script/, what);
  }
});

test('a port that is taken is no reason not to start', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  t.after(() => other.close());
  const { port } = other.address() as { port: number };
  const lines: string[] = [];
  const one = new HttpsRedirect({ host: '127.0.0.1', port, publicPort: 443 });
  await one.start({ ...silentLog, warn: (_fields, text) => lines.push(text) });
  await one.stop();
  assert.equal(one.port, undefined);
  assert.match(
    lines.join(),
    /the redirect to https:\/\/ can't listen on 127\.0\.0\.1:\d+: another program listens there/,
  );
});
