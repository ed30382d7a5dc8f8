import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import {
  dump,
  isPortName,
  type NewPort,
  nameFor,
  patchOf,
  snippetOf,
} from '../../src/dashboard/pages/discover/serial-config.ts';

const dust: NewPort = {
  ...{ name: 'dust', path: '/dev/serial/by-id/usb "1": x', profile: 'nova/sds011', modbusUnit: undefined },
  line: { baud: 9600, format: '8N1' },
};
const meter: NewPort = { ...dust, name: 'bus', profile: 'eastron/sdm630', modbusUnit: 7 };

test('the snippet says in YAML what the change says', () => {
  for (const port of [dust, meter]) assert.deepEqual(parse(snippetOf(port)), patchOf(port, undefined));
});

test('a port is added to those that there are', () => {
  const others = [{ name: 'other' }];
  assert.deepEqual(patchOf(dust, others), {
    serial: {
      ports: [...others, { name: 'dust', path: dust.path, profile: 'nova/sds011', baud: 9600, format: '8N1' }],
    },
  });
  assert.deepEqual(patchOf({ ...meter, line: undefined }, []), {
    modbus: { buses: [{ name: 'bus', path: dust.path, units: [{ unit: 7, profile: 'eastron/sdm630' }] }] },
  });
});

test('a name is one that is free, and that the gateway takes', () => {
  assert.equal(nameFor('nova/sds011', undefined), 'sds011');
  assert.equal(nameFor('nova/sds011', [{ name: 'sds011' }, null, { name: 'sds011-2' }]), 'sds011-3');
  assert.equal(nameFor('a/größe', []), 'gr--e');
  for (const [text, is] of [
    ['dust', true],
    ['', false],
    ['-x', false],
    ['a/b', false],
    ['x'.repeat(65), false],
  ] as const)
    assert.equal(isPortName(text), is, text);
});

test('bytes are shown sixteen to a line, with what they are as text', () => {
  const lines = dump('4865616467617465000a41'.repeat(30)).split('\n');
  assert.equal(lines.length, 6);
  assert.equal(lines[0], '48 65 61 64 67 61 74 65 00 0a 41 48 65 61 64 67  Headgate..AHeadg');
  assert.equal(dump(''), '');
});
