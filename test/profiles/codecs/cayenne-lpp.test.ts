import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unitCodes } from '../../../src/core/measure-units.ts';
import type { FieldValue } from '../../../src/core/measurement.ts';
import { createCayenneLppCodec } from '../../../src/profiles/codecs/cayenne-lpp.ts';
import { assertSurvives, bytesOf, fieldsOf, inputOf } from './codec-support.ts';

const codec = createCayenneLppCodec();
const decode = (hex: string) => codec.decode(inputOf(bytesOf(hex)));

type Row = readonly [hex: string, fields: Record<string, FieldValue>];

const rows: readonly Row[] = [
  // TheThingsIndustries/lorawan-stack-docs, integrations/payload-formatters/cayenne.md
  ['03670110 056700ff', { 'temperature_3 [Cel]': 27.2, 'temperature_5 [Cel]': 25.5 }],
  // TheThingsNetwork/lorawan-stack, pkg/messageprocessors/cayennelpp/cayennelpp_test.go
  [
    `0100ff 020164 0302154a 0403eab6 056501f4 066632 0767ff64 086863 0971fe58000f0682 0a7329ef
     0b860163 0231fe66 0c8807fd8700bef500086a`,
    {
      digital_in_1: 255,
      digital_out_2: 100,
      analog_in_3: 54.5,
      analog_out_4: -54.5,
      'luminosity_5 [lx]': 500,
      presence_6: 50,
      'temperature_7 [Cel]': -15.6,
      'relative_humidity_8 [%RH]': 49.5,
      'accelerometer_9.x [gn]': -0.424,
      'accelerometer_9.y [gn]': 0.015,
      'accelerometer_9.z [gn]': 1.666,
      'barometric_pressure_10 [hPa]': 1073.5,
      'gyrometer_11.x [deg/s]': 3.55,
      'gyrometer_11.y [deg/s]': 5.61,
      'gyrometer_11.z [deg/s]': -4.1,
      'gps_12.latitude [lat]': 52.3655,
      'gps_12.longitude [lon]': 4.8885,
      'gps_12.altitude [m]': 21.54,
    },
  ],
  // Cayenne's documentation, "Cayenne Low Power Payload"
  [
    '0188 06765f f2960a 0003e8',
    { 'gps_1.latitude [lat]': 42.3519, 'gps_1.longitude [lon]': -87.9094, 'gps_1.altitude [m]': 10 },
  ],
  // ElectronicCats/CayenneLPP, test/aunit/main.cpp
  ['0180ffff', { 'power_1 [W]': 65535 }],
  ['0567ffd1', { 'temperature_5 [Cel]': -4.7 }],
  ['02686c', { 'relative_humidity_2 [%RH]': 54 }],
  ['0164000003e6', { generic_1: 998 }],
  ['0164ffffffff', { generic_1: 4294967295 }],
  [
    '067104d2fb2e0000',
    { 'accelerometer_6.x [gn]': 1.234, 'accelerometer_6.y [gn]': -1.234, 'accelerometer_6.z [gn]': 0 },
  ],
  ['037457b8', { 'voltage_3 [V]': 224.56 }],
  ['017500ed', { 'current_1 [A]': 0.237 }],
  ['017633be27a0', { 'frequency_1 [Hz]': 868100000 }],
  ['0579ffef', { 'altitude_5 [m]': -17 }],
  ['05800d7a', { 'power_5 [W]': 3450 }],
  ['018200000022', { 'distance_1 [m]': 0.034 }],
  ['018300795b30', { 'energy_1 [kWh]': 7953.2 }],
  ['01840100', { 'direction_1 [deg]': 256 }],
  ['058e01', { switch_5: 1 }],
  // made here after ElectronicCats/CayenneLPP, src/CayenneLPP.h, and pycayennelpp
  ['017832', { 'percentage_1 [%]': 50 }],
  ['017d0320', { 'concentration_1 [ppm]': 800 }],
  ['01855fb5a3c0', { 'time_1 [s]': 1605739456 }],
  ['0187ff8000', { 'colour_1.r': 255, 'colour_1.g': 128, 'colour_1.b': 0 }],
  ['017afffc18', { 'load_1 [kg]': -1 }],
  ['01040102', { counter_1: 258 }],
];

for (const [hex, fields] of rows) {
  test(`Cayenne LPP ${hex.slice(0, 40)}`, () => {
    const output = decode(hex);
    assert.deepEqual([output.kind, output.isComplete, fieldsOf(output)], ['measurement', true, fields]);
  });
}

test('its units are in the table', () => {
  const units = rows.flatMap(([, fields]) => Object.keys(fields)).flatMap((name) => /\[(.*)\]/.exec(name)?.[1] ?? []);
  assert.deepEqual(
    units.filter((unit) => !unitCodes.includes(unit)),
    [],
  );
});

test('a polyline is passed over, and the payload kept', () => {
  const output = decode('01f0 09e4 0009c4 0009c4 12 02670110');
  assert.deepEqual([fieldsOf(output), output.isComplete], [{ 'temperature_2 [Cel]': 27.2 }, false]);
});

const failures: readonly (readonly [hex: string, failure: string])[] = [
  ['', 'The payload is empty.'],
  ['03670110 05fe00ff', 'Channel 5, at byte 4, has type 254, which is not known.'],
  ['03670110 05', 'The payload ends at byte 4 with a channel that has no type behind it.'],
  ['03670110 056700', 'Channel 5, at byte 4: the temperature is cut off after 1 bytes.'],
  ['0388000000', 'Channel 3, at byte 0: the gps is cut off after 3 bytes.'],
  ['01f0', 'Channel 1, at byte 0: the polyline claims 0 bytes, but 0 are left.'],
  ['01f0ff00', 'Channel 1, at byte 0: the polyline claims 255 bytes, but 2 are left.'],
  ['01f008e40009c40009c4', 'There is nothing but polylines.'],
  ['010001'.repeat(201), 'There are more than 200 values.'],
];

for (const [hex, failure] of failures) {
  test(`no Cayenne LPP: ${hex.slice(0, 30)}`, () => assert.deepEqual(decode(hex).failure, failure));
}

const claimed: readonly (readonly [payload: Uint8Array, confidence: number | undefined])[] = [
  [bytesOf('03670110056700ff'), 0.75],
  [bytesOf('036701100567 00ff 02686c'), 0.9],
  // 3276 °C, 127.5 %, latitude 800, a type of a channel twice
  [bytesOf('03677fff 056700ff'), undefined],
  [bytesOf('0367010f 0268ff'), undefined],
  [bytesOf('03670110 01887a1200000000000000'), undefined],
  [bytesOf('03670110 036700ff'), undefined],
  [bytesOf('000000000000'), undefined],
  [bytesOf('06011016020b060e02110d'), undefined],
  [bytesOf('030001 04020003 03670110'), 0.75],
  [bytesOf('02686c'), undefined],
  [bytesOf('03670110056700'), undefined],
  [Buffer.from('21.5'), undefined],
  [Buffer.from('{"a":1}'), undefined],
  [bytesOf('a26161016162820203'), undefined],
  [bytesOf('08d2e283b9fa32120d1064200a6900000000008036401801'), undefined],
];

for (const [payload, confidence] of claimed) {
  test(`what ${Buffer.from(payload).toString('hex')} looks like`, () =>
    assert.equal(codec.claims?.('x', payload)?.confidence, confidence));
}

test('any bytes and damaged entries', () => {
  assertSurvives(
    createCayenneLppCodec,
    rows.map(([hex]) => bytesOf(hex)),
  );
});
