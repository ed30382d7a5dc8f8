import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldValue, shownUnits } from '../../src/dashboard/i18n/format.ts';
import { inUnits } from '../../src/dashboard/i18n/units.ts';

test('values in other units, and those that have none', () => {
  const rows: [value: number, unit: string, shown: string][] = [
    [0, '°C', '32 °F'],
    [21.5, '°C', '70.7 °F'],
    [100, 'km/h', '62.137 mph'],
    [40, '%', '40 %'],
    [1.5, 'kWh', '1.5 kWh'],
    [7, '', '7'],
    [7, 'constructor', '7 constructor'],
  ];
  shownUnits.value = 'imperial';
  for (const [value, unit, shown] of rows) assert.equal(fieldValue(value, unit), shown);
  assert.equal(fieldValue('on fire', '°C'), 'on fire °C');
  shownUnits.value = 'metric';
  assert.equal(fieldValue(21.5, '°C'), '21.5 °C');
  assert.deepEqual(inUnits(21.5, '°C', 'metric'), { value: 21.5, unit: '°C' });
});
