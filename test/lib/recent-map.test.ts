import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RecentMap } from '../../src/lib/recent-map.ts';

test('what is used stays; what is not is forgotten after twice the size of others', () => {
  const map = new RecentMap<string, number>(3);
  map.set('unused', 1);
  map.set('used', 2);
  for (let i = 0; i < 6; i++) {
    map.set(`other ${i}`, i);
    assert.equal(map.get('used'), 2);
  }
  assert.equal(map.get('unused'), undefined);
  map.delete('used');
  assert.equal(map.get('used'), undefined);
});

test('whatever is done, what was used last is there, up to maxSize, and nothing comes back changed', () => {
  const maxSize = 10;
  const step = fc.record({
    kind: fc.constantFrom('get', 'set', 'delete'),
    key: fc.nat(15),
    size: fc.integer({ min: 1, max: 4 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const map = new RecentMap<number, { size: number }>(maxSize, (_, { size }) => size);
      /** Keys in order of use, the last used last, with what they must give if they give anything. */
      const used = new Map<number, { size: number }>();
      for (const { kind, key, size } of steps) {
        const known = used.get(key);
        if (kind === 'delete') {
          map.delete(key);
          used.delete(key);
        } else if (kind === 'set') {
          used.delete(key);
          used.set(key, { size });
          map.set(key, used.get(key)!);
        } else {
          const behind = [...used].reverse();
          const place = behind.findIndex(([other]) => other === key);
          const sizeFromHere = behind.slice(0, place + 1).reduce((sum, [, one]) => sum + one.size, 0);
          const found = map.get(key);
          if (known !== undefined && sizeFromHere < maxSize) assert.equal(found, known, 'it was used lately');
          else assert.ok(found === undefined || found === known);
          used.delete(key);
          if (found !== undefined) used.set(key, found);
        }
      }
    }),
  );
});
