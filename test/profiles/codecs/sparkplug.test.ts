import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { CodecOutput } from '../../../src/profiles/codec.ts';
import { Nodes } from '../../../src/profiles/codecs/sparkplug/nodes.ts';
import { readPayload } from '../../../src/profiles/codecs/sparkplug/payload.ts';
import { createSparkplugCodec } from '../../../src/profiles/codecs/sparkplug/sparkplug.ts';
import {
  assertBounded,
  assertSurvives,
  bytesOf,
  fieldsOf,
  hostilePayloads,
  inputOf,
  receivedAtMs,
} from './codec-support.ts';
import * as real from './sparkplug-payloads.ts';
import { type MetricSpec, payloadOf } from './sparkplug-payloads.ts';

/** A codec and what it is told: `[topic behind spBv1.0/Group1/, payload]` each, 100 ms after the one before. */
function session() {
  const codec = createSparkplugCodec();
  let now = receivedAtMs;
  const tell = (topic: string, payload: Uint8Array): CodecOutput => {
    now += 100;
    return codec.decode(inputOf(payload, { topic: `spBv1.0/Group1/${topic}`, receivedAtMs: now }));
  };
  const wait = (ms: number): void => {
    now += ms;
  };
  return { codec, tell, wait };
}

const value = (double: number, seq?: number): Uint8Array =>
  payloadOf([{ alias: 100, double }], seq === undefined ? {} : { seq });
const deviceBirth = (seq: number, ...more: MetricSpec[]): Uint8Array =>
  payloadOf([{ name: 'Level', alias: 200, type: 2, int: 7, unit: 'm' }, ...more], { seq });
const death = (bdSeq: number): Uint8Array => payloadOf([{ name: 'bdSeq', type: 8, long: bdSeq }]);
const asked = ({ requests }: CodecOutput): readonly string[] => (requests ?? []).map(({ topic }) => topic);
const presences = ({ sightings }: CodecOutput): unknown[] =>
  (sightings ?? []).map(({ device, presence, via }) => [device, presence, via]);

test('a birth is a measurement and a sighting', () => {
  const output = session().tell('NBIRTH/Edge1', real.nodeBirth);
  assert.deepEqual(output, {
    kind: 'measurement',
    parts: [
      {
        device: 'Group1/Edge1',
        timeMs: Date.parse('2025-06-25T12:47:23.474Z'),
        fields: [
          { name: 'bdSeq', value: 88 },
          { name: 'Node Control/Rebirth', value: false },
          { name: 'Temperature', value: 21.5 },
        ],
      },
    ],
    isComplete: true,
    sightings: [{ device: 'Group1/Edge1', presence: 'online' }],
  });
});

test('after a birth, aliases are names; the number goes around without a gap', () => {
  const { tell } = session();
  tell('NBIRTH/Edge1', real.nodeBirth);
  const output = tell('NDATA/Edge1', real.dataByAlias);
  assert.deepEqual([fieldsOf(output), output.isComplete, output.requests], [{ Temperature: 22.5 }, true, undefined]);
  for (let seq = 2; seq <= 255; seq++) assert.deepEqual(asked(tell('NDATA/Edge1', value(seq, seq))), []);
  const around = tell('NDATA/Edge1', real.dataAround);
  assert.deepEqual([fieldsOf(around), around.requests], [{ Temperature: 30 }, undefined]);
  // the same message once more, as a bridge may send it
  assert.deepEqual(asked(tell('NDATA/Edge1', real.dataAround)), []);
});

test('units and datatypes of the birth hold for data by alias and by name', () => {
  const { tell } = session();
  tell('NBIRTH/Edge1', real.nodeBirth);
  tell('DBIRTH/Edge1/Tank', deviceBirth(1));
  const byAlias = tell('DDATA/Edge1/Tank', payloadOf([{ alias: 200, int: 0xffff }], { seq: 2 }));
  assert.deepEqual([byAlias.parts[0]?.device, fieldsOf(byAlias)], ['Group1/Edge1/Tank', { 'Level [m]': -1 }]);
  const byName = tell('DDATA/Edge1/Tank', payloadOf([{ name: 'Level', int: 0xfffe }], { seq: 3 }));
  assert.deepEqual([fieldsOf(byName), byName.requests], [{ 'Level [m]': -2 }, undefined]);
});

test('aliases are each device’s own, beyond 2^53 and 0 too', () => {
  const { tell } = session();
  const alias = 2n ** 63n;
  tell(
    'NBIRTH/Edge1',
    payloadOf(
      [
        { name: 'a', alias: 0, int: 1 },
        { name: 'b', alias, int: 1 },
      ],
      { seq: 0 },
    ),
  );
  tell('DBIRTH/Edge1/Tank', payloadOf([{ name: 'c', alias: 0, int: 1 }], { seq: 1 }));
  const both = payloadOf(
    [
      { alias: 0, int: 2 },
      { alias, int: 3 },
    ],
    { seq: 2 },
  );
  assert.deepEqual(fieldsOf(tell('NDATA/Edge1', both)), { a: 2, b: 3 });
  assert.deepEqual(fieldsOf(tell('DDATA/Edge1/Tank', payloadOf([{ alias: 0, int: 2 }], { seq: 3 }))), { c: 2 });
});

test('data before the birth has failed, and asks for one', () => {
  const { tell } = session();
  const output = tell('NDATA/Edge2', real.dataByAlias);
  assert.equal(output.kind, 'failed');
  assert.match(
    output.failure ?? '',
    /^The alias 100 is not known in NDATA of Group1\/Edge2: its birth has not been seen/,
  );
  assert.deepEqual(asked(output), ['spBv1.0/Group1/NCMD/Edge2']);
});

test('the request for a birth is a command that Sparkplug understands', () => {
  const [request] = session().tell('NDATA/Edge2', real.dataByAlias).requests ?? [];
  const { time, metrics, hasMore } = readPayload(request!.payload);
  const at = receivedAtMs + 100;
  const rebirth = { name: 'Node Control/Rebirth', time: at, type: 11, field: 14, value: true };
  assert.deepEqual({ time, metrics, hasMore }, { time: at, metrics: [rebirth], hasMore: false });
  // Against a writer of another make, byte by byte.
  const expected = payloadOf([{ name: 'Node Control/Rebirth', time: at, type: 11, boolean: true }], { time: at });
  assert.deepEqual(Buffer.from(request!.payload), Buffer.from(expected));
});

test('data by name is read without a birth, which is asked for', () => {
  const output = session().tell('DDATA/Raspberry Pi/Pibrella', real.specDeviceData);
  assert.deepEqual(fieldsOf(output), { 'Inputs/A': true, 'Inputs/C': true });
  assert.deepEqual(asked(output), ['spBv1.0/Group1/NCMD/Raspberry Pi']);
});

test('one unknown alias among others keeps the payload, and asks for a birth', () => {
  const { tell } = session();
  tell('NBIRTH/Edge1', real.nodeBirth);
  const output = tell(
    'NDATA/Edge1',
    payloadOf(
      [
        { alias: 7, int: 1 },
        { alias: 100, double: 2 },
      ],
      { seq: 1 },
    ),
  );
  assert.deepEqual([fieldsOf(output), output.isComplete], [{ Temperature: 2 }, false]);
  assert.deepEqual(asked(output), ['spBv1.0/Group1/NCMD/Edge1']);
});

test('a gap in the numbers asks for a birth, and the values are taken', () => {
  const { tell } = session();
  tell('NBIRTH/Edge1', real.nodeBirth);
  tell('NDATA/Edge1', real.dataByAlias);
  const output = tell('NDATA/Edge1', real.dataWithGap);
  assert.deepEqual([fieldsOf(output), asked(output)], [{ Temperature: 27 }, ['spBv1.0/Group1/NCMD/Edge1']]);
  // from there on it goes on
  assert.deepEqual(asked(tell('NDATA/Edge1', value(1, 6))), []);
});

test('devices share their node’s numbers', () => {
  const { tell } = session();
  tell('NBIRTH/Edge1', real.nodeBirth);
  assert.deepEqual(asked(tell('DBIRTH/Edge1/Tank', deviceBirth(1))), []);
  assert.deepEqual(asked(tell('NDATA/Edge1', value(1, 2))), []);
  assert.deepEqual(asked(tell('DDEATH/Edge1/Tank', payloadOf([], { seq: 3 }))), []);
  assert.deepEqual(asked(tell('NDATA/Edge1', value(1, 5))), ['spBv1.0/Group1/NCMD/Edge1']);
});

test('a node is asked once in 30 seconds, and ever more rarely when it gives no birth', () => {
  const { tell, wait } = session();
  let requests = 0;
  const listen = (seconds: number): number => {
    const before = requests;
    for (let i = 0; i < seconds; i++) {
      requests += asked(tell('NDATA/Edge1', value(1))).length;
      wait(900);
    }
    return requests - before;
  };
  assert.equal(listen(29), 1);
  assert.equal(listen(7200), 7, 'after 30 s, then 1, 2, 4, 8, 16 and 32 min');
  // each node by itself
  assert.deepEqual(asked(tell('NDATA/Edge2', value(1))), ['spBv1.0/Group1/NCMD/Edge2']);
  // A birth makes it no sooner than in 30 seconds.
  tell('NBIRTH/Edge2', real.nodeBirth);
  assert.deepEqual(asked(tell('NDATA/Edge2', real.dataWithGap)), []);
  wait(30_000);
  assert.deepEqual(asked(tell('NDATA/Edge2', value(1, 200))), ['spBv1.0/Group1/NCMD/Edge2']);
});

test('a node that counts in a way of its own is not asked again and again', () => {
  const { tell, wait } = session();
  let requests = 0;
  for (let second = 0; second < 86_400; second++) {
    // A birth whenever it is asked for one, and a gap behind every message.
    const { length } = asked(tell('NDATA/Edge1', value(1, (second * 7) % 256)));
    requests += length;
    if (length > 0) tell('NBIRTH/Edge1', real.nodeBirth);
    wait(900);
  }
  assert.ok(requests < 160, `${requests} in a day`);
  // When it has been well for long, one gap is one request again.
  const well = Array.from({ length: 256 }, (_, seq) => asked(tell('NDATA/Edge1', value(1, seq))).length);
  assert.equal(well.reduce((sum, one) => sum + one) <= 1, true);
  wait(40 * 60_000);
  assert.equal(asked(tell('NDATA/Edge1', value(1, 100))).length, 1);
  wait(30_000);
  assert.equal(asked(tell('NDATA/Edge1', value(1, 50))).length, 1);
});

test('a clock that was set back keeps no node from being asked', () => {
  const { tell, wait } = session();
  assert.equal(asked(tell('NDATA/Edge1', value(1))).length, 1);
  wait(-1e10);
  assert.equal(asked(tell('NDATA/Edge1', value(1))).length, 1);
});

test('a node’s death is its devices’, and takes its aliases along', () => {
  const { tell } = session();
  tell('NBIRTH/Edge1', real.nodeBirth);
  tell('DBIRTH/Edge1/Tank', deviceBirth(1));
  const output = tell('NDEATH/Edge1', death(88));
  assert.deepEqual([output.kind, output.parts], ['availability', []]);
  assert.deepEqual(presences(output), [
    ['Group1/Edge1', 'offline', undefined],
    ['Group1/Edge1/Tank', 'offline', 'Group1/Edge1'],
  ]);
  assert.equal(tell('NDATA/Edge1', value(1, 2)).kind, 'failed');
});

test('the death of a session before is none', () => {
  const { tell } = session();
  tell('NBIRTH/Edge1', real.nodeBirth);
  const output = tell('NDEATH/Edge1', real.staleDeath);
  assert.deepEqual([output.kind, presences(output)], ['availability', []]);
  assert.deepEqual(fieldsOf(tell('NDATA/Edge1', real.dataByAlias)), { Temperature: 22.5 });
});

test('a death tells its number by alias, too; one of a node that is not known counts', () => {
  const { tell } = session();
  tell('NBIRTH/Edge1', real.nodeBirth);
  // real.nodeBirth gives bdSeq the alias 1
  assert.deepEqual(presences(tell('NDEATH/Edge1', payloadOf([{ alias: 1, long: 87 }]))), []);
  assert.deepEqual(presences(tell('NDEATH/Edge1', payloadOf([{ alias: 1, long: 88 }]))).length, 1);
  assert.deepEqual(presences(tell('NDEATH/Edge3', death(5))), [['Group1/Edge3', 'offline', undefined]]);
});

test('a device dies alone', () => {
  const { tell } = session();
  tell('NBIRTH/Edge1', real.nodeBirth);
  assert.deepEqual(presences(tell('DBIRTH/Edge1/Tank', deviceBirth(1))), [
    ['Group1/Edge1/Tank', 'online', 'Group1/Edge1'],
  ]);
  const output = tell('DDEATH/Edge1/Tank', payloadOf([], { seq: 2 }));
  assert.deepEqual(
    [output.kind, presences(output)],
    ['availability', [['Group1/Edge1/Tank', 'offline', 'Group1/Edge1']]],
  );
  assert.equal(tell('DDATA/Edge1/Tank', payloadOf([{ alias: 200, int: 1 }], { seq: 3 })).kind, 'failed');
});

test('a new birth makes aliases anew, also when they mean something else', () => {
  const { tell } = session();
  tell('NBIRTH/Edge1', real.nodeBirth);
  tell('DBIRTH/Edge1/Tank', deviceBirth(1));
  tell('NBIRTH/Edge1', payloadOf([{ name: 'Pressure', alias: 100, type: 10, double: 1 }], { seq: 0 }));
  assert.deepEqual(fieldsOf(tell('NDATA/Edge1', value(2, 1))), { Pressure: 2 });
  assert.equal(tell('DDATA/Edge1/Tank', payloadOf([{ alias: 200, int: 1 }], { seq: 2 })).kind, 'failed');
});

const many = (count: number, seq: number): Uint8Array =>
  payloadOf(
    Array.from({ length: count }, (_, i) => ({ name: `m${i}`, alias: i, type: 3, int: i })),
    { seq },
  );

test('a birth may have 25 times as many values as another message, in parts like others’', () => {
  const { tell } = session();
  const output = tell('NBIRTH/Edge1', many(5000, 0));
  assert.deepEqual(
    [output.parts.length, new Set(output.parts.map(({ fields }) => fields.length))],
    [25, new Set([200])],
  );
  assert.equal(Object.keys(fieldsOf(output)).length, 5000);
  assert.equal(tell('NDATA/Edge1', many(201, 1)).kind, 'failed');
});

test('a birth that is larger still teaches its aliases', () => {
  const { tell } = session();
  const output = tell('NBIRTH/Edge1', many(5001, 0));
  assert.equal(output.kind, 'failed');
  assert.deepEqual(presences(output), [['Group1/Edge1', 'online', undefined]]);
  assert.deepEqual(fieldsOf(tell('NDATA/Edge1', payloadOf([{ alias: 999, int: 5 }], { seq: 1 }))), { m999: 5 });
});

test('what a birth tells of the node itself', () => {
  const text = (name: string, text: string) => ({ name: `Properties/${name}`, type: 12, text });
  const birth = payloadOf(
    [text('Hardware Make', 'Raspberry Pi'), text('Hardware Model', 'Pi 3 Model B'), text('OS', 'Raspbian')],
    { seq: 0 },
  );
  assert.deepEqual(session().tell('NBIRTH/Edge1', birth).sightings?.[0]?.attributes, [
    ['manufacturer', 'Raspberry Pi'],
    ['model', 'Pi 3 Model B'],
  ]);
});

test('births are no lessons: aliases of a session before would give wrong values', () => {
  assert.equal(session().tell('NBIRTH/Edge1', real.nodeBirth).isLesson, undefined);
});

test('commands are nobody’s value', () => {
  const { tell } = session();
  assert.equal(tell('NCMD/Edge1', payloadOf([{ name: 'Node Control/Rebirth', boolean: true }])).kind, 'command');
  assert.equal(tell('DCMD/Edge1/Tank', payloadOf([{ name: 'Outputs/A', boolean: true }])).kind, 'command');
});

test('messages without values are of their node or device, too', () => {
  const messages: readonly (readonly [string, Uint8Array, string])[] = [
    ['NCMD/Edge1', payloadOf([]), 'Group1/Edge1'],
    ['DCMD/Edge1/Tank', payloadOf([]), 'Group1/Edge1/Tank'],
    ['NDATA/Edge1', real.dataByAlias, 'Group1/Edge1'],
    ['DDATA/Edge1/Tank', bytesOf('ff'), 'Group1/Edge1/Tank'],
    ['DBIRTH/Edge1/Tank', payloadOf([]), 'Group1/Edge1/Tank'],
    ['NDEATH/Edge1', real.staleDeath, 'Group1/Edge1'],
  ];
  for (const [topic, payload, device] of messages) assert.equal(session().tell(topic, payload).device, device, topic);
});

test('it forgets the birth that is longest ago, not the newest one', () => {
  const nodes = new Nodes();
  const metrics = Array.from({ length: 20_000 }, (_, i) => ({ name: `m${i}`, alias: i }));
  for (let i = 0; i < 25; i++) nodes.born(`G/${i}`, metrics);
  assert.equal(nodes.get('G/0'), undefined);
  assert.equal(nodes.get('G/24')?.resolve('', { alias: 7 })?.name, 'm7');
  const kept = Array.from({ length: 25 }, (_, i) => nodes.get(`G/${i}`)).filter((node) => node !== undefined);
  assert.equal(kept.length, 20);
  // The oldest stays while it is the one that speaks.
  nodes.deviceBorn('G/5', 'd', metrics);
  assert.equal(nodes.get('G/5')?.resolve('d', { alias: 7 })?.name, 'm7');
  assert.equal(nodes.get('G/6'), undefined);
  // Nor do one node's devices fill it.
  for (let i = 0; i < 30; i++) nodes.deviceBorn('G/24', `d${i}`, metrics);
  assert.ok(nodes.of('G/24').size <= 100_000);
  for (let i = 0; i < 20_000; i++) nodes.of(`H/${i}`);
  assert.equal(nodes.get('H/0'), undefined);
});

const realPayloads = [
  ...[real.nodeBirth, real.dataByAlias, real.dataWithGap, real.staleDeath, real.specNodeData, real.specDeviceData],
  ...[
    payloadOf([{ name: 'm', dataSet: real.dataSetOf(true) }]),
    payloadOf([{ name: 'm', type: 32, bytes: bytesOf('0c00000034d0') }]),
  ],
  payloadOf([{ name: 'm', template: real.templateOf([{ name: 'a', type: 1, int: 5, unit: 'V', quality: 0 }]) }]),
];

test('any bytes and damaged payloads', () => {
  for (const type of ['NBIRTH/E', 'NDATA/E', 'DBIRTH/E/D', 'DDATA/E/D', 'NDEATH/E', 'DDEATH/E/D']) {
    assertSurvives(createSparkplugCodec, realPayloads, `spBv1.0/G/${type}`, 400);
  }
});

test('any session of damaged payloads', () => {
  const types = ['NBIRTH/E', 'NDATA/E', 'DBIRTH/E/D', 'DDATA/E/D', 'NDEATH/E', 'DDEATH/E/D', 'NCMD/E', 'STATE/E'];
  const message = fc.tuple(fc.constantFrom(...types), hostilePayloads(realPayloads));
  fc.assert(
    fc.property(fc.array(message, { maxLength: 20 }), (messages) => {
      const { tell } = session();
      for (const [topic, payload] of messages) assertBounded(tell(topic, payload));
    }),
    { numRuns: 150 },
  );
});
