import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { UnixMs } from '../../src/core/time.ts';
import { knownKeywords, type SchemaNode } from '../../src/lib/settings/schema-node.ts';
import builtIn from '../../src/profiles/built-in.json' with { type: 'json' };
import { ProfileDecoder } from '../../src/profiles/decoder.ts';
import { readProfiles } from '../../src/profiles/directory.ts';
import { mismatches } from '../../src/profiles/examples.ts';
import { editorSchema } from '../../src/profiles/language/editor-schema.ts';
import { profileNode } from '../../src/profiles/language/load.ts';
import { profileOptions } from '../../src/profiles/language/options.ts';
import { sureEnough } from '../../src/profiles/recognise.ts';

const root = join(import.meta.dirname, '../..');
const { profiles, errors } = readProfiles(join(root, 'devices'), 'devices');

test('every profile is right', () => {
  assert.deepEqual(errors, []);
  assert.ok(profiles.size > 0);
});

for (const [name, profile] of profiles) {
  const { options } = profile;
  test(`${name}: its examples become what they say`, () => {
    const faults = options.examples.flatMap((example, index) =>
      mismatches(profile, example).map((fault) => `examples[${index}] (${example.about ?? example.topic}): ${fault}`),
    );
    assert.deepEqual(faults, []);
  });
}

test('what an example shows is recognised as its own profile, or as none', () => {
  const all = [...profiles.values()].map(({ compiled }) => compiled);
  const limits = { deviceTopics: [], maxDepth: 32, maxFields: 5_000, maxBytes: 1_048_576 };
  const faults: string[] = [];
  for (const [name, { options, compiled }] of profiles) {
    // Some are only taken when people say so.
    if (!compiled.messages.some(({ codec, confidence = 0 }) => codec !== undefined || confidence >= sureEnough))
      continue;
    for (const { topic, payload, payloadHex = '', after = [] } of options.examples) {
      if (topic === undefined) continue;
      const decoder = new ProfileDecoder({ options: limits, profiles: all });
      const told = (text: string | undefined, hex = '') =>
        text === undefined ? Buffer.from(hex.replaceAll(' ', ''), 'hex') : Buffer.from(text);
      for (const before of after)
        decoder.decode(
          { source: 'mqtt', topic: before.topic, payload: told(before.payload, before.payloadHex) },
          0 as UnixMs,
        );
      const [best, second] = decoder.suggest(topic, told(payload, payloadHex));
      if (best === undefined || best.confidence < sureEnough) continue;
      // What was learnt of a topic from elsewhere gives way to a convention that the topic keeps by itself.
      if (after.length > 0 && best.profile !== name && second?.profile === name) continue;
      if (best.profile !== name || second?.confidence === best.confidence)
        faults.push(`${name}, ${topic}: ${best.profile} ${best.confidence}, ${second?.profile} ${second?.confidence}`);
    }
  }
  assert.deepEqual(faults, []);
});

test('the profiles that are loaded are those under devices/, and the schemas are those of the language', () => {
  const fresh = Object.fromEntries(
    [...profiles].map(([name, { options }]) => {
      const { examples: _, ...rest } = options;
      return [name, rest];
    }),
  );
  assert.deepEqual(builtIn, JSON.parse(JSON.stringify(fresh)), 'run `npm run generate`');
  assert.deepEqual(profileNode, JSON.parse(JSON.stringify(profileOptions)), 'run `npm run generate`');
  const published = JSON.parse(readFileSync(join(root, 'devices/profile.schema.json'), 'utf8'));
  assert.deepEqual(published, JSON.parse(JSON.stringify(editorSchema(profileNode))), 'run `npm run generate`');
});

test('the checker knows every keyword of the language', () => {
  const unknown: string[] = [];
  const walk = (node: SchemaNode, path: string): void => {
    for (const keyword of Object.keys(node)) if (!knownKeywords.has(keyword)) unknown.push(`${path}: ${keyword}`);
    for (const [key, child] of Object.entries(node.properties ?? {})) walk(child, `${path}.${key}`);
    for (const child of node.anyOf ?? []) walk(child, path);
    if (node.items) walk(node.items, `${path}[]`);
    if (node.additionalProperties) walk(node.additionalProperties, `${path}.*`);
  };
  walk(profileNode, '');
  assert.deepEqual(unknown, []);
});
