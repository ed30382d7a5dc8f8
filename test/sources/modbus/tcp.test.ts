import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ModbusSlave } from '../../support/modbus-slave.ts';
import { eventually } from '../../support/wait.ts';
import { busOf, ModbusSite } from './site.ts';

test('units behind one TCP server are read, and again once it is back', async (t) => {
  const slave = await ModbusSlave.start(t, 'tcp:127.0.0.1:0', [0, 1, 255]);
  const units = [0, 1, 255].map((unit) => ({ unit, profile: 'test/meter' }));
  const site = await ModbusSite.start(t, [busOf({ host: '127.0.0.1', port: slave.port, units })]);
  const all = (count: number) => units.every(({ unit }) => site.count(`bus/${unit}`) >= count);
  await eventually('all to be read', () => all(10));
  assert.deepEqual(await site.source.write('bus/1', { kind: 'register', address: 100, value: 7 }), { kind: 'done' });
  await slave.kill();
  await eventually('it to be noticed', () => site.bus().state === 'waiting');
  assert.match(site.bus().reason ?? '', /refused the connection|closed the connection|failed/);
  const refused = await site.source.write('bus/1', { kind: 'register', address: 100, value: 7 });
  assert.match(
    refused.kind === 'unsent' ? refused.failure : '',
    /Device 1, told to write register 100: its bus is not open/,
  );
  site.messages.length = 0;
  await ModbusSlave.start(t, `tcp:127.0.0.1:${slave.port}`, [0, 1, 255]);
  await eventually('all to be read again', () => all(3));
  site.checkValues();
  assert.equal(site.bus().opened, 2);
});
