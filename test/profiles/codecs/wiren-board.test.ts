import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Codec } from '../../../src/profiles/codec.ts';
import { createWirenBoardCodec } from '../../../src/profiles/codecs/wiren-board.ts';
import { assertBounded, assertSurvives, fieldsOf, inputOf } from './codec-support.ts';

const say = (codec: Codec, topic: string, payload: string) => codec.decode(inputOf(payload, { topic }));

type Said = readonly [topic: string, payload: string, kind: string, fields?: Record<string, unknown>];

/** In turn: what comes before teaches what comes after. Topics as in github.com/wirenboard/conventions README.md. */
const said: readonly Said[] = [
  ['/devices/RoomLight/meta', '{"driver":"wb-rules","title":{"en":"Room light","ru":"Свет"}}', 'discovery'],
  ['/devices/RoomLight/meta/name', 'Room light', 'discovery'],
  ['/devices/RoomLight/controls/Lamp', '1', 'measurement', { Lamp: 1 }],
  ['/devices/RoomLight/controls/Lamp/meta', '{"type":"switch","order":1,"readonly":false}', 'discovery'],
  ['/devices/RoomLight/controls/Lamp', '1', 'measurement', { Lamp: true }],
  ['/devices/RoomLight/controls/Lamp', '0', 'measurement', { Lamp: false }],
  ['/devices/RoomLight/controls/Lamp', '2', 'failed'],
  ['/devices/RoomLight/controls/Lamp/on', '1', 'command'],
  ['/devices/RoomLight/controls/Lamp/meta/order', '1', 'discovery'],
  ['/devices/RoomLight/controls/Lamp/meta/error', 'r', 'availability'],
  ['/devices/RoomLight/meta/error', '', 'availability'],
  // one message for each key, as older drivers send them
  ['/devices/wb-adc/controls/Vin/meta/type', 'voltage', 'discovery'],
  ['/devices/wb-adc/controls/Vin/meta/readonly', '1', 'discovery'],
  ['/devices/wb-adc/controls/Vin', '23.894', 'measurement', { 'Vin [V]': 23.894 }],
  ['/devices/wb-w1/controls/28-0316a2795aa9/meta/type', 'temperature', 'discovery'],
  ['/devices/wb-w1/controls/28-0316a2795aa9', '24.562', 'measurement', { '28-0316a2795aa9 [Cel]': 24.562 }],
  ['/devices/wb-w1/controls/28-0316a2795aa9', 'nan', 'failed'],
  // github.com/sprut/Hub issue 1198
  ['/devices/wb-dac/controls/MOD1_O1/meta/type', 'range', 'discovery'],
  ['/devices/wb-dac/controls/MOD1_O1/meta/max', '10000', 'discovery'],
  ['/devices/wb-dac/controls/MOD1_O1', '0', 'measurement', { MOD1_O1: 0 }],
  // units, in either order with the type
  ['/devices/wb-map3e_34/controls/Total AP energy/meta/units', 'kWh', 'discovery'],
  ['/devices/wb-map3e_34/controls/Total AP energy/meta/type', 'value', 'discovery'],
  ['/devices/wb-map3e_34/controls/Total AP energy', '1234.5', 'measurement', { 'Total AP energy [kWh]': 1234.5 }],
  ['/devices/wb-msw-v3_21/controls/Humidity/meta', '{"type":"value","units":"%, RH"}', 'discovery'],
  ['/devices/wb-msw-v3_21/controls/Humidity', '41.2', 'measurement', { 'Humidity [%RH]': 41.2 }],
  ['/devices/wb-msw-v3_21/controls/Temperature/meta', '{"type":"value","units":"deg C"}', 'discovery'],
  ['/devices/wb-msw-v3_21/controls/Temperature', '+21.5', 'measurement', { 'Temperature [Cel]': 21.5 }],
  ['/devices/wb-msw-v3_21/controls/Sound Level/meta/type', 'sound_level', 'discovery'],
  ['/devices/wb-msw-v3_21/controls/Sound Level', '38.21', 'measurement', { 'Sound Level [dB]': 38.21 }],
  ['/devices/wb-msw-v3_21/controls/Illuminance/meta/type', 'lux', 'discovery'],
  ['/devices/wb-msw-v3_21/controls/Illuminance', '120', 'measurement', { 'Illuminance [lx]': 120 }],
  ['/devices/m/controls/Pressure/meta/type', 'atmospheric_pressure', 'discovery'],
  ['/devices/m/controls/Pressure', '1001', 'measurement', { 'Pressure [hPa]': 1001 }],
  ['/devices/m/controls/Flow/meta', '{"type":"value","units":"m^3/h"}', 'discovery'],
  ['/devices/m/controls/Flow', '0.4', 'measurement', { 'Flow [m3/h]': 0.4 }],
  ['/devices/m/controls/Color/meta/type', 'rgb', 'discovery'],
  ['/devices/m/controls/Color', '255;0;10', 'measurement', { Color: '255;0;10' }],
  ['/devices/m/controls/Button/meta/type', 'pushbutton', 'discovery'],
  ['/devices/m/controls/Button', '1', 'event'],
  ['/devices/m/controls/Serial/meta/type', 'text', 'discovery'],
  ['/devices/m/controls/Serial', '0042', 'measurement', { Serial: '0042' }],
  ['/devices/m/controls/Odd/meta/type', 'homegrown', 'discovery'],
  ['/devices/m/controls/Odd', 'on', 'measurement', { Odd: 'on' }],
  ['/devices/m/controls/Untold', '08:01', 'measurement', { Untold: '08:01' }],
  ['/devices/m/controls/Untold', '', 'raw'],
  ['/devices/RoomLight/controls/Lamp/meta', '', 'discovery'],
  ['/devices/RoomLight/controls/Lamp', '1', 'measurement', { Lamp: 1 }],
  ['/devices/RoomLight/controls/Lamp/meta', 'no json', 'failed'],
  ['/devices/RoomLight/meta', 'no json', 'failed'],
  ['/devices/RoomLight/controls/Lamp/meta/a/b', '1', 'raw'],
  ['/devices/RoomLight/else/Lamp', '1', 'raw'],
];

test('Wiren Board: controls, their types and units', () => {
  const codec = createWirenBoardCodec();
  for (const [topic, payload, kind, fields = {}] of said) {
    const output = say(codec, topic, payload);
    assertBounded(output);
    assert.deepEqual([output.kind, fieldsOf(output)], [kind, fields], `${topic} ${payload}: ${output.failure ?? ''}`);
  }
});

type Seen = readonly [topic: string, payload: string, sightings: readonly object[], isLesson?: true];

const seen: readonly Seen[] = [
  [
    '/devices/RoomLight/meta',
    '{"driver":"wb-rules","title":{"en":"Room light","ru":"Свет"}}',
    [{ device: 'RoomLight', name: 'Room light', attributes: [['driver', 'wb-rules']] }],
  ],
  ['/devices/RoomLight/meta', '{"title":{"ru":"Свет"}}', [{ device: 'RoomLight', name: 'Свет' }]],
  ['/devices/RoomLight/meta', '', [{ device: 'RoomLight', isGone: true }]],
  ['/devices/RoomLight/meta/name', 'Room light', [{ device: 'RoomLight', name: 'Room light' }]],
  ['/devices/RoomLight/meta/error', 'r', [{ device: 'RoomLight', presence: 'offline', attributes: [['error', 'r']] }]],
  ['/devices/RoomLight/meta/error', '', [{ device: 'RoomLight', presence: 'online', attributes: [['error', '']] }]],
  [
    '/devices/RoomLight/controls/Lamp/meta/error',
    'rp',
    [{ device: 'RoomLight', attributes: [['errors', 'Lamp: rp']] }],
  ],
  ['/devices/RoomLight/controls/Lamp/meta/type', 'switch', [{ device: 'RoomLight' }], true],
  [
    '/client/wb-a1/devices/RoomLight/meta/name',
    'Room light',
    [{ device: 'client/wb-a1:RoomLight', name: 'Room light' }],
  ],
];

for (const [topic, payload, sightings, isLesson] of seen) {
  test(`Wiren Board ${topic} ${payload.slice(0, 20)}`, () => {
    const output = say(createWirenBoardCodec(), topic, payload);
    assert.deepEqual([output.sightings, output.isLesson], [sightings, isLesson]);
  });
}

test('errors of controls are told until they are over', () => {
  const codec = createWirenBoardCodec();
  const errors = (control: string, error: string) =>
    say(codec, `/devices/d/controls/${control}/meta/error`, error).sightings?.[0]?.attributes?.[0]?.[1];
  assert.deepEqual(
    [errors('a', 'r'), errors('b', 'w'), errors('a', ''), errors('b', '')],
    ['a: r', 'a: r, b: w', 'b: w', ''],
  );
  for (let i = 0; i < 1000; i++) assert.ok(String(errors(`c${i}`, 'r')).length <= 500);
  // Those beyond fifty are not remembered.
  for (let i = 0; i < 50; i++) errors(`c${i}`, '');
  assert.equal(errors('c0', ''), '');
});

const claims: readonly (readonly [topic: string, confidence: number | undefined])[] = [
  ['/devices/RoomLight/controls/Lamp', 0.95],
  ['/devices/RoomLight/controls/Lamp/on', 0.95],
  ['/devices/RoomLight/controls/Sound Level/meta/type', 0.95],
  ['/devices/RoomLight/meta', 0.95],
  ['devices/RoomLight/controls/Lamp', 0.8],
  ['devices/RoomLight/meta', undefined],
  ['devices/abc/messages/events', undefined],
  ['v1/devices/me/telemetry', undefined],
  ['v3/app@ttn/devices/dev1/up', undefined],
  ['/devices/RoomLight', undefined],
];

for (const [topic, confidence] of claims) {
  test(`whether ${topic} is claimed`, () => {
    assert.equal(createWirenBoardCodec().claims?.(topic, Buffer.from('1'))?.confidence, confidence);
  });
}

test('any bytes', () => {
  const real = said.map(([, payload]) => Buffer.from(payload));
  for (const end of [
    'controls/a',
    'controls/a/meta',
    'controls/a/meta/type',
    'controls/a/meta/error',
    'meta',
    'meta/error',
  ]) {
    assertSurvives(createWirenBoardCodec, real, `/devices/d/${end}`);
  }
});
