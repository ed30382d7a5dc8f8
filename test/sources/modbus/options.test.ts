import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../../src/config/load.ts';

const problemsOf = (bus: string, serial = ''): string => {
  try {
    loadConfig({ settings: [`modbus.buses=[${bus}]`, ...(serial === '' ? [] : [`serial.ports=${serial}`])] });
    return '';
  } catch (error) {
    return (error as Error).message;
  }
};

const units = 'units: [{unit: 1, profile: a/b}]';
const rows: readonly (readonly [buses: string, expected: RegExp])[] = [
  [`{name: x, ${units}}`, /`modbus\.buses\[0\]` needs `path`, a serial port \(Modbus RTU\), or `host` \(Modbus TCP\)/],
  [`{name: x, path: /dev/a, host: b, ${units}}`, /buses\[0\]\.host` can not be given beside `path`/],
  [
    `{name: x, path: /dev/a, ${units}}, {name: x, path: /dev/b, ${units}}`,
    /buses\[1\]\.name` is "x", as is that of a bus before it/,
  ],
  [`{name: x, path: /dev/a, ${units}}, {name: y, path: /dev/a, ${units}}`, /buses\[1\]\.path` is "\/dev\/a".*one bus/],
  [`{name: x, path: /dev/a, port: 502, ${units}}`, /buses\[0\]\.port` goes with `host`/],
  [`{name: x, host: a, baud: 9600, ${units}}`, /buses\[0\]\.baud` is for a serial line/],
  [
    '{name: x, path: /dev/a, units: [{unit: 0, profile: a/b}]}',
    /units\[0\]\.unit` is 0, but on a serial line .* 1 to 247/,
  ],
  ['{name: x, path: /dev/a, units: [{unit: 248, profile: a/b}]}', /units\[0\]\.unit` is 248/],
  ['{name: x, host: a, units: [{unit: 256, profile: a/b}]}', /256/],
  [
    '{name: x, host: a, units: [{unit: 1, profile: a/b}, {unit: 1, profile: a/b}]}',
    /units\[1\]\.unit` is 1, as is that of a unit/,
  ],
  [
    '{name: x, host: a, units: [{unit: 1, profile: a/b}, {unit: 2, name: "1", profile: a/b}]}',
    /units\[1\]\.name` is "1", by which/,
  ],
  ['{name: x, host: a, units: []}', /units/],
  [`{name: x, path: /dev/a, framing: rtu, ${units}}`, /buses\[0\]\.framing` goes with `host`/],
  [
    '{name: x, host: a, framing: rtu, units: [{unit: 0, profile: a/b}]}',
    /units\[0\]\.unit` is 0, but on a serial line/,
  ],
];

for (const [buses, expected] of rows) {
  test(`what is wrong is told: ${buses}`, () => {
    assert.match(problemsOf(buses), expected);
  });
}

test('a port is either read from or a bus', () => {
  const loaded = (path: string) => {
    const both = {
      serial: { ports: [{ name: 'a', path, profile: 'a/b' }] },
      modbus: { buses: [{ name: 'x', path: '/dev/a', units: [{ unit: 1, profile: 'a/b' }] }] },
    };
    return () => loadConfig({ over: [{ value: both, errors: [], where: () => 'here' }] });
  };
  assert.throws(loaded('/dev/a'), /`modbus\.buses\[0\]\.path` is "\/dev\/a", which is under `serial\.ports` too/);
  assert.doesNotThrow(loaded('/dev/b'));
});

test('what is right is complete', () => {
  const { modbus } = loadConfig({
    settings: [
      'modbus.buses=[{name: x, host: a, units: [{unit: 0, profile: a/b, every: 5s}, {unit: 255, profile: a/b}]}]',
    ],
  });
  assert.deepEqual(modbus.buses[0], {
    ...{ name: 'x', host: 'a', timeout: 1_000, retries: 1, delay: 0 },
    units: [
      { unit: 0, profile: 'a/b', every: 5_000 },
      { unit: 255, profile: 'a/b' },
    ],
  });
});
