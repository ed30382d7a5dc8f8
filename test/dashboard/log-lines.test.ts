import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  isShown,
  type LogChoice,
  lineOf,
  linesText,
  maxLines,
  withLines,
} from '../../src/dashboard/pages/logs/lines.ts';

const given = {
  level: 'warn',
  time: '2026-11-25T12:00:00.000Z',
  part: 'mqtt',
  msg: 'A client is slow.',
  client: 'Pump-7',
};

test('lines are kept in order, the newest two thousand of them', () => {
  const lines = withLines(withLines([], Array(maxLines).fill(given)), [given, given]);
  assert.deepEqual([lines.length, lines[0]?.number, lines.at(-1)?.number], [maxLines, 3, maxLines + 2]);
  assert.equal(
    linesText(lines.slice(-1)),
    JSON.stringify({ level: 'warn', time: given.time, part: 'mqtt', client: 'Pump-7', msg: given.msg }),
  );
});

test('which lines are shown', () => {
  const line = lineOf(given, 1);
  const rows: [choice: Partial<LogChoice>, isIn: boolean][] = [
    [{}, true],
    [{ level: 'warn' }, true],
    [{ level: 'error' }, false],
    [{ part: 'mqtt' }, true],
    [{ part: 'uplink' }, false],
    [{ text: 'SLOW' }, true],
    [{ text: 'pump-7' }, true],
    [{ text: 'nothing' }, false],
  ];
  for (const [some, isIn] of rows) {
    assert.equal(isShown(line, { level: 'info', part: '', text: '', ...some }), isIn, JSON.stringify(some));
  }
});
