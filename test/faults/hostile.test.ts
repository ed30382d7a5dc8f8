import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { generate } from 'mqtt-packet';
import { SinkFile } from '../support/collector.ts';
import { residentBytes, startGateway } from '../support/gateway.ts';
import { all, Device } from '../support/mqtt-client.ts';
import { Oracle, settled } from '../support/oracle.ts';
import { rounds, seededRandom } from '../support/random.ts';
import { connectPacket, type MqttVersion, RawMqtt } from '../support/raw-mqtt.ts';
import { tempDir } from '../support/temp-dir.ts';
import { within } from '../support/wait.ts';

const mebibyte = 2 ** 20;
/** An acknowledgement's longest wait under attack, on a machine that does much else. */
const patienceMs = 3_000;

/**
 * A gateway with a device that publishes all the while, one message at a time. `attack` must neither end the process
 * nor be felt by the device, nor leave anything in memory.
 *
 * @returns records of topics other than the device's
 */
async function underAttack(t: TestContext, attack: (port: number) => Promise<void>) {
  const dir = tempDir(t);
  const sink = new SinkFile(join(dir, 'records.ndjson'));
  const gateway = await startGateway(t, { dataDir: join(dir, 'data'), sink: `file:${sink.path}` });
  const port = gateway.port('mqtt');
  const oracle = new Oracle();
  const device = new Device({ oracle, topic: 'good/device', window: 1, paceMs: 5 });
  await device.run(port, 50);
  const before = residentBytes(gateway);
  const work = all([device], 120_000, (one) => one.run(port));
  await attack(port);
  device.stop();
  assert.deepEqual(await work, [true], 'the well-behaved device lost its connection');
  assert.equal(gateway.hasExited, false);
  const slowest = Math.max(...device.latencies);
  const grownMiB = Math.round((residentBytes(gateway) - before) / mebibyte);
  t.diagnostic(`${device.begun} messages, slowest PUBACK ${slowest.toFixed(0)} ms, ${grownMiB} MiB more`);
  assert.ok(slowest < patienceMs, `a PUBACK took ${slowest} ms`);
  // Every connection that is kept costs some 70 KiB, and 2,000 are kept.
  assert.ok(grownMiB < 250, `${grownMiB} MiB more memory`);
  const own = () => sink.look().filter(({ topic }) => topic === device.topic);
  await settled(oracle, own);
  const fatal = gateway.log.filter(({ level }) => level === 'fatal' || level === 'error');
  assert.deepEqual(fatal, []);
  return sink.look().filter(({ topic }) => topic !== device.topic);
}

/** One connection that sends `bytes` and is gone when the gateway has ended it, or after a moment. */
async function throwAt(port: number, bytes: Uint8Array, ms = 30): Promise<void> {
  const client = await RawMqtt.open(port);
  client.sendBytes(bytes);
  // It may be closed or left to wait for more: both are right.
  await within(ms, 'the end', client.closed).catch(() => {});
  await client.drop();
}

test('random bytes', { timeout: 120_000 }, async (t) => {
  const random = seededRandom(t);
  const foreign = await underAttack(t, async (port) => {
    for (let slice = 0; slice < rounds(20, 400); slice++) {
      await Promise.all(Array.from({ length: 20 }, () => throwAt(port, random.bytes(random.between(1, 2_000)))));
    }
  });
  assert.deepEqual(foreign, []);
});

/** Good packets of every kind, to be spoilt. */
function samples(version: MqttVersion, id: string): Buffer[] {
  const v5 = version === 5;
  const will = { topic: 'w', payload: Buffer.from('w'), qos: 1 as const, retain: false };
  const packets = [
    connectPacket(id, version, { will, ...(v5 && { properties: { sessionExpiryInterval: 5, receiveMaximum: 9 } }) }),
    { cmd: 'publish' as const, topic: 'x/y', qos: 1 as const, messageId: 5, payload: 'p', dup: false, retain: true },
    { cmd: 'publish' as const, topic: 'x/y', qos: 2 as const, messageId: 6, payload: 'p', dup: true, retain: false },
    { cmd: 'subscribe' as const, messageId: 7, subscriptions: [{ topic: 'x/#', qos: 2 as const }] },
    { cmd: 'unsubscribe' as const, messageId: 8, unsubscriptions: ['x/#'] },
    { cmd: 'pubrel' as const, messageId: 6 },
    { cmd: 'puback' as const, messageId: 1 },
    { cmd: 'pubrec' as const, messageId: 2 },
    { cmd: 'pingreq' as const },
    { cmd: 'disconnect' as const, reasonCode: 0 },
  ];
  return packets.map((packet) => generate(packet, { protocolVersion: version }));
}

test('truncated and spoilt packets', { timeout: 120_000 }, async (t) => {
  const random = seededRandom(t);
  const spoil = (packet: Buffer): Buffer => {
    const spoilt = Buffer.from(packet.subarray(0, random.next() < 0.3 ? random.between(1, packet.length) : undefined));
    for (let i = random.between(0, 2); i > 0; i--)
      spoilt[random.between(0, spoilt.length - 1)] = random.between(0, 255);
    return spoilt;
  };
  // Some of them are right by chance, so that what they leave behind proves nothing.
  await underAttack(t, async (port) => {
    for (let slice = 0; slice < rounds(30, 1_000); slice++) {
      await Promise.all(
        Array.from({ length: 20 }, async () => {
          const version = ([3, 4, 5] as const)[random.between(0, 2)]!;
          const packets = samples(version, `bad-${random.between(0, 9)}`);
          const chosen = Array.from({ length: 3 }, () => spoil(packets[random.between(0, packets.length - 1)]!));
          await throwAt(port, Buffer.concat([random.next() < 0.9 ? packets[0]! : Buffer.alloc(0), ...chosen]), 15);
        }),
      );
    }
  });
});

test('packets that announce 256 MiB', { timeout: 120_000 }, async (t) => {
  const foreign = await underAttack(t, async (port) => {
    for (const head of [0x10, 0x30, 0x32, 0x82]) {
      for (const isConnected of [false, true]) {
        const clients = await Promise.all(
          Array.from({ length: 25 }, async (_, i) => {
            const client = isConnected ? await RawMqtt.connect(port, `huge-${head}-${i}`) : await RawMqtt.open(port);
            client.sendBytes(Buffer.from([head, 0xff, 0xff, 0xff, 0x7f]));
            client.sendBytes(Buffer.alloc(60_000));
            return client;
          }),
        );
        // Ended at once, not when the memory is full.
        await Promise.all(clients.map((client) => client.ended()));
      }
    }
  });
  assert.deepEqual(foreign, []);
});

const nul = '\0';
const names = ['constructor', '__proto__', 'toString', 'hasOwnProperty'];

test('packets that are well formed and wrong', { timeout: 120_000 }, async (t) => {
  const foreign = await underAttack(t, async (port) => {
    for (const version of [3, 4, 5] as const) {
      const bad = async (bytes: Uint8Array) =>
        throwAt(port, Buffer.concat([generate(connectPacket('bad', version), { protocolVersion: version }), bytes]));
      const properties = version === 5 ? [0] : [];
      for (const topic of ['#', '+', 'a/#', '', `a${nul}`, '$SYS/x', 'a/'.repeat(300), '\ufffd']) {
        const text = Buffer.from(topic === '\ufffd' ? [0xff, 0xfe] : topic);
        const body = Buffer.concat([
          Buffer.from([text.length >> 8, text.length & 255]),
          text,
          Buffer.from([0, 1, ...properties]),
        ]);
        const length = body.length < 128 ? [body.length] : [(body.length & 127) | 128, body.length >> 7];
        await bad(Buffer.concat([Buffer.from([0x32, ...length]), body]));
        // The same as a will, which is published when its client vanishes.
        if (topic !== '' && topic !== '\ufffd') {
          const will = { topic, payload: Buffer.from('w'), qos: 1 as const, retain: true };
          await throwAt(port, generate(connectPacket('bad-will', version, { will }), { protocolVersion: version }));
        }
      }
      // QoS 1 and 2 without a packet id, and with 0.
      for (const head of [0x32, 0x34]) {
        await bad(Buffer.from([head, 3, 0, 1, 0x74]));
        await bad(Buffer.from([head, 5 + properties.length, 0, 1, 0x74, 0, 0, ...properties]));
      }
    }
  });
  assert.deepEqual(foreign, []);
});

test('names that every JavaScript object has', { timeout: 120_000 }, async (t) => {
  const foreign = await underAttack(t, async (port) => {
    for (const version of [4, 5] as const) {
      for (const name of names) {
        const client = await RawMqtt.connect(port, name, version);
        const subscriptions = [{ topic: name, qos: 1 as const }];
        client.send({ cmd: 'unsubscribe', messageId: 1, unsubscriptions: [name] });
        await client.take('unsuback');
        client.send({ cmd: 'subscribe', messageId: 2, subscriptions });
        await client.take('suback');
        const other = await RawMqtt.connect(port, name, version);
        await client.ended();
        other.send({ cmd: 'subscribe', messageId: 2, subscriptions: [...subscriptions, { topic: 'a', qos: 0 }] });
        await within(300, 'the answer', other.take('suback')).catch(() => {});
        await other.drop();
      }
    }
  });
  assert.deepEqual(foreign, []);
});

test('10,000 connections that say nothing', { timeout: 180_000 }, async (t) => {
  await underAttack(t, async (port) => {
    const sockets: Socket[] = [];
    try {
      for (let slice = 0; slice < 20; slice++) {
        await Promise.all(
          Array.from({ length: 500 }, async (_, i) => {
            const socket = connect({ port, host: '127.0.0.1' });
            sockets.push(socket);
            // Being refused or made to go is what they come for.
            socket.on('error', () => {});
            await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
            if (i % 5 === 0) socket.write(Buffer.from([0x10]));
          }),
        );
        // Somebody who means well gets in among them.
        const client = await RawMqtt.connect(port, `late-${slice}`);
        await client.ping();
        await client.drop();
      }
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  });
});
