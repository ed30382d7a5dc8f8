import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { knock } from '../../src/appliance/knock.ts';
import { freePort } from '../support/tcp-port.ts';

async function server(t: TestContext, serve: (socket: Socket) => void): Promise<string> {
  const listening = createServer((socket) => serve(socket.on('error', () => {})));
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  t.after(() => listening.close());
  return `0.0.0.0:${(listening.address() as { port: number }).port}`;
}

test('a broker answers, whether or not it lets anybody in; what else listens does not', async (t) => {
  const said: string[] = [];
  const letsIn = await server(t, (socket) => {
    socket.on('data', (bytes) => said.push(bytes.toString('hex')));
    socket.once('data', () => socket.write(Buffer.from([0x20, 2, 0, 0])));
  });
  assert.equal(await knock(letsIn), undefined);
  assert.equal(said[0], `101900044d5154540402000a000d${Buffer.from('headgate-gate').toString('hex')}`);
  const refuses = await server(t, (socket) => socket.end(Buffer.from([0x20, 2, 0, 5])));
  assert.equal(await knock(refuses), undefined);
  const other = await server(t, (socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'));
  assert.equal(await knock(other), 'answers something else');
  const ends = await server(t, (socket) => socket.destroy());
  assert.match((await knock(ends)) ?? '', /ends the connection|can't be connected to/);
  const silent = await server(t, () => {});
  assert.equal(await knock(silent, 50), 'does not answer');
  assert.match((await knock(`127.0.0.1:${await freePort()}`)) ?? '', /can't be connected to \(connect ECONNREFUSED/);
});
