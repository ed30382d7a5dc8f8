import assert from 'node:assert/strict';
import { test } from 'node:test';
import { actionOf } from '../../src/dashboard/shell/keys.ts';

const pages = new Map([['d', 'devices']]);
const action = (key: string, more: { isChord?: boolean; isTyping?: boolean } = {}, isAfterG = false) =>
  actionOf({ key, isChord: false, isTyping: false, ...more }, isAfterG, pages);

test('what keys do, and when they belong to somebody else', () => {
  assert.equal(action('/').kind, 'search');
  assert.equal(action('g').kind, 'begun');
  assert.deepEqual(action('d', {}, true), { kind: 'page', name: 'devices' });
  assert.equal(action('z', {}, true).kind, 'nothing');
  assert.equal(action('d').kind, 'nothing');
  assert.equal(action('/', { isTyping: true }).kind, 'nothing');
  assert.equal(action('k', { isChord: true }).kind, 'nothing');
  assert.deepEqual(action('k'), { kind: 'row', by: -1 });
});
