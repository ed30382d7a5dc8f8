import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Codec } from '../../../src/profiles/codec.ts';
import { createHomie4Codec } from '../../../src/profiles/codecs/homie/homie-4.ts';
import { createHomie5Codec } from '../../../src/profiles/codecs/homie/homie-5.ts';
import { assertBounded, assertSurvives, fieldsOf, inputOf } from './codec-support.ts';

const say = (codec: Codec, topic: string, payload: string | object) =>
  codec.decode(inputOf(typeof payload === 'string' ? payload : JSON.stringify(payload), { topic }));

type Said = readonly [topic: string, payload: string, kind: string, fields?: Record<string, unknown>];

/** In turn: what comes before teaches what comes after. */
function play(codec: Codec, said: readonly Said[]): void {
  for (const [topic, payload, kind, fields = {}] of said) {
    const output = say(codec, topic, payload);
    assertBounded(output);
    assert.deepEqual([output.kind, fieldsOf(output)], [kind, fields], `${topic} ${payload}: ${output.failure ?? ''}`);
  }
}

test('Homie 4: a car, as the convention has it', () => {
  const codec = createHomie4Codec();
  play(codec, [
    // github.com/homieiot/convention convention.md, 4.0
    ['homie/super-car/$homie', '4.0.0', 'discovery'],
    ['homie/super-car/$name', 'Super car', 'discovery'],
    ['homie/super-car/$nodes', 'wheels,engine,lights', 'discovery'],
    ['homie/super-car/$implementation', 'esp8266', 'discovery'],
    ['homie/super-car/$extensions', '', 'discovery'],
    ['homie/super-car/engine/$name', 'Car engine', 'discovery'],
    ['homie/super-car/engine/$type', 'V8', 'discovery'],
    ['homie/super-car/engine/$properties', 'speed,direction,temperature', 'discovery'],
    ['homie/super-car/engine/temperature/$name', 'Engine temperature', 'discovery'],
    ['homie/super-car/engine/temperature/$settable', 'false', 'discovery'],
    ['homie/super-car/engine/temperature/$unit', '°F', 'discovery'],
    ['homie/super-car/engine/temperature/$datatype', 'float', 'discovery'],
    ['homie/super-car/engine/temperature/$format', '-20:120', 'discovery'],
    ['homie/super-car/engine/temperature', '21.5', 'measurement', { 'engine/temperature [degF]': 21.5 }],
    ['homie/super-car/engine/temperature', '21', 'measurement', { 'engine/temperature [degF]': 21 }],
    ['homie/super-car/engine/temperature', 'NaN', 'failed'],
    ['homie/super-car/engine/temperature', '21,5', 'failed'],
    ['homie/super-car/engine/temperature', '', 'raw'],
    ['homie/super-car/engine/speed/$datatype', 'integer', 'discovery'],
    ['homie/super-car/engine/speed/$unit', '#', 'discovery'],
    ['homie/super-car/engine/speed', '-7', 'measurement', { 'engine/speed [count]': -7 }],
    ['homie/super-car/engine/speed', '7.0', 'failed'],
    [
      'homie/super-car/engine/speed',
      '9223372036854775807',
      'measurement',
      { 'engine/speed [count]': 9223372036854775807n },
    ],
    ['homie/super-car/engine/on/$datatype', 'boolean', 'discovery'],
    ['homie/super-car/engine/on', 'true', 'measurement', { 'engine/on': true }],
    ['homie/super-car/engine/on', 'TRUE', 'failed'],
    ['homie/super-car/engine/gear/$datatype', 'enum', 'discovery'],
    ['homie/super-car/engine/gear', '1', 'measurement', { 'engine/gear': '1' }],
    ['homie/super-car/lights/color/$datatype', 'color', 'discovery'],
    ['homie/super-car/lights/color', '255,255,0', 'measurement', { 'lights/color': '255,255,0' }],
    ['homie/super-car/door/bell/$retained', 'false', 'discovery'],
    ['homie/super-car/door/bell/$datatype', 'boolean', 'discovery'],
    ['homie/super-car/door/bell', 'true', 'event'],
    ['homie/kitchen-light/light/power/set', 'true', 'command'],
    ['homie/$broadcast/alert', 'Intruder detected', 'command'],
    // an array's properties are described once: convention 3.0
    ['homie/super-car/lights/$array', '0-1', 'discovery'],
    ['homie/super-car/lights_0/$name', 'Back lights', 'discovery'],
    ['homie/super-car/lights/intensity/$unit', '%', 'discovery'],
    ['homie/super-car/lights/intensity/$datatype', 'integer', 'discovery'],
    ['homie/super-car/lights_0/intensity', '80', 'measurement', { 'lights_0/intensity [%]': 80 }],
    ['homie/super-car/$stats/interval', '60', 'discovery'],
    ['homie/super-car/$stats/uptime', '120', 'measurement', { '$stats/uptime [s]': 120 }],
    ['homie/super-car/$stats/battery', '80', 'measurement', { '$stats/battery [%]': 80 }],
    ['homie/super-car/$stats', 'uptime,battery', 'discovery'],
    // before a description: by its look
    ['homie/viessmann/generic/tempa', '5.2', 'measurement', { 'generic/tempa [Cel]': 5.2 }],
    ['homie/other/node/count', '007', 'measurement', { 'node/count': '007' }],
    ['homie/other/node/on', 'false', 'measurement', { 'node/on': false }],
    ['homie/other/node/temperature', 'warm', 'measurement', { 'node/temperature': 'warm' }],
  ]);
});

type Seen = readonly [topic: string, payload: string, sightings: readonly object[]];

const seen4: readonly Seen[] = [
  ['homie/car/$state', 'ready', [{ device: 'car', presence: 'online', attributes: [['state', 'ready']] }]],
  ['homie/car/$state', 'init', [{ device: 'car', presence: 'online', attributes: [['state', 'init']] }]],
  ['homie/car/$state', 'sleeping', [{ device: 'car', presence: 'online', attributes: [['state', 'sleeping']] }]],
  ['homie/car/$state', 'alert', [{ device: 'car', presence: 'online', attributes: [['state', 'alert']] }]],
  ['homie/car/$state', 'lost', [{ device: 'car', presence: 'offline', attributes: [['state', 'lost']] }]],
  [
    'homie/car/$state',
    'disconnected',
    [{ device: 'car', presence: 'offline', attributes: [['state', 'disconnected']] }],
  ],
  ['homie/car/$state', '', [{ device: 'car', isGone: true }]],
  ['homie/car/$online', 'false', [{ device: 'car', presence: 'offline', attributes: [] }]],
  ['homie/car/$name', 'Super car', [{ device: 'car', name: 'Super car' }]],
  ['homie/car/$localip', '192.168.0.10', [{ device: 'car', attributes: [['address', '192.168.0.10']] }]],
  ['homie/car/$fw/version', '1.0.0', [{ device: 'car', attributes: [['firmware', '1.0.0']] }]],
  ['homie/car/$stats/battery', '80', [{ device: 'car', attributes: [['battery', 80]] }]],
  ['home/car/$name', 'Other car', [{ device: 'home:car', name: 'Other car' }]],
];

for (const [topic, payload, sightings] of seen4) {
  test(`Homie 4 ${topic} ${payload}`, () =>
    assert.deepEqual(say(createHomie4Codec(), topic, payload).sightings, sightings));
}

const car = {
  homie: '5.0',
  name: 'Supercar',
  version: 7,
  children: ['trailer'],
  nodes: {
    engine: {
      name: 'Car engine',
      properties: {
        temperature: { name: 'Engine temperature', unit: '°C', datatype: 'float', format: '-20:120' },
        gear: { datatype: 'enum', format: '1,2,3' },
        'run-time': { datatype: 'duration' },
        last: { datatype: 'datetime' },
        start: { datatype: 'boolean', retained: false, settable: true },
        paint: { datatype: 'color', format: 'rgb' },
        tilt: { datatype: 'json' },
        warmth: { datatype: 'integer', unit: 'MK⁻¹' },
        note: { datatype: 'string' },
      },
    },
  },
};

test('Homie 5: a car, as the convention has it', () => {
  const codec = createHomie5Codec();
  play(codec, [
    ['homie/5/super-car/engine/temperature', '21.5', 'measurement', { 'engine/temperature [Cel]': 21.5 }],
    ['homie/5/kitchen-light/light/brightness', '20', 'measurement', { 'light/brightness': 20 }],
    ['homie/5/super-car/$state', 'init', 'availability'],
    ['homie/5/super-car/$description', JSON.stringify(car), 'discovery'],
    ['homie/5/super-car/engine/temperature', '-3.5e1', 'measurement', { 'engine/temperature [Cel]': -35 }],
    ['homie/5/super-car/engine/temperature', 'Infinity', 'failed'],
    ['homie/5/super-car/engine/temperature', ' 1', 'failed'],
    ['homie/5/super-car/engine/temperature/$target', '22', 'command'],
    ['homie/5/super-car/engine/temperature/set', '22', 'command'],
    ['homie/5/super-car/engine/gear', '2', 'measurement', { 'engine/gear': '2' }],
    ['homie/5/super-car/engine/run-time', 'PT12H5M46S', 'measurement', { 'engine/run-time': 'PT12H5M46S' }],
    ['homie/5/super-car/engine/last', '2024-05-01T10:00:00Z', 'measurement', { 'engine/last': '2024-05-01T10:00:00Z' }],
    ['homie/5/super-car/engine/start', 'true', 'event'],
    ['homie/5/super-car/engine/paint', 'rgb,100,100,100', 'measurement', { 'engine/paint': 'rgb,100,100,100' }],
    [
      'homie/5/super-car/engine/tilt',
      '{"x":1.5,"y":[2]}',
      'measurement',
      { 'engine/tilt.x': 1.5, 'engine/tilt.y.0': 2 },
    ],
    ['homie/5/super-car/engine/tilt', '5', 'failed'],
    ['homie/5/super-car/engine/warmth', '325', 'measurement', { 'engine/warmth [mired]': 325 }],
    ['homie/5/super-car/engine/note', '\0', 'measurement', { 'engine/note': '' }],
    ['homie/5/super-car/engine/note', '12', 'measurement', { 'engine/note': '12' }],
    ['homie/5/super-car/engine/unknown', '12', 'measurement', { 'engine/unknown': 12 }],
    ['homie/5/mydevid/$alert/battery', 'Battery is low, at 8%', 'event'],
    ['/homie/5/mydevid/$alert/battery', 'Battery is low, at 8%', 'event'],
    ['homie/5/my-device/$log/warn', 'battery low', 'log'],
    ['homie/5/$broadcast/security/alert', 'Intruder detected', 'command'],
    ['homie/5/super-car/$description', 'no json', 'failed'],
    ['homie/5/super-car/engine/temperature', '20', 'measurement', { 'engine/temperature [Cel]': 20 }],
    ['homie/5/super-car/$description', '', 'discovery'],
    ['homie/5/super-car/engine/gear', '2', 'measurement', { 'engine/gear': 2 }],
  ]);
});

test('Homie 5: the devices behind a root are lost with it', () => {
  const codec = createHomie5Codec();
  const presence = (id: string, state: string) =>
    say(codec, `homie/5/${id}/$state`, state).sightings?.map((one) => `${one.device} ${one.presence ?? one.isGone}`);
  say(codec, 'homie/5/bridge/$description', { homie: '5.0', name: 'Zwave bridge', children: ['relay'] });
  say(codec, 'homie/5/relay/$description', {
    homie: '5.0',
    name: 'Relay',
    root: 'bridge',
    children: ['light1', 'light2'],
  });
  const light = say(codec, 'homie/5/light1/$description', {
    homie: '5.0',
    name: 'Light',
    root: 'bridge',
    parent: 'relay',
  });
  assert.deepEqual(light.sightings, [
    { device: 'light1', name: 'Light', via: 'relay', attributes: [['homieVersion', '5.0']] },
  ]);
  say(codec, 'homie/5/light2/$description', { homie: '5.0', name: 'Light 2', root: 'bridge', parent: 'relay' });
  assert.deepEqual(presence('bridge', 'ready'), ['bridge online']);
  for (const id of ['relay', 'light1', 'light2']) assert.deepEqual(presence(id, 'ready'), [`${id} online`]);
  assert.deepEqual(presence('light2', 'disconnected'), ['light2 offline']);
  assert.deepEqual(presence('bridge', 'lost')?.toSorted(), [
    'bridge offline',
    'light1 offline',
    'light2 offline',
    'relay offline',
  ]);
  assert.deepEqual(presence('light1', 'ready'), ['light1 offline']);
  assert.deepEqual(presence('bridge', 'init')?.toSorted(), [
    'bridge online',
    'light1 online',
    'light2 offline',
    'relay online',
  ]);
  assert.deepEqual(presence('bridge', 'ready'), ['bridge online']);
  // Only a root takes its tree along.
  assert.deepEqual(presence('relay', 'lost'), ['relay offline']);
  assert.deepEqual(presence('light1', ''), ['light1 true']);
});

test('Homie 5: a tree that is its own branch ends', () => {
  const codec = createHomie5Codec();
  say(codec, 'homie/5/a/$description', { children: ['a', 'b'], root: 'b' });
  say(codec, 'homie/5/b/$description', { children: ['a', 'b'], root: 'a' });
  assert.equal(say(codec, 'homie/5/a/$state', 'lost').kind, 'availability');
});

test('lessons are what is needed later', () => {
  const four = createHomie4Codec();
  for (const attribute of ['$datatype', '$unit', '$retained']) {
    assert.equal(say(four, `homie/a/b/c/${attribute}`, 'float').isLesson, true);
  }
  for (const topic of ['homie/a/b/c/$name', 'homie/a/$name', 'homie/a/$state', 'homie/a/b/c']) {
    assert.notEqual(say(four, topic, '5').isLesson, true, topic);
  }
  const five = createHomie5Codec();
  assert.equal(say(five, 'homie/5/car/$description', car).isLesson, true);
  assert.equal(say(five, 'homie/5/car/$state', 'ready').isLesson, true);
  assert.notEqual(say(five, 'homie/5/lone/$state', 'ready').isLesson, true);
});

test('what is known of properties is bounded', () => {
  const four = createHomie4Codec();
  say(four, 'homie/real/n/p/$unit', 'V');
  const five = createHomie5Codec();
  say(five, 'homie/5/real/$description', { nodes: { n: { properties: { p: { datatype: 'float', unit: 'V' } } } } });
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < 100_000; i++) {
    say(four, `homie/d${i}/n/p/$unit`, 'W');
    if (i % 100 === 0) assert.deepEqual(fieldsOf(say(four, 'homie/real/n/p', '3')), { 'n/p [V]': 3 });
  }
  const description = JSON.stringify({
    nodes: { n: { properties: { p: { datatype: 'float', x: 'x'.repeat(10_000) } } } },
  });
  for (let i = 0; i < 5000; i++) {
    say(five, `homie/5/d${i}/$description`, description);
    if (i % 100 === 0) assert.deepEqual(fieldsOf(say(five, 'homie/5/real/n/p', '3')), { 'n/p [V]': 3 });
  }
  const grown = (process.memoryUsage().heapUsed - before) / 2 ** 20;
  assert.ok(grown < 150, `${grown} MB more`);
});

type Claimed = readonly [make: () => Codec, topic: string, confidence: number | undefined];

const claims: readonly Claimed[] = [
  [createHomie4Codec, 'homie/super-car/$homie', 0.95],
  [createHomie4Codec, 'homie/super-car/engine/temperature', 0.95],
  [createHomie4Codec, 'homie/super-car/engine/temperature/$unit', 0.95],
  [createHomie4Codec, 'homie/5/super-car/$state', undefined],
  [createHomie4Codec, 'homie/super-car', undefined],
  [createHomie4Codec, 'site/super-car/$homie', 0.85],
  [createHomie4Codec, 'site/super-car/engine/temperature', undefined],
  [createHomie5Codec, 'homie/5/super-car/$state', 0.97],
  [createHomie5Codec, 'homie/5/super-car/engine/temperature', 0.97],
  [createHomie5Codec, '/homie/5/mydevid/$alert/battery', 0.97],
  [createHomie5Codec, 'homie/super-car/$state', undefined],
  [createHomie5Codec, 'site/5/car/$description', 0.92],
  [createHomie5Codec, 'site/5/car/engine/temperature', undefined],
];

for (const [make, topic, confidence] of claims) {
  test(`whether ${make.name} claims ${topic}`, () => {
    assert.equal(make().claims?.(topic, Buffer.from('1'))?.confidence, confidence);
  });
}

test("Homie 4 under a base topic of somebody's own", () => {
  const codec = createHomie4Codec();
  const claim = (topic: string, payload: string) => codec.claims?.(topic, Buffer.from(payload))?.confidence;
  assert.equal(claim('site/super-car/$homie', '4.0.0'), 0.95);
  assert.equal(claim('site/super-car/engine/temperature', '21.5'), undefined);
  assert.equal(say(codec, 'site/super-car/$homie', '4.0.0').isLesson, true);
  assert.equal(claim('site/super-car/engine/temperature', '21.5'), 0.92);
  assert.equal(claim('site/bicycle/engine/temperature', '21.5'), undefined);
});

test('any bytes', () => {
  const texts = ['21.5', '-3.5e1', 'true', 'lost', '{"x":1.5,"y":[2]}', JSON.stringify(car), 'rgb,1,2,3', '°C', ''];
  const real = texts.map((text) => Buffer.from(text));
  for (const end of ['$state', '$description', 'engine/temperature', 'engine/tilt', '$alert/x']) {
    const taught = () => {
      const codec = createHomie5Codec();
      say(codec, 'homie/5/car/$description', car);
      return codec;
    };
    assertSurvives(taught, real, `homie/5/car/${end}`);
  }
  for (const end of ['$state', '$stats/uptime', 'n/p', 'n/p/$datatype', 'n/p/$unit']) {
    assertSurvives(createHomie4Codec, real, `homie/car/${end}`);
  }
});
