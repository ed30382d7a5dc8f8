import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ModbusSlave } from '../../support/modbus-slave.ts';
import { portPair } from '../../support/port-pair.ts';
import { eventually } from '../../support/wait.ts';
import { busOf, library, ModbusSite } from './site.ts';

test('units on one bus are read by another program as slave, one that is dead among them', async (t) => {
  const line = await portPair(t);
  await ModbusSlave.start(t, line.far, [1, 3]);
  const units = [1, 2, 3].map((unit) => ({ unit, profile: 'test/meter' }));
  const site = await ModbusSite.start(t, [busOf({ path: line.near, units })]);
  await eventually('both to be read often', () => site.count('bus/1') > 30 && site.count('bus/3') > 30);
  site.checkValues();
  assert.equal(site.count('bus/2'), 0);
  assert.equal(site.unit(2).state, 'silent');
  assert.equal(site.unit(1).state, 'answering');
  assert.deepEqual(
    new Set(site.measurements.map(({ deviceId }) => deviceId)),
    new Set(['modbus:bus/1', 'modbus:bus/3']),
  );
});

test('what is written is done, and read again', async (t) => {
  const line = await portPair(t);
  await ModbusSlave.start(t, line.far, [1]);
  const site = await ModbusSite.start(t, [
    busOf({ path: line.near, units: [{ unit: 1, profile: 'test/single', every: 60_000 }] }),
  ]);
  const last = () => site.measurements.at(-1)?.fields[0]?.value;
  await eventually('the first value', () => last() === 261);
  assert.deepEqual(await site.source.write('bus/1', { kind: 'register', address: 5, value: 7 }), { kind: 'done' });
  await eventually('the new value', () => last() === 7);
  assert.deepEqual(await site.source.write('bus/1', { kind: 'registers', address: 4, values: [1, 9] }), {
    kind: 'done',
  });
  await eventually('the newer value', () => last() === 9);
  assert.deepEqual(await site.source.write('bus/1', { kind: 'coil', address: 0, value: true }), { kind: 'done' });
  assert.deepEqual(await site.source.write('bus/1', { kind: 'coils', address: 0, values: [true, false, true] }), {
    kind: 'done',
  });
  const refused = await site.source.write('bus/1', { kind: 'register', address: 500, value: 7 });
  assert.equal(refused.kind === 'exception' && refused.code, 2);
});

test('a profile that has changed holds at once, and one that is lost leaves the other units as they are', async (t) => {
  const line = await portPair(t);
  await ModbusSlave.start(t, line.far, [1, 2]);
  const units = [
    { unit: 1, profile: 'test/changing' },
    { unit: 2, profile: 'test/single' },
  ];
  const profiles = new Map([...library, ['test/changing', library.get('test/single')!]]);
  const site = await ModbusSite.start(t, [busOf({ path: line.near, units })], { profiles });
  const isRead = (unit: number, address: number) =>
    site.messages.some(({ topic, payload }) => topic === `bus/${unit}` && payload[3] === address);
  await eventually('both to be read', () => isRead(1, 5) && isRead(2, 5));
  profiles.set('test/changing', library.get('test/meter')!);
  await eventually('other registers', () => isRead(1, 10));
  assert.equal(site.bus().opened, 2);
  profiles.delete('test/changing');
  await eventually('it to be told', () => site.unit(1).state === 'unusable');
  const before = site.count('bus/2');
  await eventually('the other one to be read', () => site.count('bus/2') > before + 3);
});
