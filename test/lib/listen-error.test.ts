import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { listenError } from '../../src/lib/listen-error.ts';

async function failureOf(port: number, host: string): Promise<unknown> {
  const [error] = await once(createServer().listen(port, host), 'error').catch((cause) => [cause]);
  return error;
}

test('a taken port is named with what to do', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const cause = await failureOf(port, '127.0.0.1');
  server.close();
  const error = listenError(cause, 'The MQTT server', `127.0.0.1:${port}`);
  assert.equal(error.code, 'port.taken');
  assert.equal(error.message, `The MQTT server can't listen on 127.0.0.1:${port}: another program listens there.`);
  assert.equal(error.cause, cause);
  assert.match(error.advice, /choose another port/);
});

test('an address that is not here, or means nothing, is told apart', async () => {
  const elsewhere = listenError(await failureOf(0, '192.0.2.1'), 'The collector', '192.0.2.1:0');
  assert.equal(elsewhere.code, 'address.unavailable');
  const unknown = listenError(Object.assign(new Error('x'), { code: 'ENOTFOUND' }), 'The collector', 'nowhere:1');
  assert.equal(unknown.code, 'address.unavailable');
});

test('a forbidden port, and what nobody foresaw', () => {
  assert.equal(listenError(Object.assign(new Error('x'), { code: 'EACCES' }), 'It', 'a:1').code, 'port.forbidden');
  const other = listenError('odd', 'It', 'a:1');
  assert.deepEqual([other.code, other.message], ['startup.failed', "It can't listen on a:1: odd."]);
});
