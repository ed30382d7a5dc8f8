import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHomeAssistantCodec } from '../../../src/profiles/codecs/home-assistant/home-assistant.ts';
import { assertBounded, assertSurvives, fieldsOf, inputOf, limits } from './codec-support.ts';
import { scenes } from './vectors/home-assistant.ts';

type Codec = ReturnType<typeof createHomeAssistantCodec>;

const say = (codec: Codec, topic: string, payload: string | object) =>
  codec.decode(inputOf(typeof payload === 'string' ? payload : JSON.stringify(payload), { topic }));

/** Teaches one entity, with its state on `t`. */
function taught(component: string, config: object): Codec {
  const codec = createHomeAssistantCodec();
  const output = say(codec, `homeassistant/${component}/x/config`, { name: 'X', stat_t: 't', ...config });
  assert.equal(output.kind, 'discovery', output.failure);
  assert.equal(output.isLesson, true);
  return codec;
}

for (const { source, messages } of scenes) {
  test(`discovery: ${source}`, () => {
    const codec = createHomeAssistantCodec();
    for (const { topic, payload, kind, fields = {}, devices, isKept, presence } of messages) {
      const output = say(codec, topic, payload);
      assertBounded(output);
      const place = `${topic} ${payload.slice(0, 60)}`;
      assert.deepEqual([output.kind, fieldsOf(output)], [kind, fields], place);
      if (devices !== undefined)
        assert.deepEqual(
          output.parts.map((part) => part.device),
          devices,
          place,
        );
      if (kind === 'measurement') assert.equal(output.isComplete, !isKept, place);
      if (presence === undefined) continue;
      assert.deepEqual(
        Object.fromEntries(output.sightings?.map((one) => [one.device, one.presence]) ?? []),
        presence,
        place,
      );
    }
  });
}

type Row = readonly [
  component: string,
  config: object,
  topic: string,
  payload: string,
  fields: Record<string, unknown>,
];

const rows: readonly Row[] = [
  // numbers
  ['sensor', { unit_of_meas: 'W' }, 't', '007.50', { 'X [W]': 7.5 }],
  ['sensor', { stat_cla: 'total' }, 't', ' 465 ', { X: 465 }],
  ['sensor', { unit_of_meas: 'W' }, 't', 'nan', {}],
  ['sensor', { unit_of_meas: 'W' }, 't', 'unavailable', {}],
  ['sensor', { unit_of_meas: '  ' }, 't', '08:01:02', { X: '08:01:02' }],
  ['sensor', {}, 't', '007', { X: '007' }],
  ['sensor', { '~': 'base', stat_t: '~/a' }, 'base/a', '1', { X: 1 }],
  ['sensor', { '~': 'base', stat_t: 'a/~' }, 'a/base', '1', { X: 1 }],
  ['sensor', { '~': 'base', stat_t: 'a~b' }, 'a~b', '1', { X: 1 }],
  ['sensor', {}, 't', '42', { X: 42 }],
  ['sensor', {}, 't', '9007199254740993', { X: 9007199254740993n }],
  [
    'sensor',
    { val_tpl: '{{ value_json.v | float / 10 }}', unit_of_meas: '°C' },
    't',
    '{"v":"215"}',
    { 'X [Cel]': 21.5 },
  ],
  ['sensor', { val_tpl: '{{ value_json.ns }}' }, 't', '{"ns":1763836513123456789}', { X: 1763836513123456789n }],
  ['sensor', { unit_of_meas: 'W' }, 't', '{"a":1}', {}],
  ['sensor', { lrst_t: 'r' }, 'r', '2024-01-01T00:00:00+00:00', { 'X.last_reset': '2024-01-01T00:00:00+00:00' }],
  // on and off
  ['switch', {}, 't', 'ON', { X: true }],
  ['switch', { pl_on: '1', pl_off: '0' }, 't', '0', { X: false }],
  ['switch', { pl_on: 'on!', stat_on: 'yes', stat_off: 'no' }, 't', 'yes', { X: true }],
  ['switch', { pl_on: true, pl_off: false }, 't', 'true', { X: true }],
  ['switch', { val_tpl: '{{ value_json.state }}' }, 't', '{"state":"OFF"}', { X: false }],
  ['switch', { val_tpl: "{{ 'ON' if value_json.power > 5 else 'OFF' }}" }, 't', '{"power":6}', { X: true }],
  ['binary_sensor', { pl_on: 1, pl_off: 0, val_tpl: '{{ value_json.a }}' }, 't', '{"a":1}', { X: true }],
  ['binary_sensor', {}, 't', 'maybe', { X: 'maybe' }],
  // lights
  [
    'light',
    { schema: 'json' },
    't',
    '{"state":"ON","brightness":254,"color_temp":250,"color":{"x":0.3,"y":0.4},"linkquality":9}',
    { X: true, 'X.brightness': 254, 'X.color_temp [mired]': 250, 'X.color.x': 0.3, 'X.color.y': 0.4 },
  ],
  ['light', { bri_stat_t: 'b', rgb_stat_t: 'c' }, 'b', '128', { 'X.brightness': 128 }],
  ['light', { bri_stat_t: 'b', rgb_stat_t: 'c' }, 'c', '255,0,10', { 'X.rgb': '255,0,10' }],
  ['light', { clr_temp_stat_t: 'k', clr_temp_k: true }, 'k', '2700', { 'X.color_temp [K]': 2700 }],
  [
    'light',
    { schema: 'template', stat_tpl: "{{ value.split(',')[0] }}", bri_tpl: '{{ value_json.b }}' },
    't',
    '{"b":3}',
    { 'X.brightness': 3 },
  ],
  // the others
  [
    'climate',
    { stat_t: undefined, curr_temp_t: 'c', temp_unit: 'F' },
    'c',
    '70',
    { 'X.current_temperature [degF]': 70 },
  ],
  ['climate', { act_t: 'a', pow_stat_t: 'p' }, 'a', 'heating', { 'X.action': 'heating' }],
  ['cover', { pos_t: 'p' }, 't', 'open', { X: 'open' }],
  ['cover', { pos_t: 'p' }, 'p', '42', { 'X.position [%]': 42 }],
  ['cover', { pos_t: 'p', pos_open: 255 }, 'p', '42', { 'X.position': 42 }],
  ['fan', { pct_stat_t: 'p', osc_stat_t: 'o' }, 'p', '30', { 'X.percentage [%]': 30 }],
  ['fan', { osc_stat_t: 'o' }, 'o', 'oscillate_on', { 'X.oscillation': true }],
  ['lock', {}, 't', 'LOCKED', { X: 'LOCKED' }],
  ['number', { unit_of_meas: 's' }, 't', '5', { 'X [s]': 5 }],
  ['select', { ops: ['1', '2'] }, 't', '1', { X: '1' }],
  ['text', {}, 't', '123', { X: '123' }],
  ['update', {}, 't', '1.2.3', { 'X.installed_version': '1.2.3' }],
  [
    'update',
    {},
    't',
    '{"installed_version":"1.2","latest_version":"1.3"}',
    { 'X.installed_version': '1.2', 'X.latest_version': '1.3' },
  ],
  [
    'vacuum',
    {},
    't',
    '{"battery_level":61,"state":"docked","fan_speed":"off"}',
    { 'X.battery_level [%]': 61, X: 'docked', 'X.fan_speed': 'off' },
  ],
  ['valve', {}, 't', '{"state":"opening","position":10}', { X: 'opening', 'X.position [%]': 10 }],
  ['siren', {}, 't', 'ON', { X: 'ON' }],
  ['humidifier', { curr_hum_t: 'h' }, 'h', '55', { 'X.current_humidity [%RH]': 55 }],
  [
    'device_tracker',
    { json_attr_t: 'a' },
    'a',
    '{"latitude":52.1,"longitude":4.9,"gps_accuracy":5}',
    { 'X.latitude [lat]': 52.1, 'X.longitude [lon]': 4.9, 'X.gps_accuracy [m]': 5 },
  ],
  ['device_tracker', {}, 't', 'home', { X: 'home' }],
  // attributes beside a state are left to the payload
  ['sensor', { val_tpl: '{{ value_json.a }}', json_attr_t: 't' }, 't', '{"a":1,"b":2}', { X: 1 }],
];

for (const [component, config, topic, payload, fields] of rows) {
  test(`${component} ${JSON.stringify(config).slice(0, 70)}: ${payload.slice(0, 40)}`, () => {
    const output = say(taught(component, config), topic, payload);
    assertBounded(output);
    assert.deepEqual([fieldsOf(output), output.kind], [fields, Object.keys(fields).length > 0 ? 'measurement' : 'raw']);
  });
}

test('buttons, scenes and commands tell nothing', () => {
  for (const component of ['button', 'scene']) {
    const codec = createHomeAssistantCodec();
    assert.equal(say(codec, `homeassistant/${component}/x/config`, { name: 'X', cmd_t: 't' }).isLesson, false);
  }
  const codec = createHomeAssistantCodec();
  say(codec, 'homeassistant/switch/x/config', { name: 'X', cmd_t: 'a/b', stat_t: 'a/b' });
  say(codec, 'homeassistant/switch/y/config', { name: 'Y', stat_t: 'cmnd/a/POWER' });
  assert.deepEqual([say(codec, 'a/b', 'ON').kind, say(codec, 'cmnd/a/POWER', 'ON').kind], ['command', 'raw']);
  assert.equal(say(codec, 'homeassistant/status', 'online').kind, 'command');
});

test('a discovery message tells of its device', () => {
  const { sightings } = say(createHomeAssistantCodec(), 'homeassistant/sensor/node/x/config', {
    name: 'X',
    stat_t: 't',
    exp_aft: 60,
    dev: {
      cns: [['mac', '02:5b:26:a8:dc:12']],
      name: 'Kitchen',
      mf: 'Bla',
      mdl: 'xya',
      mdl_id: 'A-1',
      sn: '1',
      sw: '1.0',
      hw: 2,
      sa: 'Downstairs',
      via_device: 'bridge',
    },
    o: { name: 'bla2mqtt' },
  });
  const attributes = [
    ['manufacturer', 'Bla'],
    ['model', 'xya'],
    ['modelId', 'A-1'],
    ['serialNumber', '1'],
    ['firmware', '1.0'],
    ['hardware', 2],
    ['area', 'Downstairs'],
    ['address', '02:5b:26:a8:dc:12'],
    ['origin', 'bla2mqtt'],
    ['expiresAfterSeconds', 60],
  ];
  assert.deepEqual(sightings, [{ device: '02:5b:26:a8:dc:12', name: 'Kitchen', via: 'bridge', attributes }]);
});

test('a device without a description is named by its node, else by its object', () => {
  const codec = createHomeAssistantCodec();
  const config = (t: string) => ({ name: 'T', stat_t: t });
  assert.equal(say(codec, 'homeassistant/sensor/kitchen/temp/config', config('a')).sightings?.[0]?.device, 'kitchen');
  assert.equal(say(codec, 'homeassistant/sensor/temp/config', config('b')).sightings?.[0]?.device, 'temp');
  assert.equal(say(codec, 'my/own/sensor/temp2/config', config('c')).sightings?.[0]?.device, 'temp2');
});

test('entities of one device with one name are told apart by their object id, whichever came first', () => {
  const one = ['homeassistant/sensor/a/config', { name: 'T', uniq_id: 'a', stat_t: 'ta', dev: { ids: 'd' } }] as const;
  const two = ['homeassistant/sensor/b/config', { name: 'T', uniq_id: 'b', stat_t: 'tb', dev: { ids: 'd' } }] as const;
  for (const order of [
    [one, two],
    [two, one],
  ]) {
    const codec = createHomeAssistantCodec();
    for (const [topic, config] of order) say(codec, topic, config);
    assert.deepEqual(fieldsOf(say(codec, 'ta', '1')), { 'T (a)': 1 });
    assert.deepEqual(fieldsOf(say(codec, 'tb', '2')), { 'T (b)': 2 });
    const gone = say(codec, two[0], '');
    assert.deepEqual([gone.kind, gone.isLesson, gone.sightings?.[0]?.isGone], ['discovery', true, undefined]);
    assert.deepEqual(fieldsOf(say(codec, 'ta', '1')), { T: 1 });
    assert.deepEqual(say(codec, one[0], '').sightings, [{ device: 'd', isGone: true }]);
  }
});

test("an entity that moves into its device's message is not there twice", () => {
  const codec = createHomeAssistantCodec();
  const single = { name: 'T', uniq_id: 'a', stat_t: 't', dev: { ids: 'd' } };
  const whole = {
    dev: { ids: 'd' },
    cmps: {
      a: { p: 'sensor', name: 'T', uniq_id: 'a', stat_t: 't' },
      b: { p: 'sensor', name: 'U', uniq_id: 'b', stat_t: 'u' },
    },
  };
  say(codec, 'homeassistant/sensor/a/config', single);
  assert.equal(say(codec, 'homeassistant/sensor/a/config', '{"migrate_discovery": true }').isLesson, undefined);
  assert.deepEqual(fieldsOf(say(codec, 't', '1')), { T: 1 });
  say(codec, 'homeassistant/device/d/config', whole);
  assert.deepEqual(fieldsOf(say(codec, 't', '1')), { T: 1 });
  say(codec, 'homeassistant/sensor/a/config', single);
  assert.deepEqual([fieldsOf(say(codec, 't', '1')), fieldsOf(say(codec, 'u', '2'))], [{ T: 1 }, { U: 2 }]);
});

test('what needs mapping is an attribute of the device, until it does not any more', () => {
  const codec = createHomeAssistantCodec();
  const topic = 'homeassistant/sensor/a/config';
  const config = (val_tpl: string) => ({ name: 'T', stat_t: 't', val_tpl, dev: { ids: 'd' } });
  const { sightings } = say(codec, topic, config('{{ value.split(",")[0] }}'));
  assert.deepEqual(sightings?.[0]?.attributes, [['needsMapping', 'T']]);
  assert.deepEqual([say(codec, 't', '1,2').kind, say(codec, 't', '1,2').isComplete], ['raw', false]);
  assert.deepEqual(say(codec, topic, config('{{ value }}')).sightings?.[0]?.attributes, [['needsMapping', '']]);
  assert.deepEqual(fieldsOf(say(codec, 't', '1')), { T: 1 });
});

const failures: readonly (readonly [topic: string, payload: string, failure: RegExp])[] = [
  ['homeassistant/sensor/x/config', 'no json', /is no JSON object/],
  ['homeassistant/sensor/x/config', '[]', /is no JSON object/],
  ['homeassistant/device/x/config', '{"dev":{}}', /has no "components"/],
  ['homeassistant/device/x/config', '{"cmps":{"a":1}}', /component "a" is no object/],
  [
    'homeassistant/device/x/config',
    JSON.stringify({ cmps: Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [i, {}])) }),
    /1001 entities/,
  ],
  ['homeassistant/sensor/x/config', `{"name":"${'x'.repeat(1_100_000)}"}`, /1100011 bytes/],
];

for (const [topic, payload, failure] of failures) {
  test(`no description: ${payload.slice(0, 40)}`, () => {
    const output = say(createHomeAssistantCodec(), topic, payload);
    assert.match(output.failure ?? '', failure);
    assert.notEqual(output.isLesson, true);
  });
}

test('more values than a message may become are a failure', () => {
  const codec = createHomeAssistantCodec();
  for (let i = 0; i <= limits.maxFields; i++)
    say(codec, `homeassistant/sensor/e${i}/config`, { name: `N${i}`, stat_t: 't' });
  assert.match(say(codec, 't', '1').failure ?? '', /more than 200 values/);
});

test('any bytes', () => {
  const real = scenes.flatMap(({ messages }) => messages.map(({ payload }) => Buffer.from(payload)));
  assertSurvives(createHomeAssistantCodec, real, 'homeassistant/sensor/x/config');
  assertSurvives(createHomeAssistantCodec, real, 'homeassistant/device/x/config');
  assertSurvives(() => taught('light', { schema: 'json', json_attr_t: 't', avty_t: 't' }), real, 't');
  assertSurvives(() => taught('sensor', { val_tpl: '{{ value_json.a | float * 2 }}', avty_t: 't' }), real, 't');
});

test('a device that another convention knows is one here with its first message that is decoded here', () => {
  const codec = createHomeAssistantCodec();
  const tasmota = {
    name: 'Today',
    stat_t: 'tele/plug/SENSOR',
    avty_t: 'tele/plug/LWT',
    dev: { ids: '522851', mf: 'Gosund' },
  };
  const output = say(codec, 'homeassistant/sensor/522851_today/config', tasmota);
  const announcements = [{ device: 'discovery', name: 'Home Assistant discovery' }];
  assert.deepEqual(output.sightings, announcements);
  const others: readonly object[] = [
    { stat_t: 'z2m/Thermostat Wohnzimmer', dev: { ids: ['zigbee2mqtt_0x2c1165fffecd8ab0'] } },
    {
      stat_t: 'house/attic/sensor/x/state',
      dev: { ids: 'c8f09ef1bc94', sw: 'esphome v2023.2.4 Mar 11 2023, 16:55:12' },
    },
    { stat_t: 'house/x', dev: { ids: 'x' }, o: { name: 'Zigbee2MQTT' } },
  ];
  for (const config of others) {
    assert.deepEqual(say(createHomeAssistantCodec(), 'homeassistant/sensor/x/config', config).sightings, announcements);
  }
  const hass = {
    name: 'RSSI',
    dev_cla: 'signal_strength',
    stat_t: 'tele/plug/HASS_STATE',
    dev: { ids: '522851', name: 'Plug' },
  };
  say(codec, 'homeassistant/sensor/522851_rssi/config', hass);
  const first = say(codec, 'tele/plug/HASS_STATE', '86');
  const attributes = [
    ['manufacturer', 'Gosund'],
    ['signal', 86],
  ];
  assert.deepEqual(first.sightings, [{ device: '522851', name: 'Plug', attributes }]);
  assert.deepEqual(say(codec, 'tele/plug/HASS_STATE', '85').sightings, [
    { device: '522851', attributes: [['signal', 85]] },
  ]);
  assert.deepEqual(say(codec, 'tele/plug/LWT', 'offline').sightings, [{ device: '522851', presence: 'offline' }]);
});

test('the log of a node that was announced is that node’s, and no other’s', () => {
  const codec = taught('sensor', { avty_t: 'fazole/status', dev: { ids: 'a4cf12' } });
  const line = '[V][mqtt:474]: Publish(topic=x)';
  assert.equal(codec.claims?.('fazole/debug', Buffer.from(line))?.confidence, 0.9);
  const { kind, device, parts } = say(codec, 'fazole/debug', line);
  assert.deepEqual([kind, device, parts], ['log', 'a4cf12', []]);
  assert.equal(codec.claims?.('other/debug', Buffer.from(line)), undefined);
  assert.equal(say(codec, 'other/debug', line).kind, 'raw');
});
