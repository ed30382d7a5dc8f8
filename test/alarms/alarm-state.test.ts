import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AlarmInput, type AlarmState, evaluate, isTimed, ok } from '../../src/alarms/alarm-state.ts';

const bad: AlarmInput = { name: 'violating' };
const between: AlarmInput = { name: 'between' };
const good: AlarmInput = { name: 'normal' };
const time: AlarmInput = { name: 'time' };
const known: AlarmInput = { name: 'acknowledge' };
const gone: AlarmInput = { name: 'withdraw', because: 'rule-gone' };
const pending: AlarmState = { name: 'pending', sinceMs: 100 };
const active: AlarmState = { name: 'active' };
const leaving: AlarmState = { name: 'active', normalSinceMs: 100 };
const acknowledged: AlarmState = { name: 'acknowledged' };
const knownLeaving: AlarmState = { name: 'acknowledged', normalSinceMs: 100 };
const cleared: AlarmState = { name: 'cleared', because: 'returned' };
const withdrawn: AlarmState = { name: 'cleared', because: 'rule-gone' };

/** `[forMs, holdMs]`, state, input, now, and what becomes of it; `same`: nothing. */
type Row = readonly [terms: readonly [number, number], from: AlarmState, AlarmInput, now: number, AlarmState | 'same'];
const table: readonly Row[] = [
  [[0, 0], ok, good, 100, 'same'],
  [[0, 0], ok, between, 100, 'same'],
  [[0, 0], ok, time, 100, 'same'],
  [[0, 0], ok, known, 100, 'same'],
  [[0, 0], ok, gone, 100, 'same'],
  [[0, 0], ok, bad, 100, active],
  [[50, 0], ok, bad, 100, pending],
  [[50, 0], pending, bad, 149, 'same'],
  [[50, 0], pending, bad, 150, active],
  [[50, 0], pending, time, 149, 'same'],
  [[50, 0], pending, time, 150, active],
  [[50, 0], pending, between, 149, ok],
  [[50, 0], pending, good, 149, ok],
  [[50, 0], pending, good, 999, ok],
  [[50, 0], pending, gone, 149, ok],
  [[50, 0], pending, known, 149, 'same'],
  // The rule was changed meanwhile, to something shorter and to something longer.
  [[10, 0], pending, time, 110, active],
  [[500, 0], pending, bad, 150, 'same'],
  // Operating time that a crash set back.
  [[50, 0], pending, time, 20, 'same'],
  [[0, 0], active, bad, 100, 'same'],
  [[0, 0], active, between, 100, 'same'],
  [[0, 0], active, time, 1e9, 'same'],
  [[0, 0], active, good, 100, cleared],
  [[0, 0], active, known, 100, acknowledged],
  [[0, 0], active, gone, 100, withdrawn],
  [[0, 50], active, good, 100, leaving],
  [[0, 50], leaving, good, 149, 'same'],
  [[0, 50], leaving, good, 150, cleared],
  [[0, 50], leaving, time, 149, 'same'],
  [[0, 50], leaving, time, 150, cleared],
  [[0, 50], leaving, between, 149, 'same'],
  [[0, 50], leaving, bad, 149, active],
  [[0, 50], leaving, known, 120, knownLeaving],
  [[0, 50], leaving, gone, 120, withdrawn],
  [[0, 0], acknowledged, bad, 100, 'same'],
  [[0, 0], acknowledged, between, 100, 'same'],
  [[0, 0], acknowledged, known, 100, 'same'],
  [[0, 0], acknowledged, good, 100, cleared],
  [[0, 0], acknowledged, gone, 100, withdrawn],
  [[0, 50], acknowledged, good, 100, knownLeaving],
  [[0, 50], knownLeaving, time, 150, cleared],
  [[0, 50], knownLeaving, bad, 120, acknowledged],
  [[0, 0], cleared, bad, 100, 'same'],
  [[0, 0], cleared, between, 100, 'same'],
  [[0, 0], cleared, good, 100, 'same'],
  [[0, 0], cleared, time, 100, 'same'],
  [[0, 0], cleared, known, 100, 'same'],
  [[0, 0], cleared, gone, 100, 'same'],
];

test('what becomes of an alarm, by its state and what it is told', () => {
  for (const [[forMs, holdMs], from, input, now, wanted] of table) {
    const found = evaluate(from, input, { forMs, holdMs }, now);
    const what = JSON.stringify([forMs, holdMs, from, input, now]);
    if (wanted === 'same') assert.equal(found, from, what);
    else assert.deepEqual(found, wanted, what);
  }
});

test('every state is told everything, and time alone moves only those that say so', () => {
  const states = [ok, pending, active, leaving, acknowledged, knownLeaving, cleared];
  for (const state of states) {
    for (const input of [bad, between, good, time, known, gone]) {
      const rows = table.filter(([, from, given]) => from.name === state.name && given.name === input.name);
      assert.ok(rows.length > 0, `${state.name}, ${input.name}`);
    }
    const later = evaluate(state, time, { forMs: 1, holdMs: 1 }, 1e9);
    assert.equal(later !== state, isTimed(state), state.name);
  }
});
