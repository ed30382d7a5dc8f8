import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createZigbee2mqttCodec } from '../../../src/profiles/codecs/zigbee2mqtt/zigbee2mqtt.ts';
import { assertBounded, assertSurvives, fieldsOf, inputOf, receivedAtMs } from './codec-support.ts';
import { bridgeDevices } from './vectors/zigbee2mqtt.ts';

type Codec = ReturnType<typeof createZigbee2mqttCodec>;

const say = (codec: Codec, topic: string, payload: string | object) =>
  codec.decode(inputOf(typeof payload === 'string' ? payload : JSON.stringify(payload), { topic }));

function taught(base = 'zigbee2mqtt'): Codec {
  const codec = createZigbee2mqttCodec();
  assert.equal(say(codec, `${base}/bridge/devices`, bridgeDevices).isLesson, true);
  return codec;
}

type Row = readonly [name: string, payload: string, fields: Record<string, unknown>, isKept?: 'kept'];

/** Before the bridge told anything. Koenkk/zigbee2mqtt.io docs/guide/usage/mqtt_topics_and_messages.md, and the tests of Zigbee2MQTT. */
const untold: readonly Row[] = [
  [
    'FRIENDLY_NAME',
    '{\n  "temperature": 27.34,\n  "humidity": 44.72\n}',
    { 'temperature [Cel]': 27.34, 'humidity [%RH]': 44.72 },
  ],
  [
    'FRIENDLY_NAME',
    '{\n  "state": "ON",\n  "brightness": 215,\n  "color_temp": 325\n}',
    { state: true, brightness: 215, 'color_temp [mired]': 325 },
  ],
  ['FRIENDLY_NAME', '{"occupancy": true}', { occupancy: true }],
  ['weather_sensor', '{"temperature":-0.85}', { 'temperature [Cel]': -0.85 }],
  ['J1_cover', '{"position":10,"tilt":20,"state":"OPEN"}', { 'position [%]': 10, 'tilt [%]': 20, state: 'OPEN' }],
  ['wall_switch_double', '{"state_right":"OFF","power_left":2.5}', { state_right: false, 'power_left [W]': 2.5 }],
  ['strip', '{"state_l1":"ON","current_l2":0.1}', { state_l1: true, 'current_l2 [A]': 0.1 }],
  [
    'x',
    '{"battery":87,"voltage":3015,"linkquality":72}',
    { 'battery [%]': 87, voltage: 3015, 'linkquality [lqi]': 72 },
  ],
  [
    'x',
    '{"co2":612,"pm25":4,"illuminance":210,"soil_moisture":33,"energy":1.5}',
    { 'co2 [ppm]': 612, 'pm25 [ug/m3]': 4, 'illuminance [lx]': 210, 'soil_moisture [%]': 33, 'energy [kWh]': 1.5 },
  ],
  ['x', '{"color":{"x":0.3,"y":0.4},"color_mode":"xy"}', { 'color.x': 0.3, 'color.y': 0.4, color_mode: 'xy' }],
  [
    'x',
    '{"update":{"state":"idle","installed_version":1},"temperature":null,"contact":true}',
    { contact: true },
    'kept',
  ],
  ['a/b/c', '{"contact":false}', { contact: false }],
  ['x', '{"action":"single","battery":100}', { 'battery [%]': 100 }, 'kept'],
  ['x', '{"action":"","battery":100}', { 'battery [%]': 100 }, 'kept'],
  ['x', '{"state":"ON","device":{"ieeeAddr":"0x1","model":"M"}}', { state: true }, 'kept'],
];

for (const [name, payload, fields, isKept] of untold) {
  test(`Zigbee2MQTT ${name}: ${payload.slice(0, 50)}`, () => {
    const output = say(createZigbee2mqttCodec(), `zigbee2mqtt/${name}`, payload);
    assertBounded(output);
    assert.deepEqual([output.kind, fieldsOf(output), output.isComplete], ['measurement', fields, isKept === undefined]);
    assert.equal(output.parts[0]?.device, name);
  });
}

const told: readonly Row[] = [
  [
    'plugs/desk lamp',
    '{"state":"ON","power":12.5,"voltage":229,"device_temperature":31}',
    { state: true, 'power [W]': 12.5, 'voltage [V]': 229, 'device_temperature [Cel]': 31 },
  ],
  [
    'weather_sensor',
    '{"voltage":3015,"humidity":44.72,"battery":97}',
    { 'voltage [mV]': 3015, 'humidity [%]': 44.72, 'battery [%]': 97 },
  ],
  [
    'bulb_color_2',
    '{"color":{"hue":30,"saturation":70},"power_on_behavior":"ON","state":"OFF"}',
    { 'color.hue [deg]': 30, 'color.saturation': 70, power_on_behavior: 'ON', state: false },
  ],
  ['bulb_color_2', '{"level_config":{"execute_if_off":true}}', { 'level_config.execute_if_off': true }],
  [
    'TS0601_thermostat',
    '{"local_temperature":21.5,"system_mode":"heat","away_mode":"AWAY","child_lock":"UNLOCK","window_detection":"ON","schedule":[18,21]}',
    {
      'local_temperature [Cel]': 21.5,
      system_mode: 'heat',
      away_mode: true,
      child_lock: 'UNLOCK',
      window_detection: true,
      'schedule.0 [Cel]': 18,
      'schedule.1 [Cel]': 21,
    },
  ],
  ['J1_cover', '{"state":"CLOSE","position":0}', { state: 'CLOSE', 'position [%]': 0 }],
  [
    'wall_switch_double',
    '{"state_left":"ON","device_temperature":28}',
    { state_left: true, 'device_temperature [Cel]': 28 },
  ],
  ['unsupported2', '{"temperature":20}', { 'temperature [Cel]': 20 }],
  // each property on a topic of its own
  ['plugs/desk lamp/voltage', '229', { 'voltage [V]': 229 }],
  ['plugs/desk lamp/state', 'ON', { state: true }],
  ['bulb_color_2/power_on_behavior', 'ON', { power_on_behavior: 'ON' }],
];

for (const [name, payload, fields] of told) {
  test(`Zigbee2MQTT with its bridge's word, ${name}: ${payload.slice(0, 50)}`, () => {
    const output = say(taught(), `zigbee2mqtt/${name}`, payload);
    assertBounded(output);
    assert.deepEqual([output.kind, fieldsOf(output), output.isComplete], ['measurement', fields, true]);
  });
}

type Kind = readonly [topic: string, payload: string, kind: string, sightings?: readonly object[]];

const kinds: readonly Kind[] = [
  ['bridge/state', '{"state":"offline"}', 'availability', [{ device: 'bridge', presence: 'offline' }]],
  ['bridge/state', 'online', 'availability', [{ device: 'bridge', presence: 'online' }]],
  [
    'bridge/event',
    '{"type":"device_joined","data":{"friendly_name":"0x90fd9ffffe6494fc","ieee_address":"0x90fd9ffffe6494fc"}}',
    'discovery',
    [
      {
        device: '0x90fd9ffffe6494fc',
        name: '0x90fd9ffffe6494fc',
        via: 'bridge',
        attributes: [['address', '0x90fd9ffffe6494fc']],
      },
    ],
  ],
  [
    'bridge/event',
    '{"type":"device_leave","data":{"ieee_address":"0x90fd9ffffe6494fc","friendly_name":"my_bulb"}}',
    'discovery',
    [{ device: 'my_bulb', isGone: true }],
  ],
  [
    'bridge/logging',
    '{"level": "info", "message": "Zigbee: allowing new devices to join."}',
    'log',
    [{ device: 'bridge' }],
  ],
  ['bridge/log', '{"type":"pairing","message":"interview_successful"}', 'log', [{ device: 'bridge' }]],
  ['bridge/groups', '[{"id":1,"friendly_name":"my_group","scenes":[],"members":[]}]', 'discovery'],
  ['bridge/definitions', '{"clusters":{}}', 'discovery'],
  ['bridge/extensions', '[]', 'discovery'],
  ['bridge/converters', '[]', 'discovery'],
  ['bridge/response/permit_join', '{"data":{"value":true},"status":"ok"}', 'command'],
  ['bridge/request/permit_join', '{"value": true}', 'command'],
  ['bridge/response/device/ota_update/check', '{"data":{},"status":"ok"}', 'command'],
  [
    'bridge/info',
    '{"version":"1.13.0-dev","commit":"772f6c0","coordinator":{"ieee_address": "0x12345678","type":"zStack30x","meta":{"revision":20190425}}}',
    'discovery',
    [
      {
        device: 'bridge',
        attributes: [
          ['model', 'Zigbee2MQTT'],
          ['firmware', '1.13.0-dev'],
          ['address', '0x12345678'],
          ['hardware', 'zStack30x'],
        ],
      },
    ],
  ],
  [
    'kitchen/floor_light/availability',
    '{"state":"online"}',
    'availability',
    [{ device: 'kitchen/floor_light', presence: 'online' }],
  ],
  ['kitchen/availability', 'offline', 'availability', [{ device: 'kitchen', presence: 'offline' }]],
  ['kitchen/set', '{"state": "ON"}', 'command'],
  ['kitchen/set/state', 'ON', 'command'],
  ['kitchen/left/set', '{"state": "ON"}', 'command'],
  ['kitchen/get', '{"state": ""}', 'command'],
  ['kitchen', '{"action":"single"}', 'event', [{ device: 'kitchen' }]],
  ['kitchen', '{"action":"on_hold","action_duration":1.6}', 'event', [{ device: 'kitchen' }]],
  ['kitchen', '{"action":null}', 'raw', [{ device: 'kitchen' }]],
  ['kitchen', '', 'raw'],
  ['kitchen', 'no json', 'raw'],
];

for (const [topic, payload, kind, sightings] of kinds) {
  test(`Zigbee2MQTT ${topic} ${payload.slice(0, 40)} is ${kind}`, () => {
    const output = say(createZigbee2mqttCodec(), `zigbee2mqtt/${topic}`, payload);
    assertBounded(output);
    assert.deepEqual([output.kind, output.sightings], [kind, sightings]);
  });
}

test('the list of devices tells who they are, and who is gone', () => {
  const codec = taught();
  const list = bridgeDevices.map((one) =>
    one.friendly_name === 'remote' ? { ...one, friendly_name: 'hall remote' } : one,
  );
  const { sightings = [] } = say(codec, 'zigbee2mqtt/bridge/devices', list);
  assert.deepEqual(sightings[0], { device: 'bridge', attributes: [['address', '0x00124b00120144ae']] });
  assert.deepEqual(sightings[2], {
    device: 'hall remote',
    name: 'hall remote',
    via: 'bridge',
    attributes: [
      ['address', '0x0017880104e45517'],
      ['manufacturer', 'Philips'],
      ['model', '324131092621'],
      ['description', 'Hue dimmer switch'],
      ['modelId', 'RWL021'],
      ['powerSource', 'Battery'],
      ['zigbeeType', 'EndDevice'],
    ],
  });
  assert.deepEqual(sightings.at(-1), { device: 'remote', isGone: true });
  assert.deepEqual(sightings.at(-2)?.attributes?.at(-1), ['disabled', true]);
});

test('bridges with other base topics keep their devices apart', () => {
  const codec = taught('home/zigbee');
  assert.equal(say(codec, 'home/zigbee/bridge/state', 'online').sightings?.[0]?.device, 'home/zigbee:bridge');
  const lamp = say(codec, 'home/zigbee/plugs/desk lamp', '{"voltage":229}');
  assert.deepEqual([lamp.parts[0]?.device, fieldsOf(lamp)], ['home/zigbee:plugs/desk lamp', { 'voltage [V]': 229 }]);
  const other = say(codec, 'zigbee2mqtt/plugs/desk lamp', '{"voltage":229}');
  assert.deepEqual([other.parts[0]?.device, fieldsOf(other)], ['plugs/desk lamp', { voltage: 229 }]);
});

test('last_seen is the time, where it can be', () => {
  const times: readonly (readonly [lastSeen: unknown, timeMs: number | undefined])[] = [
    ['2026-03-01T11:59:58.000Z', receivedAtMs - 2000],
    ['2026-03-01T12:59:58+01:00', receivedAtMs - 2000],
    [receivedAtMs - 1500, receivedAtMs - 1500],
    ['1970-01-01T00:00:08Z', undefined],
    [8000, undefined],
    ['yesterday', undefined],
    [receivedAtMs + 100 * 86_400_000, undefined],
  ];
  for (const [last_seen, timeMs] of times) {
    const output = say(createZigbee2mqttCodec(), 'zigbee2mqtt/x', { temperature: 1, last_seen });
    assert.equal(output.parts[0]?.timeMs, timeMs, String(last_seen));
    assert.equal('last_seen' in fieldsOf(output), timeMs === undefined, String(last_seen));
    assert.equal(output.isComplete, true);
  }
});

test('the health of the bridge is of its own machine', () => {
  const health = {
    response_time: 1,
    os: { load_average: [0.5, 0.4, 0.3], memory_used_mb: 512.3, memory_percent: 12.5 },
    process: { uptime_sec: 100, memory_used_mb: 90.1 },
    mqtt: { connected: true, queued: 0, received: 12, published: 34 },
    devices: { '0x1': { messages: 3, leave_count: 0 } },
  };
  const output = say(createZigbee2mqttCodec(), 'zigbee2mqtt/bridge/health', health);
  assert.deepEqual(
    [output.kind, output.parts[0]?.device, fieldsOf(output)['mqtt.published'], output.isComplete],
    ['measurement', 'bridge', 34, false],
  );
});

type Claimed = readonly [topic: string, payload: string, confidence: number | undefined];

const claims: readonly Claimed[] = [
  ['zigbee2mqtt/kitchen', '{"temperature":1}', 0.93],
  ['zigbee2mqtt/kitchen', '21', undefined],
  ['zigbee2mqtt/kitchen/availability', 'online', 0.93],
  ['zigbee2mqtt/bridge/state', 'online', 0.97],
  ['home/zigbee/kitchen', '{"temperature":1}', 0.96],
  ['home/zigbee/bridge/logging', '{}', 0.97],
  ['other/bridge/devices', JSON.stringify(bridgeDevices), 0.97],
  ['other/bridge/info', '{"version":"1","coordinator":{}}', 0.97],
  ['other/bridge/state', 'online', undefined],
  ['other/bridge/devices', '[]', undefined],
  ['other/kitchen', '{"temperature":1}', undefined],
  ['zigbee2mqtt', '{}', undefined],
];

for (const [topic, payload, confidence] of claims) {
  test(`whether ${topic} ${payload.slice(0, 20)} is claimed`, () => {
    assert.equal(taught('home/zigbee').claims?.(topic, Buffer.from(payload))?.confidence, confidence);
  });
}

test('what cannot be a list of devices', () => {
  const codec = createZigbee2mqttCodec({ maxBridges: 2, maxDevices: 20, maxProperties: 10 });
  assert.match(say(codec, 'zigbee2mqtt/bridge/devices', '{}').failure ?? '', /no JSON array/);
  assert.match(say(codec, 'zigbee2mqtt/bridge/info', '[]').failure ?? '', /no JSON object/);
  const many = Array.from({ length: 21 }, () => ({}));
  assert.match(say(codec, 'zigbee2mqtt/bridge/devices', many).failure ?? '', /21 devices; up to 20/);
  assert.match(say(codec, 'zigbee2mqtt/bridge/devices', ' '.repeat(8_400_000)).failure ?? '', /8400000 bytes/);
  // A bridge whose devices have more properties than are remembered is understood by what is common.
  say(codec, 'zigbee2mqtt/bridge/devices', bridgeDevices);
  assert.deepEqual(fieldsOf(say(codec, 'zigbee2mqtt/weather_sensor', '{"voltage":3015,"temperature":1}')), {
    voltage: 3015,
    'temperature [Cel]': 1,
  });
  // Who announces bridges without end pushes out the silent ones only.
  for (let i = 0; i < 100; i++) {
    say(codec, `b${i}/bridge/state`, 'online');
    assert.equal(codec.claims?.('zigbee2mqtt/weather_sensor', Buffer.from('{}'))?.confidence, 0.96, `after ${i}`);
  }
});

test('any bytes', () => {
  const real = [...untold, ...told].map(([, payload]) => Buffer.from(payload));
  assertSurvives(taught, real, 'zigbee2mqtt/TS0601_thermostat');
  assertSurvives(
    createZigbee2mqttCodec,
    [Buffer.from(JSON.stringify(bridgeDevices.slice(0, 3)))],
    'zigbee2mqtt/bridge/devices',
  );
  const messages = kinds.map(([, payload]) => Buffer.from(payload));
  for (const leaf of ['event', 'info', 'state', 'health']) {
    assertSurvives(createZigbee2mqttCodec, messages, `zigbee2mqtt/bridge/${leaf}`);
  }
});
