import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { main } from '../../src/cli/main.ts';
import { SinkFile } from '../support/collector.ts';
import { startGateway, statusOf } from '../support/gateway.ts';
import type { HeadgateProcess } from '../support/headgate-process.ts';
import { RawMqtt } from '../support/raw-mqtt.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

interface Device {
  readonly id: string;
  readonly name: string;
  readonly presence: string;
  readonly firstSeen: { readonly at: string };
  readonly messages: number;
}

async function headgate(...args: readonly string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = { out: (text: string) => out.push(text), err: (text: string) => err.push(text), environment: {} };
  const code = await main(args, terminal);
  return { code, out: out.join('\n'), err: err.join('\n') };
}

const urlOf = (gateway: HeadgateProcess) => `http://127.0.0.1:${gateway.port('http')}`;

/** Publishes with QoS 1 and leaves when it is acknowledged. */
async function publishTo(gateway: HeadgateProcess, topic: string, payload: string): Promise<void> {
  const client = await RawMqtt.connect(gateway.port('mqtt'), 'd');
  client.send({ cmd: 'publish', topic, payload, qos: 1, messageId: 1, dup: false, retain: false });
  await client.take('puback');
  await client.drop();
}

/** Whether a text is in the shelf's file, or in its write-ahead log. */
function isOnShelf(dataDir: string, text: string): boolean {
  return ['shelf.db', 'shelf.db-wal'].some((name) => {
    const path = join(dataDir, 'buffer', name);
    return existsSync(path) && readFileSync(path).includes(text);
  });
}

async function deviceOf(gateway: HeadgateProcess, id: string): Promise<Device> {
  const answer = await fetch(`${urlOf(gateway)}/api/v1/devices/${encodeURIComponent(id)}`);
  assert.equal(answer.status, 200);
  return (await answer.json()) as Device;
}

test('a device keeps its id, name and first seen through a stop and a kill, and is one device', async (t) => {
  const dataDir = join(tempDir(t), 'data');
  const set = { 'decode.deviceTopics': '["site/{device}/#"]' };
  let gateway = await startGateway(t, { dataDir, set });
  const publish = (topic: string, payload: string) => publishTo(gateway, topic, payload);
  await publish('site/pump 1/state', '{"pressure":2.5,"serial":9007199254740993}');
  await publish('other', '1');
  const first = await deviceOf(gateway, 'pump 1');
  assert.deepEqual([first.presence, first.messages], ['online', 1]);
  const named = await headgate('devices', 'pump 1', '--name', 'Pump, north', '--url', urlOf(gateway));
  assert.match(named.out, /^Name\s+Pump, north$/m, named.err);
  assert.match(named.out, /^serial\s+9007199254740993\s/m, 'digit by digit');

  await gateway.stop();
  gateway = await startGateway(t, { dataDir, set });
  const second = await deviceOf(gateway, 'pump 1');
  assert.deepEqual(second.firstSeen, first.firstSeen);
  assert.deepEqual([second.name, second.presence, second.messages], ['Pump, north', 'unknown', 1]);
  await publish('site/pump 1/state', '{"pressure":2.5}');
  assert.equal((await deviceOf(gateway, 'pump 1')).presence, 'online');

  await gateway.kill();
  gateway = await startGateway(t, { dataDir, set });
  await publish('site/pump 1/other', '{"pressure":2.5}');
  const third = await deviceOf(gateway, 'pump 1');
  assert.deepEqual([third.firstSeen, third.name], [first.firstSeen, 'Pump, north']);
  const list = await headgate('devices', '--url', urlOf(gateway), '--json');
  const ids = JSON.parse(list.out).devices.map(({ id }: Device) => id);
  assert.deepEqual(ids, ['other', 'pump 1']);
  const { devices } = (await statusOf(gateway)) as unknown as { devices: Readonly<Record<string, number>> };
  assert.deepEqual([devices.total, devices.online, devices.unknown], [2, 1, 1]);
  const metrics = await (await fetch(`${urlOf(gateway)}/metrics`)).text();
  assert.match(metrics, /^headgate_devices\{presence="online"\} 1$/m);

  const forgotten = await headgate('devices', 'other', '--forget', '--url', urlOf(gateway));
  assert.equal(forgotten.code, 0, forgotten.err);
  await gateway.kill();
  gateway = await startGateway(t, { dataDir, set });
  const gone = await headgate('devices', 'other', '--url', urlOf(gateway));
  assert.deepEqual([gone.code, gone.out], [1, '']);
  assert.match(gone.err, /There is no device `other`/);
});

test('a device is offline when its will says so', async (t) => {
  const gateway = await startGateway(t, { dataDir: join(tempDir(t), 'data') });
  const will = { topic: 'tele/plug/LWT', payload: Buffer.from('Offline'), qos: 1, retain: true } as const;
  const plug = await RawMqtt.connect(gateway.port('mqtt'), 'plug', 4, { will });
  const said = { cmd: 'publish', qos: 1, dup: false } as const;
  plug.send({ ...said, topic: 'tele/plug/LWT', payload: 'Online', messageId: 1, retain: true });
  const sensor = '{"Time":"2026-06-01T10:00:00","ENERGY":{"Power":12}}';
  plug.send({ ...said, topic: 'tele/plug/SENSOR', payload: sensor, messageId: 2, retain: false });
  await plug.takeMany('puback', 2);
  const id = 'tasmota:plug';
  const { presence, profile } = (await deviceOf(gateway, id)) as Device & {
    readonly profile: { readonly name: string };
  };
  assert.deepEqual([presence, profile.name], ['online', 'tasmota/tasmota']);
  await plug.drop();
  await eventually('its will', async () => (await deviceOf(gateway, id)).presence === 'offline');
});

test('what a device told of itself once is known after a kill', async (t) => {
  const dataDir = join(tempDir(t), 'data');
  let gateway = await startGateway(t, { dataDir });
  const config = {
    name: 'Temp',
    uniq_id: 'u1',
    stat_t: 'odd/place',
    unit_of_meas: '°C',
    dev: { ids: ['dev1'], name: 'Attic' },
  };
  await publishTo(gateway, 'homeassistant/sensor/dev1/temp/config', JSON.stringify(config));
  await publishTo(gateway, 'odd/place', '21.5');
  const seen = async () => {
    const list = await headgate('devices', '--text', 'Attic', '--url', urlOf(gateway), '--json');
    const devices = JSON.parse(list.out).devices as Device[];
    assert.equal(devices.length, 1, list.out);
    return (await deviceOf(gateway, devices[0]!.id)) as Device & {
      readonly fields: readonly Record<string, unknown>[];
    };
  };
  const before = await seen();
  const valuesOf = (device: Awaited<ReturnType<typeof seen>>) =>
    device.fields.map(({ name, value, unitSymbol }) => [name, value, unitSymbol]);
  assert.deepEqual(
    valuesOf(before).map(([, value, unit]) => [value, unit]),
    [[21.5, '°C']],
  );
  // Without a receipt of its own, what was learnt is durable within a second or so.
  await eventually('the lesson on disk', () => isOnShelf(dataDir, 'unit_of_meas'));
  await gateway.kill();
  gateway = await startGateway(t, { dataDir });
  await publishTo(gateway, 'odd/place', '22');
  const after = await seen();
  assert.equal(after.id, before.id);
  assert.deepEqual(
    valuesOf(after),
    valuesOf(before).map(([name, , unit]) => [name, 22, unit]),
  );
});

test('the collector is told who fell silent, after as long as its profile says', async (t) => {
  const directory = tempDir(t);
  mkdirSync(join(directory, 'devices', 'acme'), { recursive: true });
  writeFileSync(join(directory, 'devices', 'acme', 'beat.yaml'), beat);
  const sink = join(directory, 'records.jsonl');
  const set = { 'decode.profileDirs': JSON.stringify([join(directory, 'devices')]) };
  const gateway = await startGateway(t, { dataDir: join(directory, 'data'), sink: `file:${sink}`, set });
  await publishTo(gateway, 'acme/7/beat', '{"beat":1}');
  const file = new SinkFile(sink);
  const report = await eventually(
    'the report',
    () => file.look().find(({ topic }) => topic === 'headgate/presence') ?? false,
    { timeoutMs: 10_000 },
  );
  const { devices } = JSON.parse(Buffer.from(report.payload ?? '', 'base64').toString());
  assert.deepEqual([report.deviceId, devices.length], ['headgate', 1]);
  const { device, presence, since, silentSeconds } = devices[0];
  assert.deepEqual([device, presence], ['acme:7', 'offline']);
  assert.ok(silentSeconds >= 1 && silentSeconds < 60, `${silentSeconds} s`);
  assert.ok(Math.abs(Date.parse(since) - Date.parse(report.receivedAt)) < 5_000, since);
});

const beat = `
name: Beat
version: 1
silence: 1s
messages:
  - match: { topic: "acme/{device}/beat", keys: beat, confidence: 0.95, reason: it beats }
examples:
  - source: made up
    topic: acme/7/beat
    payload: '{"beat":1}'
    gives: { beat: 1 }
    device: acme:7
`;
