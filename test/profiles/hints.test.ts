import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Adoptions } from '../../src/profiles/adoptions.ts';
import { ProfileDecoder } from '../../src/profiles/decoder.ts';
import { compileProfile } from '../../src/profiles/language/compile.ts';
import type { MessageOptions } from '../../src/profiles/language/options.ts';

const options = { deviceTopics: [], maxDepth: 8, maxFields: 200, maxBytes: 1_048_576 };
const at = Date.UTC(2026, 10, 25);
const discovery = compileProfile('home-assistant/discovery', {
  name: 'HA',
  version: 1,
  messages: [
    { match: { topic: ['homeassistant/{component}/{object}/config'], confidence: 0.99 }, codec: 'home-assistant' },
    { codec: 'home-assistant' },
  ],
});

function decoderWith(message: MessageOptions) {
  const table = compileProfile('x/table', { name: 'Table', version: 1, messages: [message] });
  const decoder = new ProfileDecoder({ options, profiles: [discovery, table] });
  const give = (topic: string, payload: string) =>
    decoder.decode({ source: 'mqtt', topic, payload: Buffer.from(payload) }, at);
  const announce = (id: string, config: object) =>
    give(`homeassistant/sensor/${id}/config`, JSON.stringify({ name: id, unique_id: id, ...config }));
  const fieldsOf = (topic: string, payload: string) => {
    const decoded = give(topic, payload);
    assert.equal(decoded.profile?.name, 'x/table');
    return decoded.measurements[0].fields;
  };
  return { announce, fieldsOf };
}

test("a value's unit is learnt from Home Assistant's discovery, as soon as it comes", () => {
  const { announce, fieldsOf } = decoderWith({
    match: { topic: ['{device}/sensor/{object}/state'], confidence: 0.95 },
    decode: 'value',
    as: '{object}',
  });
  const topic = 'node/sensor/uptime/state';
  assert.deepEqual(fieldsOf(topic, '465'), [{ name: 'uptime', value: 465 }]);
  announce('Uptime', { state_topic: topic, unit_of_measurement: 's' });
  assert.deepEqual(fieldsOf(topic, '466'), [{ name: 'uptime', value: 466, unit: 's' }]);
  announce('Other', { state_topic: 'node/sensor/other/state', unit_of_measurement: 'W' });
  assert.deepEqual(fieldsOf(topic, '467'), [{ name: 'uptime', value: 467, unit: 's' }]);
});

test('it is found by its path, and what the profile says itself holds', () => {
  const { announce, fieldsOf } = decoderWith({
    match: { topic: ['{device}/state'], confidence: 0.95 },
    fields: [{ path: 'own', unit: 'Cel' }],
  });
  const state = (path: string) => ({ state_topic: 'a/state', value_template: `{{ value_json.${path} }}` });
  announce('T', { ...state('bme.t'), unit_of_measurement: '°C' });
  announce('Own', { ...state('own'), unit_of_measurement: '°F' });
  assert.deepEqual(fieldsOf('a/state', '{"bme":{"t":20.5,"x":1},"own":3}'), [
    { name: 'bme.t', value: 20.5, unit: 'Cel' },
    { name: 'bme.x', value: 1 },
    { name: 'own', value: 3, unit: 'Cel' },
  ]);
});

test('a bare value that nobody named is called what it was announced as', () => {
  const { announce, fieldsOf } = decoderWith({
    match: { topic: ['raw/{device}'], confidence: 0.95 },
    decode: 'value',
  });
  assert.equal(fieldsOf('raw/a', '1')[0]?.name, 'value');
  announce('Level', { state_topic: 'raw/a', unit_of_measurement: '%' });
  assert.deepEqual(fieldsOf('raw/a', '1'), [{ name: 'Level', value: 1, unit: '%' }]);
});

test('what was adopted by a discovery message is no longer when that is taken back, also in another run', () => {
  const adoptions = new Adoptions();
  const decoderNow = () => new ProfileDecoder({ options, profiles: [discovery], adoptions });
  const decoder = decoderNow();
  const give = (one: ProfileDecoder, topic: string, payload: string) =>
    one.decode({ source: 'mqtt', topic, payload: Buffer.from(payload) }, at);
  const config = 'homeassistant/sensor/t/config';
  const announcement = JSON.stringify({ name: 'T', unique_id: 't', state_topic: 'raw/t', unit_of_measurement: 'W' });
  give(decoder, config, announcement);
  assert.equal(give(decoder, 'raw/t', '1').profile?.name, discovery.name);
  assert.equal(adoptions.profileOf('raw/t'), discovery.name);
  give(decoder, config, '');
  const general = give(decoder, 'raw/t', '2');
  assert.deepEqual([general.profile, general.measurements[0].fields], [undefined, [{ name: 'value', value: 2 }]]);
  const other = decoderNow();
  assert.equal(give(other, 'raw/t', '3').profile, undefined);
  give(other, config, announcement);
  assert.equal(give(other, 'raw/t', '4').profile?.name, discovery.name);
});
