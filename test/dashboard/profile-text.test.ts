import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  isNamePart,
  isUncounted,
  lineCount,
  modelFrom,
  nameFrom,
  offsetIn,
} from '../../src/dashboard/pages/discover/profile-text.ts';

const text = 'ab\ncdef\n\ng';

for (const [line, column, offset] of [
  [1, 1, 0],
  [1, 3, 2],
  // Behind the end of its line.
  [1, 9, 2],
  [2, 3, 5],
  [3, 1, 8],
  [4, 1, 9],
  [4, 9, 10],
  [9, 1, 10],
] as const) {
  test(`line ${line}, column ${column} is at ${offset}`, () => assert.equal(offsetIn(text, line, column), offset));
}

test('lines are counted', () => {
  assert.equal(lineCount(''), 1);
  assert.equal(lineCount(text), 4);
});

for (const [template, model] of [
  ['home/attic/SENSOR', 'home-attic-sensor'],
  ['shed/th-7/state', 'shed-state'],
  ['+/sensor/+/state', 'sensor-state'],
  ['x1', 'x1'],
  ['#', ''],
  ['Küche/Föhn', 'k-che-f-hn'],
  ['…/../x', 'x'],
] as const) {
  test(`${template} may be a ${model || 'nameless thing'}`, () => {
    assert.equal(modelFrom(template), model);
    assert.equal(model === '' || isNamePart(model), true);
  });
}

test('a name is one that the gateway takes', () => {
  assert.equal(nameFrom('  TH 10! '), 'th-10');
  for (const wrong of ['', '-a', '.a', 'A', 'a/b', 'a b', 'x'.repeat(65)])
    assert.equal(isNamePart(wrong), false, wrong);
});

test('a change of a profile is counted by its version', () => {
  const text = 'name: x\nversion: 1\n';
  assert.equal(isUncounted(text, text), false);
  assert.equal(isUncounted(text, `${text}about: y\n`), true);
  assert.equal(isUncounted(text, `${text}about: y\n`.replace('1', '2')), false);
});
