import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldKey, firstField } from '../../src/dashboard/pages/device/field-keys.ts';
import { hexOf, type RawMessage, withNews } from '../../src/dashboard/pages/device/raw.ts';
import { isLike, linesOf, rulesFor } from '../../src/dashboard/pages/device/threshold.ts';
import type { Rule } from '../../src/dashboard/ui/rule.ts';

const rule: Rule = {
  id: 'r',
  name: 'Too warm',
  enabled: true,
  severity: 'critical',
  device: '*',
  profile: null,
  field: 'temperature',
  comparator: 'above',
  value: 30,
  createdAt: '',
  changedAt: '',
  changedBy: '',
};

test('a glob is like a text', () => {
  for (const [glob, text, is] of [
    ['a', 'a', true],
    ['a', 'ab', false],
    ['*', '', true],
    ['a*', 'abc', true],
    ['*c', 'abc', true],
    ['a*c', 'abc', true],
    ['a*a', 'a', false],
    ['a*b*c', 'a1b2c', true],
    ['a*b*c', 'a1c2b', false],
    ['*b*b', 'b', false],
    ['a.c', 'abc', false],
  ] as const) {
    assert.equal(isLike(glob, text), is, `${glob} ${text}`);
  }
});

test('which rules hold for a device, and their lines', () => {
  const plug = { id: 'tasmota:plug', profile: { name: 'tasmota/plug' } };
  for (const [what, terms, device, holds] of [
    ['every device', {}, plug, true],
    ['by its id', { device: 'tasmota:*' }, plug, true],
    ['of others', { device: 'shelly:*' }, plug, false],
    ['by its profile', { profile: 'tasmota/*' }, plug, true],
    ['of a profile, and it has none', { profile: '*' }, { id: 'x', profile: null }, false],
  ] as const) {
    assert.equal(rulesFor([{ ...rule, ...terms }], device).length === 1, holds, what);
  }
  const field = { name: 'temperature', unit: 'Cel', unitSymbol: '°C' };
  const line = { value: 30, label: 'Too warm', unit: '°C', tone: 'bad' };
  const { value: _, ...others } = rule;
  for (const [what, given, lines] of [
    ['above', rule, [line]],
    ['outside', { ...others, comparator: 'outside', low: 5, high: 30 }, [{ ...line, value: 5 }, line]],
    ['a text', { ...rule, comparator: 'equal', value: 'off' }, []],
    ['switched off', { ...rule, enabled: false }, []],
    ['of another field', { ...rule, field: 'humidity' }, []],
  ] as const) {
    assert.deepEqual(linesOf([given], [field]), lines, what);
  }
});

test('what is shown first has a number and a unit', () => {
  const text = { name: 'mode', value: 'heat', unit: null };
  const number = { name: 'count', value: 1, unit: null };
  const measured = { name: 'temperature', tags: 'room=3', value: 21, unit: 'Cel' };
  for (const [fields, first] of [
    [[text, number, measured], [fieldKey('temperature', 'room=3')]],
    [[text, number], ['count']],
    [[text], ['mode']],
    [[{ name: 'list', value: [1], unit: null }], []],
    [[], []],
  ] as const) {
    assert.deepEqual(firstField(fields), first);
  }
});

test('messages are shown in hex, and new ones before those that are there', () => {
  assert.equal(hexOf(''), '');
  assert.equal(hexOf(btoa('Hi \x00\xff')), `${'48 69 20 00 ff'.padEnd(48)} Hi ..`);
  assert.equal(hexOf(btoa('0123456789abcdefg')).split('\n').length, 2);
  const messages = (...numbers: readonly number[]): RawMessage[] =>
    numbers.map((number) => ({
      ...{ number, receivedAt: '2026-01-01T00:00:00.000Z', source: 'mqtt', topic: 't', mqttQos: 1 },
      ...{ isRetained: false, payloadBytes: 0, payloadBase64: '' },
    }));
  const before = messages(2, 1);
  assert.equal(withNews(before, messages(2)), before);
  assert.deepEqual(withNews(before, messages(4, 3, 2)), messages(4, 3, 2, 1));
  const many = withNews(messages(...Array.from({ length: 100 }, (_, n) => 200 - n)), messages(201));
  assert.equal(many.length, 100);
  assert.equal(many[0]?.number, 201);
});
