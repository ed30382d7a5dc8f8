import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Head } from '../../src/buffer/head.ts';
import { ShelfStore } from '../../src/buffer/shelf-store.ts';
import { takeOver } from '../../src/buffer/take-over.ts';
import { takeOverEntry } from '../../src/uplink/lineage.ts';
import { tempDir } from '../support/temp-dir.ts';

const mark = (epoch: string, from: string) => [takeOverEntry(epoch, from)];

/** A data directory as a stopped gateway leaves it. */
function dataDirectory(t: TestContext): { dataDir: string; head: () => Head; epoch: string } {
  const dataDir = tempDir(t);
  mkdirSync(join(dataDir, 'buffer'));
  const head = (): Head => new Head(join(dataDir, 'buffer', 'head.db'), join(dataDir, 'damaged'));
  const first = head();
  first.found(undefined, 77);
  first.close();
  return { dataDir, head, epoch: first.identity.epoch };
}

function marks(dataDir: string): string[] {
  const shelf = new ShelfStore(join(dataDir, 'buffer', 'shelf.db'));
  const entries = shelf.entries('uplink.lineage');
  shelf.close();
  return entries.map(([key, value]) => `${key} ${Buffer.from(value)}`);
}

test('the directory gets a new epoch, and says whose place it takes', (t) => {
  const { dataDir, head, epoch: before } = dataDirectory(t);
  const { gateway, oldEpoch, epoch } = takeOver(dataDir, mark);
  assert.equal(oldEpoch, before);
  assert.notEqual(epoch, before);
  assert.deepEqual(marks(dataDir), [`takes-over ${JSON.stringify({ epoch, from: before })}`]);
  const after = head();
  assert.deepEqual([after.identity, after.reserved], [{ gateway, epoch }, 77]);
  after.close();
});

test('a power cut in between leaves it as it was, and it can be done again', (t) => {
  const { dataDir, head, epoch: before } = dataDirectory(t);
  const cut = (epoch: string, from: string): never => {
    const shelf = new ShelfStore(join(dataDir, 'buffer', 'shelf.db'));
    shelf.apply([takeOverEntry(epoch, from)]);
    shelf.close();
    throw new Error('the power went');
  };
  assert.throws(() => takeOver(dataDir, cut), /the power went/);
  const now = head();
  assert.equal(now.identity.epoch, before);
  now.close();
  // The mark is for an epoch that it does not have: nobody heeds it.
  assert.ok(!marks(dataDir)[0]!.includes(`"epoch":"${before}"`));
  const { epoch } = takeOver(dataDir, mark);
  assert.deepEqual(marks(dataDir), [`takes-over ${JSON.stringify({ epoch, from: before })}`]);
});

test('a running gateway, and what is no data directory, are told from one', (t) => {
  const { dataDir, head } = dataDirectory(t);
  const running = head();
  assert.throws(() => takeOver(dataDir, mark), { code: 'data.in-use' });
  running.close();
  assert.throws(() => takeOver(join(dataDir, 'elsewhere'), mark), { code: 'directory.not-data' });
});
