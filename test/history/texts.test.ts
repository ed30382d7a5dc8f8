import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecentTexts } from '../../src/history/texts.ts';

function readFrom(texts: RecentTexts): string[] {
  const found: string[] = [];
  texts.read(1, (ms, text) => found.push(`${ms} ${text}`));
  return found;
}

test('the last texts are kept, each that is another than the one before', () => {
  const texts = new RecentTexts();
  for (let i = 0; i < 40; i++) texts.note(1, i * 2_000, `state ${i >> 1}`, 0);
  const found = readFrom(texts);
  assert.equal(found.length, 20);
  assert.deepEqual(found.slice(-2), ['72000 state 18', '76000 state 19']);
  for (let i = 40; i < 120; i++) texts.note(1, i * 2_000, `state ${i}`, 0);
  assert.equal(readFrom(texts).length, 32);
});

test('of texts that follow one another faster than once a second the newest is kept', () => {
  const texts = new RecentTexts();
  for (let i = 0; i < 95; i++) texts.note(1, i * 100, `number ${i}`, 0);
  const newest = Array.from({ length: 9 }, (_, i) => `${i * 1_000 + 900} number ${i * 10 + 9}`);
  assert.deepEqual(readFrom(texts), [...newest, '9400 number 94']);
  // One of an earlier time, or of another reckoning of time, is another.
  texts.note(1, 500, 'late', 0);
  texts.note(1, 600, 'soon', 1);
  assert.deepEqual(readFrom(texts).slice(-2), ['500 late', '600 soon']);
});
