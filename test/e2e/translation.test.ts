import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { SinkFile } from '../support/collector.ts';
import { startGateway } from '../support/gateway.ts';
import { GrpcClient } from '../support/grpc-client.ts';
import { readersOf, type Seen, writersOf } from '../support/protocols.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

const payloads: readonly { readonly name: string; readonly payload: Buffer; readonly fields: readonly string[] }[] = [
  {
    name: 'json',
    payload: Buffer.from(
      '{"temperature":21.5,"on":true,"text":"Küche \\"2\\"","serial":9007199254740993,"deep":{"n":-0.25}}',
    ),
    fields: ['temperature=21.5', 'on=true', 'text="Küche \\"2\\""', 'serial=9007199254740993', 'deep.n=-0.25'],
  },
  { name: 'number', payload: Buffer.from('-17.25'), fields: ['value=-17.25'] },
  { name: 'words', payload: Buffer.from('no values in here, ÿ'), fields: [] },
  { name: 'bytes', payload: Buffer.from([0, 1, 254, 255, 10, 13]), fields: [] },
];

test('what is published by one protocol is read by every other, with the same content', {
  timeout: 120_000,
}, async (t) => {
  const dir = tempDir(t);
  const sink = new SinkFile(join(dir, 'records.ndjson'));
  const gateway = await startGateway(t, { dataDir: join(dir, 'data'), sink: `file:${sink.path}` });
  const grpc = new GrpcClient(t, `127.0.0.1:${gateway.port('grpc')}`);
  const readers = await readersOf(t, gateway, grpc, 'plant/#');
  const expected = [];
  for (const writer of writersOf(gateway, grpc)) {
    for (const { name, payload, fields } of payloads) {
      const topic = `plant/${writer.name}/${name}`;
      await writer.publish(topic, payload);
      expected.push({ topic, source: writer.name, fields, payload: payload.toString('base64') });
    }
  }
  await eventually('all records', () => sink.look().length === expected.length);
  const sequences = new Map(sink.look().map(({ topic, sequence }) => [topic, sequence]));
  for (const reader of readers) {
    const isMqtt = reader.name === 'mqtt';
    const wanted: readonly Seen[] = expected
      .filter(({ fields }) => !isMqtt || fields.length > 0)
      .map(({ topic, source, fields, payload }) => ({
        ...{ deviceId: topic, topic, source, fields, sequence: sequences.get(topic)! },
        kind: fields.length > 0 ? 'measurement' : 'raw',
        ...(fields.length === 0 && { payload }),
      }));
    await eventually(`what ${reader.name} reads`, () => reader.seen().length >= wanted.length);
    assert.deepEqual(reader.seen(), wanted, reader.name);
  }
});
