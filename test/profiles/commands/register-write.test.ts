import assert from 'node:assert/strict';
import { test } from 'node:test';
import { registerWrite } from '../../../src/profiles/commands/register-write.ts';
import type { ModbusOptions } from '../../../src/profiles/modbus/options.ts';
import { RegisterMap } from '../../../src/profiles/modbus/registers.ts';
import { rtuWrite } from '../../../src/profiles/modbus/writes.ts';

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

const holding = (address: number, ...values: number[]) => ({
  kind: 'write',
  table: 'holding',
  address,
  values,
  isMultiple: false,
});
const coil = (value: boolean) => ({ kind: 'write', table: 'coil', address: 7, values: [value], isMultiple: false });
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
    const write = registerWrite({ register }, modbus, value);
    if (write.kind === 'refused' || write.table === 'coil') continue;
    const data = Buffer.concat(write.values.map((one) => Buffer.from([one >> 8, one & 0xff])));
    const { address, values } = write;
    const { fields } = map.read({ unit: 1, table: 'holding', address, count: values.length }, data);
    const read = fields.find(({ name }) => name === register)?.value;
    assert.equal(read, value === 0 ? 'off' : value, JSON.stringify(expected));
  }
});

test('requests to write are as Modbus Application Protocol 1.1b3 shows them', () => {
  const common = { isMultiple: false } as const;
  const hex = (bytes: Uint8Array) => Buffer.from(bytes.subarray(1, -2)).toString('hex');
  assert.equal(hex(rtuWrite(1, { ...common, table: 'coil', address: 172, values: [true] })), '0500acff00');
  assert.equal(hex(rtuWrite(1, { ...common, table: 'holding', address: 1, values: [3] })), '0600010003');
  const ten = [true, false, true, true, false, false, true, true, true, false];
  assert.equal(hex(rtuWrite(1, { ...common, table: 'coil', address: 19, values: ten })), '0f0013000a02cd01');
  assert.equal(
    hex(rtuWrite(1, { ...common, table: 'holding', address: 1, values: [10, 0x102] })),
    '100001000204000a0102',
  );
  assert.equal(hex(rtuWrite(1, { isMultiple: true, table: 'holding', address: 1, values: [10] })), '100001000102000a');
});
