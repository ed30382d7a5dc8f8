import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSparkplugCodec } from '../../../src/profiles/codecs/sparkplug/sparkplug.ts';
import { inputOf } from './codec-support.ts';
import { dataByAlias } from './sparkplug-payloads.ts';

const states: readonly (readonly [topic: string, payload: string, presence: string | undefined, claim?: number])[] = [
  ['spBv1.0/STATE/scada 1', '{"online":true,"timestamp":1668114759262}', 'online', 0.95],
  ['spBv1.0/STATE/scada 1', '{"online":false,"timestamp":1668114759262}', 'offline', 0.95],
  ['STATE/scada 1', 'ONLINE', 'online', 0.7],
  ['STATE/scada 1', 'OFFLINE', 'offline', 0.7],
  ['spBv1.0/STATE/scada 1', 'on', undefined],
  ['spBv1.0/STATE/scada 1', '{"online":1}', undefined],
  ['STATE/scada 1', '', undefined],
];

for (const [topic, payload, presence, confidence] of states) {
  test(`the state of a host: ${topic} ${payload}`, () => {
    const codec = createSparkplugCodec();
    const output = codec.decode(inputOf(payload, { topic }));
    assert.equal(output.kind, presence === undefined ? 'failed' : 'availability');
    assert.deepEqual(output.sightings ?? [], presence === undefined ? [] : [{ device: 'STATE/scada 1', presence }]);
    assert.equal(codec.claims?.(topic, Buffer.from(payload))?.confidence, confidence);
  });
}

const topics: readonly (readonly [topic: string, isOurs: boolean])[] = [
  ['spBv1.0/Sparkplug B Devices/NDATA/Raspberry Pi', true],
  ['spBv1.0/G/DDATA/E/D', true],
  ['spBv1.0/G/NDATA/E/D', false],
  ['spBv1.0/G/DDATA/E', false],
  ['spBv1.0/G/NOTHING/E', false],
  ['spBv1.0/G/NDATA/', false],
  ['spBv1.0/G/DDATA/E/D/more', false],
  ['spBv1.0', false],
  ['spAv1.0/G/NDATA/E', false],
  ['a/spBv1.0/G/NDATA/E', false],
];

for (const [topic, isOurs] of topics) {
  test(`the topic ${topic}`, () => {
    const codec = createSparkplugCodec();
    assert.equal(codec.claims?.(topic, dataByAlias)?.confidence, isOurs ? 0.98 : undefined);
    if (!isOurs) assert.match(codec.decode(inputOf(dataByAlias, { topic })).failure ?? '', /^The topic is none of/);
  });
}
