import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProfileDecoder } from '../../../src/profiles/decoder.ts';
import { compileProfile } from '../../../src/profiles/language/compile.ts';
import type { MessageOptions } from '../../../src/profiles/language/options.ts';

const options = { deviceTopics: [], maxDepth: 8, maxFields: 200, maxBytes: 1_048_576 };

/** What a message becomes: its kind, and devices with their fields. */
function decoded(
  messages: readonly MessageOptions[],
  payload: string,
): [kind: string, devices: Record<string, object>] {
  const profile = compileProfile('acme/x', { name: 'X', version: 1, manufacturer: 'ACME', messages: [...messages] });
  const decoder = new ProfileDecoder({ options, profiles: [profile] });
  const { kind, measurements } = decoder.decodeBy(
    profile,
    { source: 'mqtt', topic: 'x/hub', payload: Buffer.from(payload) },
    0,
  );
  const devices = measurements.map(({ deviceId, fields }) => [
    deviceId,
    Object.fromEntries(fields.map(({ name, value }) => [name, value])),
  ]);
  return [kind, Object.fromEntries(devices)];
}

const match = { topic: ['x/{device}'] };
const byKey = { match, each: 'parts.*', device: { id: '{device}/{id|key}' }, fields: [{ path: 'id', drop: true }] };

const rows: [
  name: string,
  messages: MessageOptions[],
  payload: string,
  kind: string,
  devices: Record<string, object>,
][] = [
  [
    'holds: the first message that has what it needs',
    [
      { match, holds: ['a.b'], kind: 'event' },
      { match, holds: ['t', 'h'], rest: 'numbers' },
      { match, kind: 'log' },
    ],
    '{"t":1,"h":0}',
    'measurement',
    { 'acme:hub': { t: 1, h: 0 } },
  ],
  [
    'holds: what is null is not there, and false is',
    [
      { match, holds: ['a'], kind: 'event' },
      { match, holds: ['b'], kind: 'log' },
    ],
    '{"a":null,"b":false}',
    'log',
    { 'acme:hub': {} },
  ],
  [
    'otherwise: nothing became a field',
    [{ match, otherwise: 'command', rest: 'drop' }],
    '{"a":1}',
    'command',
    { 'acme:hub': {} },
  ],
  ['otherwise: something did', [{ match, otherwise: 'command' }], '{"a":1}', 'measurement', { 'acme:hub': { a: 1 } }],
  [
    'otherwise: an event is one',
    [{ match, otherwise: 'command', events: ['a'] }],
    '{"a":1}',
    'event',
    { 'acme:hub': {} },
  ],
  [
    'what only the profile tells of the device is no discovery',
    [{ match, rest: 'drop' }],
    '{"a":1}',
    'raw',
    { 'acme:hub': {} },
  ],
  [
    'what the message tells of it is',
    [{ match, rest: 'drop', attributes: { firmware: 'a' } }],
    '{"a":1}',
    'discovery',
    { 'acme:hub': {} },
  ],
  [
    'each: devices by the key that they stand under, or by their id',
    [byKey],
    '{"parts":{"one":{"t":1},"two":{"t":2,"id":"2nd"}}}',
    'measurement',
    { 'acme:hub/one': { t: 1 }, 'acme:hub/2nd': { t: 2 } },
  ],
  [
    'each: a list under a key is several of that key',
    [{ ...byKey, each: '*' }],
    '{"one":[{"t":1}],"__proto__":{"t":2}}',
    'measurement',
    { 'acme:hub/one': { t: 1 }, 'acme:hub/__proto__': { t: 2 } },
  ],
];

for (const [name, messages, payload, kind, devices] of rows) {
  test(name, () => assert.deepEqual(decoded(messages, payload), [kind, devices]));
}
