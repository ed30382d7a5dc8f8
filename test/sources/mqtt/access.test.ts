// Who may connect, publish, subscribe and receive over MQTT, with a real book of accounts behind the broker.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ofMqtt } from '../../../src/auth/mqtt-access.ts';
import { authSite, by } from '../../auth/site.ts';
import { MemoryDisk } from '../../support/memory-shelf.ts';
import { MosquittoSub, mosquittoPub, runProgram } from '../../support/mosquitto.ts';
import { type MqttVersion, RawMqtt } from '../../support/raw-mqtt.ts';
import { eventually } from '../../support/wait.ts';
import { Site } from './site.ts';

const password = 'correct horse';
const versions = [3, 4, 5] as const;

/** A broker before a real book of accounts. @param from what clients' connections come in by, whatever is true */
async function broker(t: TestContext, from?: string) {
  const { auth, counts, clock } = await authSite(t);
  const access = {
    of: (shown: Parameters<typeof ofMqtt>[1]) =>
      ofMqtt(auth, { ...shown, ...(from !== undefined && { localAddress: from, remoteAddress: '10.0.0.66' }) }),
    book: auth.book,
    audit: auth.audit,
  };
  const site = await Site.on(t, new MemoryDisk(), {}, access);
  const port = Number(site.source.address.split(':').pop());
  const connect = async (id: string, version: MqttVersion, given: Credentials = {}, more: object = {}) =>
    await RawMqtt.connect(port, id, version, {
      ...(given.username !== undefined && { username: given.username }),
      ...(given.password !== undefined && { password: Buffer.from(given.password) }),
      ...more,
    });
  return { auth, counts, clock, site, port, connect };
}

interface Credentials {
  readonly username?: string;
  readonly password?: string;
}

test('who may connect, and what others are told', async (t) => {
  const { auth, clock, connect } = await broker(t, '192.168.1.5');
  await auth.changes.addPerson('eve', password, ['admin'], by);
  const device = await auth.changes.addDevice({ device: 'plug' }, by);
  const chosen = await auth.changes.addDevice({ device: 'lamp', name: 'lamp-1', password: 'battery staple' }, by);
  const { token } = await auth.changes.addProgram('panel', ['read'], undefined, by);
  const over = await auth.changes.addProgram('over', ['read'], 1, by);
  assert.ok(token && over.token && chosen.account);
  const rows: [given: Credentials, code: number, reason: number][] = [
    [{}, 5, 0x87],
    [{ username: 'eve', password }, 0, 0],
    [{ username: 'eve', password: 'wrong' }, 4, 0x86],
    [{ username: 'eve' }, 4, 0x86],
    [{ username: 'nobody', password }, 4, 0x86],
    [{ username: 'plug', password: device.password! }, 0, 0],
    [{ username: 'plug', password: `${device.password}x` }, 4, 0x86],
    [{ username: 'lamp-1', password: 'battery staple' }, 0, 0],
    [{ username: 'lamp', password: 'battery staple' }, 4, 0x86],
    [{ username: 'anything', password: token }, 0, 0],
    [{ username: 'panel', password: 'wrong' }, 4, 0x86],
    [{ username: 'over', password: over.token }, 4, 0x86],
    [{ username: '__proto__', password: '__proto__' }, 4, 0x86],
  ];
  for (const [i, [given, code, reason]] of rows.entries()) {
    for (const version of versions) {
      const client = await connect(`c${i}${version}`, version, given);
      const { returnCode, reasonCode } = client.connack as { returnCode?: number; reasonCode?: number };
      assert.equal(
        version === 5 ? reasonCode : returnCode,
        version === 5 ? reason : code,
        JSON.stringify([given, version]),
      );
      if (code !== 0) await client.ended();
      else await client.drop();
      // Not to be held back by the throttle: that has a test of its own.
      clock.ms += 3_600_001;
    }
  }
});

test('whoever tries too much is told to wait, and devices with made passwords are not kept out by that', async (t) => {
  const { auth, connect, site, counts } = await broker(t, '192.168.1.5');
  const device = await auth.changes.addDevice({ device: 'plug' }, by);
  for (let i = 0; i < 5; i++) await (await connect('bad', 5, { username: 'plug', password: `${i}` })).ended();
  const before = counts.runs;
  for (const version of versions) {
    const held = await connect('bad', version, { username: 'plug', password: 'x' });
    const { returnCode, reasonCode } = held.connack as { returnCode?: number; reasonCode?: number };
    assert.equal(version === 5 ? reasonCode : returnCode, version === 5 ? 0x9f : 3);
    await held.ended();
  }
  assert.equal(counts.runs, before);
  const good = await connect('good', 5, { username: 'plug', password: device.password! });
  assert.equal((good.connack as { reasonCode?: number }).reasonCode, 0);
  await good.drop();
  const { refused } = site.source.status();
  assert.deepEqual([refused['bad-credentials'], refused.throttled], [5, 3]);
});

test('on this machine nobody needs a name, and may less once somebody is set up', async (t) => {
  const { auth, connect } = await broker(t);
  const before = await connect('before', 5);
  const publish = async (client: RawMqtt, topic: string) => {
    client.send({ cmd: 'publish', topic, payload: 'x', qos: 1, messageId: 1, retain: false, dup: false });
    return ((await client.take('puback')) as { reasonCode?: number }).reasonCode ?? 0;
  };
  assert.equal(await publish(before, 'headgate/devices/a/commands'), 0);
  await auth.changes.addPerson('eve', password, ['admin'], by);
  // Whoever is connected is looked at anew.
  await before.ended();
  const after = await connect('after', 5);
  assert.deepEqual(
    [
      await publish(after, 'a/b'),
      await publish(after, 'headgate/devices/a/commands'),
      await publish(after, 'headgate/status'),
    ],
    [0, 0x87, 0x87],
  );
  await after.drop();
  // What shows who somebody is, and is wrong, is no reason to take them for anybody.
  await (await connect('wrong', 5, { username: 'eve', password: 'wrong' })).ended();
});

test('publish: what a scope covers is taken in, the rest is refused and not acknowledged', async (t) => {
  const { auth, connect, site } = await broker(t, '192.168.1.5');
  const { token } = await auth.changes.addProgram('p', ['publish:line/+/temp'], undefined, by);
  const given = { username: 'x', password: token! };
  const rows: [topic: string, isAllowed: boolean][] = [
    ['line/1/temp', true],
    ['line/1', false],
    ['line/1/temp/x', false],
    ['other', false],
    ['headgate/devices/a/commands', false],
    ['$SYS/x', false],
  ];
  for (const version of versions) {
    for (const qos of [0, 1, 2] as const) {
      for (const [topic, isAllowed] of rows) {
        const records = site.records.length;
        const client = await connect(`p${version}`, version, given);
        const what = JSON.stringify([version, qos, topic]);
        client.send({
          cmd: 'publish',
          topic,
          payload: 'x',
          qos,
          ...(qos > 0 && { messageId: 7 }),
          retain: false,
          dup: false,
        });
        if (qos > 0 && (isAllowed || version === 5)) {
          const answer = (await client.take(qos === 1 ? 'puback' : 'pubrec')) as { reasonCode?: number };
          assert.equal(answer.reasonCode ?? 0, isAllowed ? 0 : 0x87, what);
        }
        // An acknowledgement would be a lie, and there is no other answer.
        if (!isAllowed && qos > 0 && version < 5) await client.ended();
        else await client.ping();
        assert.equal(site.records.length - records, isAllowed ? 1 : 0, what);
        await client.drop();
      }
    }
  }
  const { about, who, times } = auth.audit.newest(1)[0]!;
  assert.deepEqual([who, typeof about, times >= 1], ['p', 'string', true]);
});

test('subscribe: granted when a scope covers the whole filter', async (t) => {
  const { auth, connect } = await broker(t, '192.168.1.5');
  const { token } = await auth.changes.addProgram('p', ['subscribe:line/#', 'read:device/a*'], undefined, by);
  const { token: reader } = await auth.changes.addProgram('r', ['read'], undefined, by);
  const rows: [filter: string, asP: boolean, asReader: boolean][] = [
    ['line/#', true, true],
    ['line/+/temp', true, true],
    ['line', true, true],
    ['#', false, true],
    ['+/temp', false, true],
    ['other', false, true],
    ['headgate/devices/a1/measurements', true, true],
    ['headgate/devices/b/measurements', false, true],
    ['headgate/devices/+/measurements', false, true],
    ['$SYS/#', false, false],
  ];
  for (const version of versions) {
    const [p, r] = [
      await connect('p', version, { username: 'x', password: token! }),
      await connect('r', version, { username: 'x', password: reader! }),
    ];
    for (const [filter, ...allowed] of rows) {
      for (const [i, client] of [p, r].entries()) {
        client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: filter, qos: 1 }] });
        const { granted } = (await client.take('suback')) as unknown as { granted: (number | { qos: number })[] };
        const [code] = granted.map((one) => (typeof one === 'number' ? one : one.qos));
        assert.equal(code, allowed[i] ? 1 : version === 5 ? 0x87 : 0x80, JSON.stringify([version, filter, i]));
      }
    }
    await Promise.all([p.drop(), r.drop()]);
  }
});

test("a session that was somebody else's gives away nothing", async (t) => {
  const { auth, connect } = await broker(t, '192.168.1.5');
  const admin = { username: 'eve', password };
  await auth.changes.addPerson('eve', password, ['admin'], by);
  const { token } = await auth.changes.addProgram('p', ['subscribe:open/#'], undefined, by);
  const other = { username: 'x', password: token! };
  const owner = await connect('shared', 4, admin, { clean: false });
  owner.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: '#', qos: 1 }] });
  await owner.take('suback');
  // Nor can it be taken away from whoever is connected.
  const thief = await connect('shared', 5, other, { clean: false });
  assert.equal((thief.connack as { reasonCode?: number }).reasonCode, 0x85);
  await thief.ended();
  await owner.ping();
  await owner.drop();
  const sender = await connect('sender', 4, admin);
  const send = (topic: string, messageId: number) =>
    sender.send({ cmd: 'publish', topic, payload: 'x', qos: 1, messageId, retain: false, dup: false });
  send('secret/a', 1);
  send('open/a', 2);
  await sender.takeMany('puback', 2);
  const heir = await connect('shared', 4, other, { clean: false });
  const queued = await heir.take('publish');
  assert.equal(queued.topic, 'open/a');
  heir.send({ cmd: 'puback', messageId: queued.messageId! });
  // What its owner had subscribed to is asked for anew, and not allowed now.
  heir.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'open/#', qos: 1 }] });
  await heir.take('suback');
  send('secret/b', 3);
  send('open/b', 4);
  await sender.takeMany('puback', 2);
  assert.equal((await heir.take('publish')).topic, 'open/b');
  await Promise.all([heir.drop(), sender.drop()]);
});

test('a will is held to what its client may publish', async (t) => {
  const { auth, connect, site } = await broker(t, '192.168.1.5');
  const { token } = await auth.changes.addProgram('p', ['publish:line/#'], undefined, by);
  const given = { username: 'x', password: token! };
  const will = (topic: string) => ({ will: { topic, payload: Buffer.from('gone'), qos: 1, retain: false } });
  const refused = await connect('w', 5, given, will('other/will'));
  assert.equal((refused.connack as { reasonCode?: number }).reasonCode, 0x87);
  await refused.ended();
  await (await connect('w', 5, given, will('line/will'))).drop();
  await eventually('the will', () => site.records.length === 1);
  assert.equal(site.records[0]?.topic, 'line/will');
});

test('whoever is revoked is cut off, also when they read nothing', async (t) => {
  const { auth, connect, site } = await broker(t, '192.168.1.5');
  const device = await auth.changes.addDevice({ device: 'plug' }, by);
  const given = { username: 'plug', password: device.password! };
  const [five, four, frozen] = [
    await connect('5', 5, given),
    await connect('4', 4, given),
    await connect('f', 4, given),
  ];
  frozen.socket.pause();
  await auth.changes.remove(device.account.id, by);
  assert.equal((await five.take('disconnect')).reasonCode, 0x87);
  await Promise.all([five.ended(), four.ended()]);
  await eventually('the frozen one', () => site.source.status().connections === 0);
  await frozen.drop();
  assert.equal(site.source.status().refused.revoked, 3);
  await (await connect('5', 5, given)).ended();
});

test('mosquitto_pub and mosquitto_sub are let in and refused as themselves', async (t) => {
  const { auth, port, site } = await broker(t, '192.168.1.5');
  const device = await auth.changes.addDevice({ device: 'tasmota:plug' }, by);
  const { token } = await auth.changes.addProgram('panel', ['read'], undefined, by);
  const login = ['-u', 'tasmota:plug', '-P', device.password!];
  const sub = await MosquittoSub.start(t, port, ['-V', '5', '-u', 'panel', '-P', token!, '-t', '#']);
  await mosquittoPub(port, [...login, '-q', '1', '-t', 'tele/plug/SENSOR', '-m', '{"t":1}']);
  await eventually('the message', () => sub.lines.length === 1);
  assert.equal(site.records.length, 1);
  const refused = async (...args: string[]) =>
    (await runProgram('mosquitto_pub', ['-h', '127.0.0.1', '-p', `${port}`, '-q', '1', '-m', 'x', ...args])).stderr;
  assert.match(await refused('-V', '5', '-t', 'a'), /not authori[sz]ed/i);
  assert.match(await refused('-V', '5', '-t', 'a', '-u', 'tasmota:plug', '-P', 'x'), /bad user name or password/i);
  assert.match(
    await refused('-V', '311', '-t', 'a', '-u', 'tasmota:plug', '-P', 'x'),
    /not authori[sz]ed|bad user name/i,
  );
  assert.match(await refused('-V', '5', ...login, '-t', 'tele/other/SENSOR'), /not authori[sz]ed/i);
  assert.equal(site.records.length, 1);
});
