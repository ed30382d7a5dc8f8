import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Log, silentLog } from '../../../src/lib/log.ts';
import { Adoptions } from '../../../src/profiles/adoptions.ts';
import { keepAdoptions } from '../../../src/registry/topics/adoption-shelf.ts';
import { Bindings } from '../../../src/registry/topics/bindings.ts';
import { MemoryDisk, shelfOn } from '../../support/memory-shelf.ts';

async function bindingsOn(disk: MemoryDisk, log: Log = silentLog) {
  const bindings = new Bindings({
    shelf: shelfOn(disk),
    hasProfile: (name) => name !== 'gone/gone',
    deviceBy: (pattern) => (topic) => (pattern === 's/{device}/t' ? topic.split('/')[1] : undefined),
    log,
  });
  await bindings.load();
  return bindings;
}

test('what people decided holds for what it matches, and outlives a crash', async () => {
  const disk = new MemoryDisk();
  const bindings = await bindingsOn(disk);
  assert.equal(bindings.bindingOf('s/a/t'), undefined);
  await bindings.decide({ template: 's/+/t', profile: 'a/b', device: 's/{device}/t', at: 1 });
  await bindings.decide({ template: 's/x/t', profile: null, device: null, at: 2 });
  await bindings.decide({ template: 's/y/t', profile: 'c/d', device: 'why', at: 3 });
  const again = await bindingsOn(disk.afterCrash());
  for (const one of [bindings, again]) {
    const found = one.bindingOf('s/a/t');
    assert.ok(found?.kind === 'adopted');
    assert.deepEqual([found.profile, found.template, found.deviceOf?.('s/a/t')], ['a/b', 's/+/t', 'a']);
    assert.deepEqual(one.bindingOf('s/x/t'), { kind: 'ignored', template: 's/x/t' });
    const named = one.bindingOf('s/y/t');
    assert.ok(named?.kind === 'adopted' && named.deviceOf?.('s/y/t') === 'why');
    assert.equal(one.bindingOf('s/a'), undefined);
  }
  assert.ok(await again.undo('s/x/t'));
  assert.equal(await again.undo('s/x/t'), false);
  assert.equal(again.bindingOf('s/x/t')?.kind, 'adopted');
});

test('a decision for a profile that is gone is told and kept, and one that can not be read is told', async () => {
  const disk = new MemoryDisk();
  const bindings = await bindingsOn(disk);
  await bindings.decide({ template: 'g', profile: 'gone/gone', device: null, at: 1 });
  const put = (key: string, value: string) => ({ space: 'registry.bindings', key, value: Buffer.from(value) });
  await disk.apply([put('a', '{'), put('b/#/c', '{"profile":null,"device":null,"at":1}'), put('c', '{"profile":7}')]);
  const told: string[] = [];
  const log = { ...silentLog, warn: (_: unknown, text?: string) => told.push(String(text)) } as unknown as Log;
  const again = await bindingsOn(disk.afterCrash(), log);
  assert.deepEqual(
    [...again.decisions].map(({ template }) => template),
    ['g'],
  );
  assert.equal(told.filter((text) => /there is not any more/.test(text)).length, 1);
  assert.equal(told.filter((text) => /could not be read/.test(text)).length, 3);
});

test('what was adopted without asking is kept, until it is taken back', async () => {
  const disk = new MemoryDisk();
  const shelf = shelfOn(disk);
  const adoptions = new Adoptions();
  await keepAdoptions(adoptions, shelf);
  adoptions.remember('a/b', 'x', undefined);
  adoptions.remember('a/b', 'y\nz', undefined);
  await shelf.saved();
  await disk.apply([{ space: 'registry.adoptions', key: 'no key', value: Uint8Array.of(1) }]);
  const after = disk.afterCrash();
  const again = new Adoptions();
  const newShelf = shelfOn(after);
  await keepAdoptions(again, newShelf);
  assert.deepEqual([again.size, again.profileOf('x'), again.profileOf('y\nz')], [2, 'a/b', 'a/b']);
  again.forget((pattern, name) => pattern === '' && name === 'x');
  await newShelf.saved();
  assert.deepEqual(after.keys('registry.adoptions'), ['a/b\n\ny\nz']);
});
