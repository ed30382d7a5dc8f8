// Who tried to connect and was not let in, and who is connected and says nothing.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { Attempts } from '../../../src/sources/mqtt/attempts.ts';
import type { MqttAccess } from '../../../src/sources/mqtt/gate.ts';
import { MemoryDisk } from '../../support/memory-shelf.ts';
import { openAccess } from '../../support/open-access.ts';
import { RawMqtt } from '../../support/raw-mqtt.ts';
import { eventually } from '../../support/wait.ts';
import { Site } from './site.ts';

test('one kind of attempt is one entry, and no flood pushes out those of others', () => {
  let now = 0;
  const attempts = new Attempts(() => now);
  const error = new Error('bad user name or password');
  for (let i = 0; i < 3; i++) attempts.failed({ from: '10.0.0.7', userName: 'plug', version: 4, error });
  now = 5_400;
  for (let i = 0; i < 1_000; i++) attempts.failed({ from: '10.0.0.66', userName: `n${i}${'x'.repeat(300)}`, error });
  const found = attempts.list();
  assert.equal(found.length, 11);
  assert.deepEqual(found.at(-1), {
    from: '10.0.0.7',
    userName: 'plug',
    clientId: null,
    version: 4,
    reason: 'bad-credentials',
    detail: 'bad user name or password',
    times: 3,
    secondsAgo: 5,
  });
  assert.match(String(found[0]?.userName), /^n999x{96}$/);
  for (let i = 0; i < 200; i++) attempts.failed({ from: `10.0.1.${i}`, error });
  assert.deepEqual([attempts.list().length, attempts.list()[0]?.from], [50, '10.0.1.199']);
});

test('why nobody comes is seen at a broker: wrong names, no names, other versions, no word after CONNECT', async (t) => {
  const access: MqttAccess = {
    ...openAccess,
    of: async (shown) => {
      if (shown.username === undefined) return { kind: 'unknown' };
      return shown.username === 'plug' ? await openAccess.of(shown) : { kind: 'wrong' };
    },
  };
  const site = await Site.on(t, new MemoryDisk(), {}, access);
  const port = Number(site.source.address.split(':').pop());
  await (await RawMqtt.connect(port, 'c1', 4, { username: 'pulg', password: Buffer.from('x') })).closed;
  await (await RawMqtt.connect(port, 'c2', 5)).closed;
  const old = connect(port, '127.0.0.1');
  // CONNECT of a version that there is none of.
  old.write(Buffer.from([0x10, 12, 0, 4, ...Buffer.from('MQTT'), 9, 2, 0, 60, 0, 0]));
  await once(old.resume(), 'close');
  await eventually('three attempts', () => site.source.attempts().attempts.length === 3);
  const seen = site.source.attempts().attempts.map(({ reason, userName, clientId, version }) => {
    return [reason, userName, clientId, version];
  });
  assert.deepEqual(seen, [
    ['version-refused', null, null, null],
    ['anonymous', null, 'c2', 5],
    ['bad-credentials', 'pulg', 'c1', 4],
  ]);
  const client = await RawMqtt.connect(port, 'c3', 4, { username: 'plug', password: Buffer.from('x') });
  await eventually('a silent client', () => site.source.attempts().silentTotal === 1);
  const { silent, silentTotal, attempts } = site.source.attempts();
  assert.deepEqual([silentTotal, silent[0]?.clientId, silent[0]?.from], [1, 'c3', '127.0.0.1']);
  assert.equal(attempts.length, 3);
  client.send({ cmd: 'publish', topic: 'a', payload: '1', qos: 1, messageId: 1, retain: false, dup: false });
  await client.take('puback');
  assert.equal(site.source.attempts().silentTotal, 0);
  // What ends the connection of somebody who was let in is no attempt.
  client.send({ cmd: 'publish', topic: 'a/+', payload: '1', qos: 1, messageId: 2, retain: false, dup: false });
  await client.closed;
  assert.equal(site.source.attempts().attempts.length, 3);
});
