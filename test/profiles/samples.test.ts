import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProfileDecoder } from '../../src/profiles/decoder.ts';
import { loadLibrary } from '../../src/profiles/library.ts';
import { readRequest, rtuRequest } from '../../src/profiles/modbus/rtu.ts';
import { sureEnough } from '../../src/profiles/recognise.ts';
import { asOne, decodeStream } from '../../src/profiles/stream.ts';
import { checkSample } from './check-sample.ts';
import { payloadOf, type Sample, samples } from './samples.ts';

/** The profiles of each protocol: one of them has to be recognised, and decodes it. */
const profilesOf: Readonly<Record<string, readonly string[]>> = {
  tasmota: ['tasmota/tasmota'],
  'shelly-gen1': ['shelly/gen1'],
  'shelly-gen2': ['shelly/gen2'],
  sds011: ['nova/sds011'],
  sds198: ['nova/sds198'],
  'key-value-lines': ['sparkfun/weather-shield'],
  'csv-lines': ['generic/csv-lines'],
  'rflink-lines': ['rflink/rflink'],
  'nmea-0183': ['nmea/nmea-0183'],
  'dsmr-p1': ['dsmr/p1'],
  'iec-62056-21': ['iec62056/d0'],
  sml: ['sml/sml'],
  firmata: ['firmata/firmata'],
  'plantower-pmsx003': ['plantower/pms5003'],
  'plantower-pms3003': ['plantower/pms3003'],
  'mh-z19b': ['winsen/mh-z19'],
  'winsen-zh0x': ['winsen/zh03b'],
  'honeywell-hpma115': ['honeywell/hpma115'],
  'modbus-rtu': ['modbus/registers'],
  slip: ['generic/slip'],
  cobs: ['generic/cobs'],
  'meshtastic-serial': ['meshtastic/serial'],
  'meshtastic-json': ['meshtastic/json'],
  'the-things-stack': ['the-things-stack/uplink'],
  esphome: ['esphome/node'],
  'plain-number': ['generic/number'],
  openmqttgateway: ['openmqttgateway/ble'],
  'json-lines': ['rtl433/json-lines'],
  'sparkplug-b': ['eclipse/sparkplug-b'],
  'senml-json': ['ietf/senml-json'],
  'senml-cbor': ['ietf/senml-cbor'],
  cbor: ['ietf/cbor'],
  'influx-line-protocol': ['influxdata/line-protocol'],
  'cayenne-lpp': ['mydevices/cayenne-lpp'],
  'home-assistant-discovery': ['home-assistant/discovery'],
  zigbee2mqtt: ['zigbee2mqtt/zigbee2mqtt'],
  'homie-4': ['homie/homie-4'],
  'homie-5': ['homie/homie-5'],
};

/** Samples that do not say themselves which of several devices they are of. */
const profileOf: Readonly<Record<string, string>> = { 'modbus-eastron-float': 'eastron/sdm120' };

const library = loadLibrary();
const all = [...library.profiles.values()].map(({ compiled }) => compiled);
const options = { deviceTopics: [], maxDepth: 8, maxFields: 200, maxBytes: 1_048_576 };
const receivedAtMs = Date.UTC(2026, 10, 25);
const byId = new Map(samples.map((sample) => [sample.id, sample]));

function messageOf(sample: Sample) {
  const request = readRequest(Buffer.from(sample.request_hex ?? '', 'hex'));
  const asked = request === undefined ? [] : rtuRequest(request);
  return {
    source: sample.transport,
    topic: sample.topic ?? 'ttyUSB0',
    payload: Buffer.concat([Uint8Array.from(asked), payloadOf(sample)]),
  };
}

/** A decoder that has been told what comes before a sample. */
function decoderFor(sample: Sample): ProfileDecoder {
  const decoder = new ProfileDecoder({ options, profiles: all });
  for (const id of [sample.after ?? []].flat()) decoder.decode(messageOf(byId.get(id)!), receivedAtMs);
  return decoder;
}

for (const [protocol, names] of Object.entries(profilesOf)) {
  const own = samples.filter((sample) => sample.protocol === protocol);

  test(`${protocol}: every sample decodes to what it says`, () => {
    assert.ok(own.length > 0);
    for (const sample of own) {
      const decoder = decoderFor(sample);
      const message = messageOf(sample);
      const best = decoder.suggest(message.topic, message.payload).find(({ profile }) => names.includes(profile));
      const profile = library.profiles.get(best?.profile ?? profileOf[sample.id] ?? names[0]!)!.compiled;
      const decoded =
        profile.framing === undefined
          ? decoder.decodeBy(profile, message, receivedAtMs)
          : asOne(decodeStream(decoder, profile, message.topic, message.payload, receivedAtMs));
      checkSample(sample, decoded);
    }
  });

  test(`${protocol}: every sample is recognised as it and as nothing else`, () => {
    for (const sample of own.filter(({ transport }) => transport === 'mqtt')) {
      const { topic, payload } = messageOf(sample);
      const suggestions = decoderFor(sample).suggest(topic, payload);
      const [best, ...others] = suggestions;
      assert.ok(best !== undefined && names.includes(best.profile), `${sample.id}: ${JSON.stringify(suggestions)}`);
      const rivals = others.filter((one) => !names.includes(one.profile) && one.confidence >= best.confidence);
      assert.deepEqual(rivals, [], sample.id);
    }
  });
}

test('no sample is so surely of two families that both would take it without asking', () => {
  const familyOf = (name: string) => library.profiles.get(name)!.compiled.family;
  for (const sample of samples.filter(({ transport }) => transport === 'mqtt')) {
    const { topic, payload } = messageOf(sample);
    const sure = decoderFor(sample)
      .suggest(topic, payload)
      .filter(({ confidence }) => confidence >= sureEnough);
    const families = new Set(sure.map(({ profile }) => familyOf(profile)));
    assert.ok(families.size <= 1, `${sample.id}: ${JSON.stringify(sure)}`);
  }
});

test('every protocol of the samples is tried, here or where frames are cut', () => {
  // What they are cut into is all that there is to them: see test/profiles/framing.
  const framingOnly = ['slip', 'cobs', 'meshtastic-serial'];
  const tried = new Set([...Object.keys(profilesOf), ...framingOnly]);
  assert.deepEqual(
    samples.filter(({ protocol }) => !tried.has(protocol)).map(({ id }) => id),
    [],
  );
});
