import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lineProblems } from '../../src/instrumentation/problems.ts';
import type { ModbusBusStatus } from '../../src/sources/modbus/status.ts';
import type { SerialPortStatus } from '../../src/sources/serial/status.ts';

const port = (name: string, rest: Partial<SerialPortStatus> = {}) =>
  ({ name, reason: null, hint: null, ...rest }) as SerialPortStatus;
const bus = (name: string, reason: string | null) => ({ name, reason }) as ModbusBusStatus;

test('lines of which nothing is heard are told of, a few by themselves', () => {
  assert.deepEqual(lineProblems({ ports: [port('a')] }, { buses: [bus('b', null)] }), []);
  assert.deepEqual(
    lineProblems(
      { ports: [port('dust', { reason: 'There is no /dev/a.' }), port('gps', { hint: '300 bytes came.' })] },
      { buses: [bus('meters', 'Nobody listens.')] },
    ),
    [
      'The serial port dust is not open: There is no /dev/a.',
      'Nothing can be read of the serial port gps: 300 bytes came.',
      'The Modbus bus meters is not reached: Nobody listens.',
    ],
  );
  const ports = ['a', 'b', 'c', 'd', 'e'].map((name) => port(name, { reason: 'Gone.' }));
  assert.deepEqual(lineProblems({ ports }, { buses: [] }).slice(2), [
    'The serial port c is not open: Gone.',
    'And 2 more: see `headgate status`.',
  ]);
});
