import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { main } from '../../src/cli/main.ts';
import { startGateway, statusOf } from '../support/gateway.ts';
import type { HeadgateProcess } from '../support/headgate-process.ts';
import { RawMqtt } from '../support/raw-mqtt.ts';
import { tempDir } from '../support/temp-dir.ts';

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

async function deviceOf(gateway: HeadgateProcess, id: string): Promise<Device> {
  const answer = await fetch(`${urlOf(gateway)}/api/v1/devices/${encodeURIComponent(id)}`);
  assert.equal(answer.status, 200);
  return (await answer.json()) as Device;
}

test('a device keeps its id, name and first seen through a stop and a kill, and is one device', async (t) => {
  const dataDir = join(tempDir(t), 'data');
  const set = { 'decode.deviceTopics': '["site/{device}/#"]' };
  let gateway = await startGateway(t, { dataDir, set });
  const publish = async (topic: string, text: string) => {
    const client = await RawMqtt.connect(gateway.port('mqtt'), 'd');
    client.send({
      cmd: 'publish',
      topic,
      payload: text,
      qos: 1,
      messageId: 1,
      dup: false,
      retain: false,
    });
    await client.take('puback');
    await client.drop();
  };
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
