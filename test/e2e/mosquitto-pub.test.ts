import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type FieldLine, type RecordLine, SinkFile } from '../support/collector.ts';
import { startGateway } from '../support/gateway.ts';
import { mosquittoPub } from '../support/mosquitto.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

/** A gateway, and a look at what has arrived of one topic. */
async function site(t: TestContext) {
  const dir = tempDir(t);
  const sink = new SinkFile(join(dir, 'records.ndjson'));
  const gateway = await startGateway(t, { dataDir: join(dir, 'data'), sink: `file:${sink.path}` });
  const arrived = (topic: string, count = 1): Promise<readonly RecordLine[]> =>
    eventually(`${count} records of ${topic}`, () => {
      const records = sink.look().filter((record) => record.topic === topic);
      return records.length >= count && records;
    });
  return { gateway, port: gateway.port('mqtt'), arrived, sink };
}

/** Published as the name says, and the fields that its record must have, or its raw payload. */
const payloads: readonly [string, string | Buffer, { fields?: FieldLine[]; isRaw?: boolean }][] = [
  [
    'a Tasmota telemetry message',
    '{"Time":"2017-02-16T10:13:52", "DS18B20":{"Temperature":20.6}}',
    {
      fields: [
        { name: 'Time', text: '2017-02-16T10:13:52' },
        { name: 'DS18B20.Temperature', number: 20.6 },
      ],
    },
  ],
  ['a bare number', '-12.5', { fields: [{ name: 'value', number: -12.5 }] }],
  ['a bare boolean', 'true', { fields: [{ name: 'value', boolean: true }] }],
  [
    'values of every kind',
    '{"a":{"b":[1,{"c":"ü"}]},"on":false,"tiny":5e-324,"big":9007199254740993,"zero":0}',
    {
      fields: [
        { name: 'a.b.0', number: 1 },
        { name: 'a.b.1.c', text: 'ü' },
        { name: 'on', boolean: false },
        { name: 'tiny', number: 5e-324 },
        { name: 'big', integer: '9007199254740993' },
        { name: 'zero', number: 0 },
      ],
    },
  ],
  ['a null beside a value', '{"t":1,"u":null}', { fields: [{ name: 't', number: 1 }], isRaw: true }],
  [
    'names that every object has',
    '{"constructor":1,"toString":2}',
    {
      fields: [
        { name: 'constructor', number: 1 },
        { name: 'toString', number: 2 },
      ],
    },
  ],
  ['text', 'ON', { isRaw: true }],
  ['JSON that breaks off', '{"t":1', { isRaw: true }],
  ['an empty object', '{}', { isRaw: true }],
  ['a byte of each value', Buffer.from(Array.from({ length: 256 }, (_, i) => i)), { isRaw: true }],
  ['nothing', '', { isRaw: true }],
  [
    'a JSON object with a byte that is not UTF-8',
    Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
    { isRaw: true },
  ],
  ['JSON nested a thousand deep', `${'{"a":'.repeat(1000)}1${'}'.repeat(1000)}`, { isRaw: true }],
];

test('mosquitto_pub: what is published becomes one record with exactly these fields', async (t) => {
  const { port, arrived, sink } = await site(t);
  for (const [index, [name, payload, expected]] of payloads.entries()) {
    await t.test(name, async () => {
      const topic = `payload/${index}`;
      const bytes = Buffer.from(payload);
      const before = Date.now();
      // -s sends all of stdin as one message; -n an empty one.
      await mosquittoPub(port, ['-t', topic, '-q', '1', bytes.length === 0 ? '-n' : '-s'], bytes);
      const [record] = await arrived(topic);
      assert.deepEqual(record?.fields ?? [], expected.fields ?? []);
      assert.equal(record?.payload, expected.isRaw ? bytes.toString('base64') : undefined);
      assert.deepEqual([record?.deviceId, record?.source, record?.priority], [topic, 'mqtt', 'PRIORITY_NORMAL']);
      const receivedAt = Date.parse(record?.receivedAt ?? '');
      assert.ok(receivedAt >= before - 1 && receivedAt <= Date.now() + 1, record?.receivedAt);
    });
  }
  assert.equal(sink.look().length, payloads.length);
});

test('mosquitto_pub: each version and QoS is taken in once', async (t) => {
  const { port, arrived, sink } = await site(t);
  const ways = ['mqttv31', 'mqttv311', 'mqttv5'].flatMap((version) =>
    ['0', '1', '2'].map((qos) => [version, qos] as const),
  );
  await Promise.all(
    ways.map(([version, qos]) =>
      mosquittoPub(port, ['-V', version, '-q', qos, '-t', `v/${version}/${qos}`, '-m', '7']),
    ),
  );
  for (const [version, qos] of ways) {
    const [record] = await arrived(`v/${version}/${qos}`);
    assert.deepEqual(record?.fields, [{ name: 'value', number: 7 }]);
    assert.equal(record?.priority, qos === '0' ? 'PRIORITY_BULK' : 'PRIORITY_NORMAL');
  }
  assert.equal(sink.look().length, ways.length);
});

test('mosquitto_pub: a retained message is a record like any other', async (t) => {
  const { port, arrived } = await site(t);
  await mosquittoPub(port, ['-t', 'kept', '-q', '1', '-r', '-m', '{"a":1}']);
  assert.deepEqual((await arrived('kept'))[0]?.fields, [{ name: 'a', number: 1 }]);
});

test('mosquitto_pub: a hundred lines of one connection keep their order', async (t) => {
  const { port, arrived } = await site(t);
  const lines = Array.from({ length: 100 }, (_, index) => `${index}`);
  await mosquittoPub(port, ['-t', 'lines', '-q', '1', '-l'], Buffer.from(`${lines.join('\n')}\n`));
  const records = await arrived('lines', 100);
  assert.deepEqual(
    records.map((record) => `${record.fields?.[0]?.number}`),
    lines,
  );
});

test('mosquitto_pub: the will of one that is killed is a record', async (t) => {
  const { port, arrived } = await site(t);
  const will = ['--will-topic', 'gone', '--will-payload', '{"state":"lost"}', '--will-qos', '1'];
  // Reads lines from a stdin that never ends, so it stays connected.
  const child = spawn('mosquitto_pub', ['-h', '127.0.0.1', '-p', `${port}`, '-t', 'alive', '-q', '1', '-l', ...will]);
  t.after(() => child.kill('SIGKILL'));
  child.stdin.write('1\n');
  await arrived('alive');
  child.kill('SIGKILL');
  const [record] = await arrived('gone');
  assert.deepEqual(record?.fields, [{ name: 'state', text: 'lost' }]);
});
