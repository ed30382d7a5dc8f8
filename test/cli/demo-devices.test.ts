import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { demoDevices } from '../../src/cli/demo/devices.ts';
import { refill, tickMsOf } from '../../src/cli/demo/pace.ts';
import { seeded } from '../../src/cli/demo/random.ts';
import { type DemoDevice, sample } from '../../src/cli/demo/sample.ts';
import { defaultsOf } from '../../src/config/load.ts';
import { configNode } from '../../src/config/node.ts';
import { createDecoder } from '../../src/profiles/decoder.ts';
import type { DecodeOptions } from '../../src/profiles/options.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const noon = Date.parse('2026-06-15T12:00:00Z');

const { decode: decodeOptions } = defaultsOf(configNode) as { decode: DecodeOptions };

type Fields = Readonly<Record<string, unknown>>;

/** What the gateway would find in a device's message by the general rules: every value under its own name. */
function fieldsOf(device: DemoDevice, localMs: number, seed = 1): Fields {
  const { topic, payload } = sample(device, localMs, seeded(seed));
  const message = { source: 'mqtt', topic, payload: Buffer.from(payload) } as const;
  return Object.fromEntries(
    createDecoder({ ...decodeOptions, profiles: false })(message, 0).measurements[0].fields.map(({ name, value }) => [
      name,
      value,
    ]),
  );
}

function deviceOf(clientId: string): DemoDevice {
  return demoDevices.find((device) => device.clientId === clientId) ?? assert.fail(`there is no ${clientId}`);
}

/** One field over time, as numbers. */
function series(clientId: string, field: string, fromMs: number, toMs: number, stepMs: number): number[] {
  const steps = Math.floor((toMs - fromMs) / stepMs);
  return Array.from({ length: steps + 1 }, (_, step) =>
    Number(fieldsOf(deviceOf(clientId), fromMs + step * stepMs, step)[field]),
  );
}

test('each device says what its kind says, and the gateway finds every field', () => {
  const energy = ['ApparentPower', 'Current', 'Factor', 'Power', 'ReactivePower', 'Today', 'Total', 'TotalStartTime'];
  const rows: [clientId: string, topic: string, availability: string | undefined, fields: string[]][] = [
    [
      'demo-washer',
      'tele/tasmota_4F21A8/SENSOR',
      'tele/tasmota_4F21A8/LWT',
      [...[...energy, 'Voltage', 'Yesterday'].map((name) => `ENERGY.${name}`), 'Time'],
    ],
    [
      'demo-house',
      'shellyproem50-08f9e0e5a1c4/status/em1:0',
      'shellyproem50-08f9e0e5a1c4/online',
      ['act_power', 'aprt_power', 'current', 'freq', 'id', 'pf', 'voltage'],
    ],
    [
      'demo-bedroom',
      'zigbee2mqtt/bedroom',
      'zigbee2mqtt/bedroom/availability',
      ['battery', 'humidity', 'linkquality', 'temperature', 'voltage'],
    ],
    ['demo-greenhouse', 'sensors/greenhouse/temperature', undefined, ['value']],
    [
      'demo-weather',
      'weather/roof',
      'weather/roof/status',
      [
        ...['humidity', 'light_lux', 'pressure_hPa', 'rain_mm', 'temperature_C'],
        ...['wind.avg_km_h', 'wind.dir_deg', 'wind.gust_km_h'],
      ],
    ],
    ['demo-door', 'zigbee2mqtt/front_door', 'zigbee2mqtt/front_door/availability', ['battery', 'contact']],
    ['demo-freezer', 'freezer/sensor/temperature/state', 'freezer/status', ['value']],
    ['demo-meeting', 'sensors/meeting-room/air', undefined, ['air.co2_ppm', 'air.occupied', 'temperature']],
  ];
  const seen = demoDevices.map((device) => [
    device.clientId,
    sample(device, noon, seeded(1)).topic,
    device.availability?.topic,
    Object.keys(fieldsOf(device, noon)).sort(),
  ]);
  assert.deepEqual(seen, rows);
});

test('a sample is the same for the same instant and seed, and has another noise for another seed', () => {
  for (const device of demoDevices) {
    assert.deepEqual(sample(device, noon, seeded(7)), sample(device, noon, seeded(7)), device.name);
  }
  const noisy = demoDevices.filter(
    (device) => sample(device, noon, seeded(7)).payload !== sample(device, noon, seeded(8)).payload,
  );
  assert.ok(noisy.length >= 6, noisy.map(({ name }) => name).join());
  assert.ok(!noisy.includes(deviceOf('demo-door')), 'what is told on change has no noise');
});

test('at every moment of every year every value is one that such a device can have', () => {
  const ranges: Record<string, [field: string, min: number, max: number][]> = {
    'demo-washer': [
      ['ENERGY.Power', 0, 2_200],
      ['ENERGY.Voltage', 220, 245],
      ['ENERGY.Current', 0, 11],
      ['ENERGY.ReactivePower', 0, 900],
      ['ENERGY.Today', 0, 10],
    ],
    'demo-house': [
      ['act_power', -3_300, 1_600],
      ['pf', 0, 1],
      ['freq', 49.9, 50.1],
    ],
    'demo-bedroom': [
      ['battery', 12, 100],
      ['humidity', 35, 60],
      ['linkquality', 0, 255],
      ['temperature', 18, 23],
      ['voltage', 2_450, 3_000],
    ],
    'demo-greenhouse': [['value', 12, 30]],
    'demo-weather': [
      ['temperature_C', 6, 18],
      ['humidity', 0, 100],
      ['light_lux', 0, 85_000],
      ['wind.avg_km_h', 0, 25],
      ['wind.dir_deg', 0, 360],
      ['rain_mm', 0, 2_200],
    ],
    'demo-door': [['battery', 20, 100]],
    'demo-freezer': [['value', -20.6, -16.9]],
    'demo-meeting': [
      ['air.co2_ppm', 380, 1_200],
      ['temperature', 20, 24],
    ],
  };
  const anyTime = fc.integer({ min: Date.parse('1970-01-01T00:00:00Z'), max: Date.parse('2060-01-01T00:00:00Z') });
  fc.assert(
    fc.property(anyTime, fc.integer({ min: 0, max: 1e9 }), (localMs, seed) => {
      for (const [clientId, fields] of Object.entries(ranges)) {
        const found = fieldsOf(deviceOf(clientId), localMs, seed);
        for (const [field, min, max] of fields) {
          const value = found[field];
          assert.ok(typeof value === 'number' && value >= min && value <= max, `${clientId} ${field}: ${value}`);
        }
        const { 'wind.avg_km_h': average, 'wind.gust_km_h': gust } = found;
        if (average !== undefined) assert.ok(Number(gust) >= Number(average), 'a gust is above the average');
      }
    }),
  );
});

test('values move as real ones do', () => {
  const midnight = noon - 12 * hourMs;
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const around = (clientId: string, field: string, localMs: number) =>
    mean(series(clientId, field, localMs - 30 * minuteMs, localMs + 30 * minuteMs, minuteMs));

  const afternoon = around('demo-weather', 'temperature_C', midnight + 15 * hourMs);
  assert.ok(afternoon > around('demo-weather', 'temperature_C', midnight + 3 * hourMs) + 8, 'warmer by day');
  assert.equal(around('demo-weather', 'light_lux', midnight), 0, 'dark at night');
  assert.ok(around('demo-house', 'act_power', noon) < -1_000, 'the sun feeds the grid at noon');
  assert.ok(around('demo-house', 'act_power', midnight + 21 * hourMs) > 200, 'and not in the evening');
  assert.ok(around('demo-meeting', 'air.co2_ppm', midnight + 10.6 * hourMs) > 700, 'people breathe');
  assert.ok(around('demo-meeting', 'air.co2_ppm', midnight + 3 * hourMs) < 460, 'fresh air at night');

  const freezer = series('demo-freezer', 'value', noon, noon + hourMs, minuteMs);
  assert.ok(Math.max(...freezer) - Math.min(...freezer) > 3, 'the compressor goes on and off');
  const bedroom = series('demo-bedroom', 'temperature', noon, noon + 10 * minuteMs, 1_000);
  const steps = bedroom.slice(1).map((value, at) => Math.abs(value - bedroom[at]!));
  assert.ok(Math.max(...steps) < 0.15, 'nothing jumps from second to second');
  assert.ok(new Set(bedroom).size > 10, 'nothing stands still');

  const battery = series('demo-bedroom', 'battery', 0, 87 * hourMs, hourMs);
  assert.ok(isFalling(battery) && battery[0] === 100 && battery.at(-1)! < 15, 'a battery only falls, slowly');
});

test('counters count: energy and rain never go back, and energy is the integral of power', () => {
  const rain = series('demo-weather', 'rain_mm', noon, noon + 8 * dayMs, 20 * minuteMs);
  assert.ok(isFalling(rain.toReversed()) && rain.at(-1)! > rain[0]! + 10);

  const total = series('demo-washer', 'ENERGY.Total', noon, noon + dayMs, minuteMs);
  assert.ok(isFalling(total.toReversed()));
  const powers = series('demo-washer', 'ENERGY.Power', noon, noon + dayMs, minuteMs);
  const integral = powers.slice(1).reduce((sum, watts) => sum + watts, 0) / 60_000;
  const counted = total.at(-1)! - total[0]!;
  assert.ok(counted > 3 && Math.abs(integral - counted) < 0.05 * counted, `${integral} and ${counted} kWh`);

  const washer = deviceOf('demo-washer');
  const midnight = fieldsOf(washer, noon + 12 * hourMs);
  assert.equal(midnight['ENERGY.Today'], 0);
  assert.equal(midnight['ENERGY.Yesterday'], fieldsOf(washer, noon + 12 * hourMs - 1)['ENERGY.Today']);
  assert.equal(midnight.Time, '2026-06-16T00:00:00');
  assert.equal(fieldsOf(washer, 0)['ENERGY.Total'], 0, 'a clock that was never set makes no negative energy');
});

test('the door opens now and then, for seconds', () => {
  const door = deviceOf('demo-door');
  const seconds = Array.from({ length: 3_600 }, (_, second) => fieldsOf(door, noon + second * 1_000).contact === true);
  const changes = seconds.filter((isClosed, at) => at > 0 && isClosed !== seconds[at - 1]).length;
  const open = seconds.filter((isClosed) => !isClosed).length;
  assert.ok(changes > 80 && changes < 240, `${changes} changes an hour`);
  assert.ok(open > 300 && open < 1_200, `${open} s open in an hour`);
});

test('topics and client ids are never shared', () => {
  const topics = demoDevices.flatMap(({ topic, availability }) => [
    topic,
    ...(availability ? [availability.topic] : []),
  ]);
  assert.equal(new Set(topics).size, topics.length);
  assert.equal(new Set(demoDevices.map(({ clientId }) => clientId)).size, demoDevices.length);
  // MQTT 3.1.1 § 3.1.3.1: a server need not take more than 23 characters; a hyphen and six digits are added.
  for (const { clientId } of demoDevices) assert.match(clientId, /^[a-z-]{1,16}$/);
});

test('the pace: exact over time, and no burst after an outage', () => {
  const rows: [allowed: number, elapsedMs: number, rate: number, expected: number][] = [
    [0, 200, 5, 1],
    [0.5, 50, 5, 0.75],
    [0, 3_600_000, 5, 1.25],
    [1, 0, 0.1, 1],
    [0, 3_600_000, 0.1, 1],
    [0, 10, 10_000, 100],
    [0, 3_600_000, 10_000, 2_500],
  ];
  for (const [allowed, elapsedMs, rate, expected] of rows)
    assert.equal(refill(allowed, elapsedMs, rate), expected, `${allowed} ${elapsedMs} ${rate}`);

  for (const rate of [0.5, 5, 33, 1_000, 10_000]) {
    let [allowed, sent] = [0, 0];
    const tickMs = tickMsOf(rate);
    const ticks = Math.round(20_000 / tickMs);
    for (let tick = 0; tick < ticks; tick++) {
      allowed = refill(allowed, tickMs, rate);
      const due = Math.floor(allowed);
      allowed -= due;
      sent += due;
    }
    assert.ok(Math.abs(sent - rate * 20) <= 1, `${rate}: ${sent}`);
  }
});

function isFalling(values: readonly number[]): boolean {
  return values.every((value, at) => at === 0 || value <= values[at - 1]!);
}
