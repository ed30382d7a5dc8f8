import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { SinkFile } from '../support/collector.ts';
import { startGateway } from '../support/gateway.ts';
import { all, Device } from '../support/mqtt-client.ts';
import { Oracle, settled } from '../support/oracle.ts';
import { rounds, seededRandom } from '../support/random.ts';
import { RawMqtt } from '../support/raw-mqtt.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

const count = rounds(10, 200);

test(`kill -9 of the gateway, ${count} times: devices that send again make no second record, and who was away misses nothing`, {
  timeout: 60_000 + count * 6_000,
}, async (t) => {
  const random = seededRandom(t);
  const dir = tempDir(t);
  const sink = new SinkFile(join(dir, 'records.ndjson'));
  const start = () =>
    startGateway(t, {
      dataDir: join(dir, 'data'),
      sink: `file:${sink.path}`,
      set: { 'mqtt.maxQueuedPerClient': 1_000_000 },
    });
  const oracle = new Oracle();
  const gentle = { oracle, window: 25, paceMs: 10 };
  const devices = [
    new Device({ ...gentle, topic: 'away/one' }),
    new Device({ ...gentle, topic: 'away/five', version: 5 }),
    new Device({ ...gentle, topic: 'away/exact', qos: 2 }),
  ];
  let gateway = await start();
  const sleeper = await RawMqtt.connect(gateway.port('mqtt'), 'sleeper', 4, { clean: false });
  sleeper.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'away/#', qos: 1 }] });
  await sleeper.take('suback');
  await sleeper.drop();
  for (let round = 1; round <= count; round++) {
    const port = gateway.port('mqtt');
    const load = all(devices, 30_000, (device) => device.run(port));
    await delay(random.between(0, 500));
    await gateway.kill();
    await load;
    gateway = await start();
  }
  for (const device of devices) device.stop();
  await all(devices, 20_000, (device) => device.run(gateway.port('mqtt'), 10));
  const { acknowledged, arrived, resent } = await settled(oracle, () => sink.look());
  t.diagnostic(`${count} kills, ${acknowledged} acknowledged, ${arrived} arrived, ${resent} twice`);
  assert.equal(resent, 0);
  // All of it has been acknowledged by now: it is what the sleeper must get.
  const back = await RawMqtt.connect(gateway.port('mqtt'), 'sleeper', 4, { clean: false });
  assert.equal(back.connack.sessionPresent, true);
  const seen = new Set<string>();
  await eventually(
    `${acknowledged} messages`,
    () => {
      for (const packet of back.inbox.splice(0)) {
        if (packet.cmd !== 'publish') continue;
        seen.add(`${packet.topic} ${Buffer.from(packet.payload).toString('base64')}`);
        const messageId = packet.messageId ?? 0;
        back.send(packet.qos === 2 ? { cmd: 'pubrec', messageId } : { cmd: 'puback', messageId });
      }
      return seen.size >= acknowledged;
    },
    { timeoutMs: 30_000 },
  );
});
