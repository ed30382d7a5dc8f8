import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { ProfileDecoder } from '../../src/profiles/decoder.ts';
import { loadLibrary } from '../../src/profiles/library.ts';
import { sureEnough } from '../../src/profiles/recognise.ts';
import { checkSample } from './check-sample.ts';
import { payloadOf, type Sample } from './samples.ts';

/**
 * A payload of a convention that people use, with the profile that is to be told by it; absent: none is sure. A source that begins
 * with `after` shows the form, the values are others.
 */
interface Payload extends Sample {
  readonly profile?: string;
}

const directory = join(import.meta.dirname, 'more-payloads', 'mqtt');
const library = loadLibrary();
const profiles = [...library.profiles.values()].map(({ compiled }) => compiled);
const familyOf = (name: string): string | undefined => library.profiles.get(name)?.compiled.family;
const options = { deviceTopics: [], maxDepth: 8, maxFields: 200, maxBytes: 1_048_576 };
const receivedAtMs = Date.UTC(2026, 10, 25);

for (const file of readdirSync(directory)) {
  const payloads: readonly Payload[] = JSON.parse(readFileSync(join(directory, file), 'utf8'));
  const byId = new Map(payloads.map((payload) => [payload.id, payload]));

  test(`${basename(file, '.json')}: ${payloads.length} payloads are recognised and decoded as documented`, () => {
    for (const sample of payloads) {
      const decoder = new ProfileDecoder({ options, profiles });
      const message = ({ topic = '', ...rest }: Sample) => ({
        source: 'mqtt',
        topic,
        payload: payloadOf(rest as Sample),
      });
      for (const id of [sample.after ?? []].flat()) decoder.decode(message(byId.get(id)!), receivedAtMs);
      const { topic, payload } = message(sample);
      const [best, ...others] = decoder.suggest(topic, payload).filter(({ confidence }) => confidence >= sureEnough);
      assert.equal(best?.profile, sample.profile, sample.id);
      // Of one family are, say, a network server's uplinks and the sensor that this one is of.
      const strangers = others.filter(({ profile }) => familyOf(profile) !== familyOf(best!.profile));
      assert.deepEqual(strangers, [], sample.id);
      const decoded = decoder.decode({ source: 'mqtt', topic, payload }, receivedAtMs);
      assert.equal(decoded.profile?.name, sample.profile, sample.id);
      checkSample(sample, decoded);
    }
  });
}

/** Formats that are told by the payload alone, on any topic. */
const toldByLook = new Set(['ietf/senml-json', 'ietf/senml-cbor', 'ietf/cbor', 'influxdata/line-protocol']);

test('no payload is taken for a convention on a topic that says nothing of it', () => {
  const decoder = new ProfileDecoder({ options, profiles });
  const topics = [
    'sensors/x',
    'home/kitchen',
    'plant/line1/motor/status',
    'factory/7/status/pump',
    'a/b/c/online',
    'x/info',
  ];
  for (const file of readdirSync(directory)) {
    const payloads: readonly Payload[] = JSON.parse(readFileSync(join(directory, file), 'utf8'));
    for (const sample of payloads) {
      for (const topic of topics) {
        const taken = decoder
          .suggest(topic, payloadOf(sample))
          .filter(({ profile, confidence }) => confidence >= sureEnough && !toldByLook.has(profile));
        assert.deepEqual(taken, [], `${sample.id} on ${topic}`);
      }
    }
  }
});
