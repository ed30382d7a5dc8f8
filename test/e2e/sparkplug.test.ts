import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { IPublishPacket } from 'mqtt-packet';
import { readPayload } from '../../src/profiles/codecs/sparkplug/payload.ts';
import { dataByAlias, nodeBirth } from '../profiles/codecs/sparkplug-payloads.ts';
import { SinkFile } from '../support/collector.ts';
import { startGateway } from '../support/gateway.ts';
import { RawMqtt } from '../support/raw-mqtt.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

test('an edge node that was born before the gateway is asked for its birth, and its values have names from then on', async (t) => {
  const dir = tempDir(t);
  const sink = new SinkFile(join(dir, 'records.ndjson'));
  const gateway = await startGateway(t, { dataDir: join(dir, 'data'), sink: `file:${sink.path}` });
  const node = await RawMqtt.connect(gateway.port('mqtt'), 'edge1');
  node.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'spBv1.0/Group1/NCMD/Edge1', qos: 0 }] });
  await node.take('suback');
  const publish = (type: string, payload: Uint8Array) =>
    node.send({
      cmd: 'publish',
      topic: `spBv1.0/Group1/${type}/Edge1`,
      payload: Buffer.from(payload),
      qos: 0,
      dup: false,
      retain: false,
    });

  publish('NDATA', dataByAlias);
  const command = (await node.take('publish')) as IPublishPacket;
  assert.equal(command.topic, 'spBv1.0/Group1/NCMD/Edge1');
  const [metric] = readPayload(command.payload as Buffer).metrics;
  assert.deepEqual([metric?.name, metric?.value], ['Node Control/Rebirth', true]);

  publish('NBIRTH', nodeBirth);
  publish('NDATA', dataByAlias);
  const records = await eventually('three records', () => {
    const own = sink.look().filter(({ topic }) => topic?.startsWith('spBv1.0/'));
    return own.length === 3 && own;
  });
  assert.deepEqual(
    records.map(({ topic, deviceId, fields = [], payload, time }) => [
      topic.split('/')[2],
      deviceId,
      fields.map(({ name }) => name).join(', '),
      payload === undefined ? 'decoded' : 'kept',
      ...(fields.length > 0 ? [time] : []),
    ]),
    [
      ['NDATA', 'sparkplug:Group1/Edge1', '', 'kept'],
      [
        'NBIRTH',
        'sparkplug:Group1/Edge1',
        'bdSeq, Node Control/Rebirth, Temperature',
        'decoded',
        '2025-06-25T12:47:23.474Z',
      ],
      ['NDATA', 'sparkplug:Group1/Edge1', 'Temperature', 'decoded', '2025-06-25T12:47:23.474Z'],
    ],
  );
});
