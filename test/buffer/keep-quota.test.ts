import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { RecordBuffer } from '../../src/buffer/buffer.ts';
import type { Handling } from '../../src/core/handling.ts';
import { append, isBalanced, local, openBuffer, waiting } from '../support/buffer.ts';
import { tempDir } from '../support/temp-dir.ts';

const week = 7 * 86_400_000;
const options = { options: { keep: week, segmentBytes: 64 * 1024 } };

async function fill(buffer: RecordBuffer, handling: Handling, count: number): Promise<void> {
  for (let n = 0; n < count; n++) await append(buffer, handling, randomBytes(16 * 1024));
}

test("kept records make room for their rule's new ones, whatever the rule does when it is full", async (t) => {
  for (const whenFull of ['block', 'dropNewest', 'dropOldest'] as const) {
    const buffer = await openBuffer(t, tempDir(t), options);
    const handling: Handling = { ...local, rule: 'small', whenFull, maxBytes: 300_000 };
    for (let n = 0; n < 30; n++) {
      await fill(buffer, handling, 1);
      buffer.acknowledge(await waiting(buffer));
    }
    const { lanes, ledger } = buffer.status();
    assert.deepEqual(
      [whenFull, lanes[0]!.gate, ledger.dropped.full, ledger.dropped.evicted, lanes[0]!.diskBytes < 400_000],
      [whenFull, 'open', 0, 0, true],
    );
    assert.ok(isBalanced(buffer));
    await buffer.stop();
  }
});

test('within a rule, too, kept records go before those that wait', async (t) => {
  const buffer = await openBuffer(t, tempDir(t), options);
  const handling: Handling = { ...local, rule: 'small', maxBytes: 450_000 };
  await fill(buffer, handling, 6);
  const [oldest, ...rest] = await waiting(buffer);
  buffer.acknowledge(rest);
  // A collector that refuses the first batch for a while, say.
  for (let n = 0; n < 10; n++) {
    await fill(buffer, handling, 1);
    const read = await waiting(buffer);
    buffer.acknowledge(read.filter(({ firstSequence }) => firstSequence !== oldest!.firstSequence));
  }
  assert.equal(buffer.status().ledger.dropped.evicted, 0);
  assert.equal((await waiting(buffer))[0]?.firstSequence, oldest!.firstSequence);
});
