import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Condition, conditionText, judge } from '../../src/alarms/condition.ts';
import { ruleJson, ruleOfJson, ruleTermsOf } from '../../src/alarms/rule.ts';
import type { FieldValue } from '../../src/core/measurement.ts';

const above: Condition = { comparator: 'above', value: 8, hysteresis: 0 };
const aboveWide: Condition = { comparator: 'above', value: 8, hysteresis: 2 };
const below: Condition = { comparator: 'below', value: 2, hysteresis: 1 };
const outside: Condition = { comparator: 'outside', low: 2, high: 8, hysteresis: 1 };
const open: Condition = { comparator: 'equal', value: 'open' };
const one: Condition = { comparator: 'equal', value: 1 };
const yes: Condition = { comparator: 'notEqual', value: true };

const rows: readonly (readonly [Condition, FieldValue, ReturnType<typeof judge>])[] = [
  [above, 8.1, 'violating'],
  [above, 8, 'normal'],
  [above, Number.POSITIVE_INFINITY, 'violating'],
  [above, Number.NEGATIVE_INFINITY, 'normal'],
  [above, 9n, 'violating'],
  [above, 10n ** 40n, 'violating'],
  [above, true, 'normal'],
  // No text is a number, and neither is what is none.
  [above, Number.NaN, 'unusable'],
  [above, 'NaN', 'unusable'],
  [above, '9', 'unusable'],
  [above, '', 'unusable'],
  [above, Uint8Array.of(9), 'unusable'],
  [aboveWide, 8.1, 'violating'],
  [aboveWide, 8, 'between'],
  [aboveWide, 6.1, 'between'],
  [aboveWide, 6, 'normal'],
  [below, 1.9, 'violating'],
  [below, 2, 'between'],
  [below, 3, 'normal'],
  [outside, 1.9, 'violating'],
  [outside, 8.1, 'violating'],
  [outside, 2.5, 'between'],
  [outside, 7.5, 'between'],
  [outside, 3, 'normal'],
  [outside, 7, 'normal'],
  [open, 'open', 'violating'],
  [open, 'Open', 'normal'],
  [open, 1, 'unusable'],
  [one, 1, 'violating'],
  [one, 1n, 'violating'],
  [one, true, 'violating'],
  [one, '1', 'unusable'],
  [yes, false, 'violating'],
  [yes, true, 'normal'],
  [yes, 1, 'unusable'],
];

test('what a value is by a condition', () => {
  for (const [condition, value, wanted] of rows)
    assert.equal(judge(condition, value), wanted, `${conditionText(condition)}: ${String(value)}`);
});

const least = { name: 'n', field: 'f', comparator: 'above', value: 1 };
const wrong: readonly (readonly [body: unknown, says: RegExp])[] = [
  [undefined, /must be a JSON object/],
  [[], /must be a JSON object/],
  [{}, /`name` must be/],
  [{ ...least, name: 'a\nb' }, /`name` must be/],
  [{ ...least, nam: 1 }, /There is no `nam`/],
  [{ ...least, enabled: 1 }, /`enabled` must be/],
  [{ ...least, severity: 'bad' }, /`severity` must be one of info, warning, critical/],
  [{ ...least, device: 7 }, /`device` must be/],
  [{ ...least, profile: '' }, /`profile` must be/],
  [{ ...least, field: '' }, /`field` must be/],
  [{ ...least, comparator: 'over' }, /`comparator` must be one of above, below, outside, equal, notEqual/],
  [{ ...least, comparator: 'constructor' }, /`comparator` must be one of/],
  [{ ...least, value: '1' }, /`value` must be a number for `above`/],
  [{ ...least, value: null }, /`value` must be a number/],
  [{ ...least, low: 1 }, /`low` and `high` are for `outside`/],
  [{ ...least, hysteresis: -1 }, /`hysteresis` must be a number from 0/],
  [{ ...least, forSeconds: -1 }, /`forSeconds` must be/],
  [{ ...least, clearForSeconds: 1e9 }, /`clearForSeconds` must be/],
  [{ ...least, comparator: 'outside' }, /`outside` takes `low` and `high`/],
  [{ name: 'n', field: 'f', comparator: 'outside', low: 2, high: 1 }, /`low` the smaller one/],
  [{ name: 'n', field: 'f', comparator: 'outside', low: 1, high: 2, hysteresis: 1 }, /must leave room/],
  [{ ...least, comparator: 'equal', hysteresis: 1 }, /takes a `value` alone/],
  [{ ...least, comparator: 'equal', value: 'x'.repeat(201) }, /at most 200 characters/],
];

test('what can be no rule is refused with the reason', () => {
  for (const [body, says] of wrong) assert.match(String(ruleTermsOf(body)), says);
});

test('a rule is the same after it was on the shelf', () => {
  const bodies = [
    least,
    {
      name: 'n',
      field: 'f',
      comparator: 'outside',
      low: 1,
      high: 3,
      hysteresis: 0.5,
      forSeconds: 1.5,
      clearForSeconds: 2,
    },
    {
      ...least,
      comparator: 'notEqual',
      value: 'x',
      profile: 'a/*',
      device: 'b*',
      enabled: false,
      severity: 'critical',
    },
  ];
  for (const body of bodies) {
    const terms = ruleTermsOf(body);
    assert.ok(typeof terms === 'object', String(terms));
    const rule = { id: 'r', ...terms, createdAt: 1_000, changedAt: 2_000, changedBy: 'eve' };
    assert.deepEqual(ruleOfJson(JSON.stringify(ruleJson(rule))), rule);
  }
  for (const text of ['', '{}', '[]', 'null', '{"id":"r","name":"n"}']) assert.equal(ruleOfJson(text), undefined);
});
