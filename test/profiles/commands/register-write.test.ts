import assert from 'node:assert/strict';
import { test } from 'node:test';
import { registerWrite } from '../../../src/profiles/commands/register-write.ts';
import type { ModbusOptions } from '../../../src/profiles/modbus/options.ts';
import type { RegisterWrite } from '../../../src/profiles/modbus/pdu.ts';
import { RegisterMap } from '../../../src/profiles/modbus/registers.ts';

const modbus: ModbusOptions = {
  registers: [
    { name: 'relay', table: 'coil', address: 7 },
    { name: 'setpoint', address: 10, type: 'int16', scale: 0.1, offset: -40, range: [-40, 85] },
    { name: 'mode', address: 11, words: { 0: 'off', 1: 'eco', 2: true } },
    { name: 'limit', address: 12, type: 'float32', order: 'CDAB' },
    { name: 'small', address: 14, type: 'uint8' },
    { name: 'label', address: 15, type: 'text', length: 5 },
  ],
};

const written = (write: RegisterWrite) => ({ kind: 'write', write });
const holding = (address: number, ...values: number[]) =>
  written(
    values.length === 1 ? { kind: 'register', address, value: values[0]! } : { kind: 'registers', address, values },
  );
const coil = (value: boolean) => written({ kind: 'coil', address: 7, value });
const refused = (reason: string) => ({ kind: 'refused', reason });

const rows: readonly (readonly [register: string, value: boolean | number | string, expected: object])[] = [
  ['relay', true, coil(true)],
  ['relay', 0, coil(false)],
  ['relay', 'ON', coil(true)],
  ['relay', 2, refused('its value is "2", but must be true or false')],
  ['setpoint', 21.5, holding(10, 615)],
  ['setpoint', -40, holding(10, 0)],
  ['setpoint', 85.1, refused('its value is "85.1", but must be a number from -40 to 85')],
  ['setpoint', 21.53, refused('its value is "21.53", but goes in steps of 0.1')],
  ['setpoint', 'warm', refused('its value is "warm", but must be a number from -40 to 85')],
  ['mode', 'eco', holding(11, 1)],
  ['mode', true, holding(11, 2)],
  ['mode', 0, holding(11, 0)],
  ['mode', 70_000, refused('its value is "70000", 70000 as it is sent, but uint16 holds 0 to 65535')],
  ['limit', 1.5, holding(12, 0, 0x3fc0)],
  ['small', 200, holding(14, 200)],
  ['label', 'abc', holding(15, 0x6162, 0x6300, 0)],
];

test('a value becomes what has to stand in its registers, or a reason why it can not', () => {
  for (const [register, value, expected] of rows)
    assert.deepEqual(registerWrite({ register }, modbus, value), expected, `${register} ${value}`);
});

test('what is written to a register is read as the same value', () => {
  const map = new RegisterMap(modbus);
  for (const [register, value, expected] of rows) {
    const command = registerWrite({ register }, modbus, value);
    if (command.kind === 'refused' || command.write.kind === 'coil' || command.write.kind === 'coils') continue;
    const { write } = command;
    const values = write.kind === 'register' ? [write.value] : write.values;
    const data = Buffer.concat(values.map((one) => Buffer.from([one >> 8, one & 0xff])));
    const { address } = write;
    const { fields } = map.read({ unit: 1, table: 'holding', address, count: values.length }, data);
    const read = fields.find(({ name }) => name === register)?.value;
    assert.equal(read, value === 0 ? 'off' : value, JSON.stringify(expected));
  }
});

test('one coil or register is written by the function for several where the profile says so', () => {
  const told = { function: 'multiple', register: 'relay' } as const;
  assert.deepEqual(registerWrite(told, modbus, true), written({ kind: 'coils', address: 7, values: [true] }));
  assert.deepEqual(
    registerWrite({ ...told, register: 'mode' }, modbus, 'eco'),
    written({ kind: 'registers', address: 11, values: [1] }),
  );
});
