import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { SqliteStateStore } from '../../src/collector/sqlite-state-store.ts';
import { keyOf, partsOf } from '../../src/collector/state-store.ts';
import { tempDir } from '../support/temp-dir.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);

test('a value is put where it is expected, and nowhere else; and is there after it was opened anew', async (t) => {
  const path = join(tempDir(t), 'state');
  const store = new SqliteStateStore(path);
  assert.equal(await store.get('a.x'), undefined);
  assert.equal(await store.put('a.x', bytes('1'), 0), 1);
  assert.equal(await store.put('a.x', bytes('other'), 0), undefined);
  assert.equal(await store.put('a.x', bytes('other'), 7), undefined);
  // Of two who ask at once, one is faster.
  const both = await Promise.all([store.put('a.x', bytes('2'), 1), store.put('a.x', bytes('3'), 1)]);
  assert.deepEqual(both, [2, undefined]);
  await store.close();
  const again = new SqliteStateStore(path);
  t.after(() => again.close());
  const entry = await again.get('a.x');
  assert.deepEqual([Buffer.from(entry!.value).toString(), entry!.revision], ['2', 2]);
  assert.deepEqual([await again.delete('a.x', 1), await again.delete('a.x', 2)], [false, true]);
  assert.equal(await again.get('a.x'), undefined);
});

test('a space is listed, and its changes are told, without those of others', async (t) => {
  const store = new SqliteStateStore(join(tempDir(t), 'state'));
  t.after(() => store.close());
  const told: [string, string | undefined][] = [];
  const stop = store.watch('a', (key, value) => told.push([key, value && Buffer.from(value).toString()]));
  await store.put('a.1', bytes('x'), 0);
  await store.put('ab.1', bytes('y'), 0);
  await store.put('a.2', bytes('z'), 0);
  assert.deepEqual((await store.list('a')).map(({ key }) => key).sort(), ['a.1', 'a.2']);
  await store.delete('a.1', 1);
  stop();
  await store.put('a.3', bytes('later'), 0);
  assert.deepEqual(told, [
    ['a.1', 'x'],
    ['a.2', 'z'],
    ['a.1', undefined],
  ]);
});

test('any names make a key that can be taken apart again', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme', minLength: 1 }), { minLength: 1 }), (parts) => {
      const key = keyOf('space', ...parts);
      assert.match(key, /^[A-Za-z0-9_=.-]+$/);
      assert.deepEqual(partsOf(key), parts);
    }),
  );
});

test('once closed it answers with a clear error', async (t) => {
  const store = new SqliteStateStore(join(tempDir(t), 'state'));
  await store.close();
  await assert.rejects(store.get('a.x'), { code: 'sink.failed' });
  await assert.rejects(store.put('a.x', bytes('1'), 0), { code: 'sink.failed' });
});
