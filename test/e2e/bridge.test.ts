import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { stringify } from 'yaml';
import { readPayload } from '../../src/profiles/codecs/sparkplug/payload.ts';
import { dataByAlias } from '../profiles/codecs/sparkplug-payloads.ts';
import { bridgeDevices } from '../profiles/codecs/vectors/zigbee2mqtt.ts';
import { Broker } from '../support/broker.ts';
import { SinkFile } from '../support/collector.ts';
import { startGateway, statusOf } from '../support/gateway.ts';
import type { HeadgateProcess } from '../support/headgate-process.ts';
import { MosquittoSub, mosquittoPub } from '../support/mosquitto.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

/** A gateway with a bridge to a broker; `start` starts it, again after a kill. */
async function site(t: TestContext, bridge: object = {}) {
  const dir = tempDir(t);
  const broker = await Broker.start(t);
  const sink = new SinkFile(join(dir, 'records.ndjson'));
  const config = join(dir, 'headgate.yaml');
  const bridges = [
    { name: 'plant', url: `mqtt://127.0.0.1:${broker.port}`, topics: [{ filter: '#', qos: 2 }], ...bridge },
  ];
  writeFileSync(config, stringify({ bridges }));
  const start = (): Promise<HeadgateProcess> =>
    startGateway(t, { dataDir: join(dir, 'data'), sink: `file:${sink.path}`, env: { HEADGATE_CONFIG: config } });
  return { broker, sink, start };
}

/** What the tests read of a bridge's status. */
interface Bridge {
  readonly state: string;
  readonly received: number;
  readonly duplicates: number;
}

async function bridgeOf(gateway: HeadgateProcess): Promise<Bridge> {
  const { bridges } = (await statusOf(gateway)) as unknown as { readonly bridges: readonly Bridge[] };
  return bridges[0]!;
}

const subscribed = (gateway: HeadgateProcess) =>
  eventually('the bridge to be subscribed', async () => (await bridgeOf(gateway)).state === 'subscribed');

test('a gateway that is killed again and again has every message of its broker once', async (t) => {
  const { broker, sink, start } = await site(t);
  let gateway = await start();
  await subscribed(gateway);
  const values: string[] = [];
  const publishing: Promise<void>[] = [];
  for (let kill = 0; kill < 3; kill++) {
    const round = Array.from({ length: 600 }, (_, index) => `${kill * 1_000 + index}`);
    values.push(...round);
    for (const qos of [1, 2])
      publishing.push(
        mosquittoPub(broker.port, ['-t', `kiln/${qos}`, '-q', `${qos}`, '-l'], Buffer.from(`${round.join('\n')}\n`)),
      );
    // New ones, not what comes again with the connection: the kill strikes while they come.
    const some = async (): Promise<boolean> => {
      const { received, duplicates } = await bridgeOf(gateway);
      return received - duplicates > 100;
    };
    await eventually('some messages', some, { everyMs: 1 });
    await gateway.kill();
    gateway = await start();
  }
  await Promise.all(publishing);
  const count = 2 * values.length;
  const arrived = await eventually(
    'all of them',
    () => {
      const records = sink.look().filter(({ topic }) => topic?.startsWith('kiln/'));
      return records.length >= count && records;
    },
    { timeoutMs: 20_000 },
  );
  const said = arrived.map(({ topic, fields = [] }) => `${topic} ${fields[0]?.number ?? 0}`);
  assert.deepEqual(said.toSorted(), [1, 2].flatMap((qos) => values.map((value) => `kiln/${qos} ${value}`)).toSorted());
  assert.ok(arrived.every(({ source }) => source === 'bridge:plant'));
});

test('what a decoder asks of a device heard over a bridge goes back over it', async (t) => {
  const { broker, start } = await site(t);
  const gateway = await start();
  await subscribed(gateway);
  const node = await MosquittoSub.start(t, broker.port, ['-t', 'spBv1.0/Group1/NCMD/Edge1', '-F', '=%t %X']);
  await mosquittoPub(broker.port, ['-t', 'spBv1.0/Group1/NDATA/Edge1', '-s'], dataByAlias);
  const [request] = await eventually('a request', () => node.lines.length > 0 && node.lines);
  const [topic, payload = ''] = request!.split(' ');
  assert.equal(topic, 'spBv1.0/Group1/NCMD/Edge1');
  const [metric] = readPayload(Buffer.from(payload, 'hex')).metrics;
  assert.deepEqual([metric?.name, metric?.value], ['Node Control/Rebirth', true]);
  // It is subscribed to `#`, and what it asked itself is nothing that came in.
  await mosquittoPub(broker.port, ['-t', 'last', '-q', '1', '-m', '1']);
  await eventually('the last message', async () => (await bridgeOf(gateway)).received >= 2);
  assert.equal((await bridgeOf(gateway)).received, 2);
});

test('the devices of a Zigbee2MQTT are known by what it has told its broker before', async (t) => {
  const { broker, sink, start } = await site(t);
  const lamp = 'zigbee2mqtt/plugs/desk lamp';
  const say = (topic: string, payload: string | Buffer, ...more: string[]) =>
    mosquittoPub(broker.port, ['-t', topic, '-q', '1', '-s', ...more], Buffer.from(payload));
  await say('zigbee2mqtt/bridge/state', '{"state":"online"}', '-r');
  await say('zigbee2mqtt/bridge/devices', JSON.stringify(bridgeDevices), '-r');
  await say(lamp, '{"state":"ON","power":12.5,"voltage":229}', '-r');
  const gateway = await start();
  await subscribed(gateway);
  const recordsOf = () => sink.look().filter(({ topic }) => topic === lamp);
  await eventually('what was retained', () => recordsOf().length === 1);
  const device = async () => {
    const url = `http://127.0.0.1:${gateway.port('http')}/api/v1/devices/${encodeURIComponent('zigbee2mqtt:plugs/desk lamp')}`;
    return (await (await fetch(url)).json()) as { profile: { name: string }; presence: string; lastSeen: unknown };
  };
  const { profile, presence, lastSeen } = await device();
  assert.deepEqual([profile.name, presence, lastSeen], ['zigbee2mqtt/zigbee2mqtt', 'unknown', null]);
  await say(lamp, '{"state":"OFF","power":0,"voltage":230}');
  await eventually('what is said now', () => recordsOf().length === 2);
  assert.equal((await device()).presence, 'online');
  const [before, now] = recordsOf();
  assert.deepEqual([before?.retained, now?.retained], [true, undefined]);
  assert.deepEqual(
    now?.fields?.find(({ name }) => name === 'voltage'),
    { name: 'voltage', unit: 'V', number: 230 },
  );
});
