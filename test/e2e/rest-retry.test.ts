// A request under an Idempotency-Key that comes again after a power cut makes no second record.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { SinkFile } from '../support/collector.ts';
import { startGateway } from '../support/gateway.ts';
import type { HeadgateProcess } from '../support/headgate-process.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

interface Published {
  readonly taken: number;
  readonly results: readonly { readonly sequence: number | null; readonly isDuplicate?: true }[];
}

async function publish(gateway: HeadgateProcess, key: string, items: readonly object[]): Promise<Published> {
  const answer = await fetch(`http://127.0.0.1:${gateway.port('http')}/api/v1/measurements`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify(items),
  });
  assert.equal(answer.status, 200, await answer.clone().text());
  return (await answer.json()) as Published;
}

test('what the disk had before a kill is recognised, and the rest is stored', async (t) => {
  const dataDir = tempDir(t);
  const path = join(tempDir(t), 'records.ndjson');
  const start = () => startGateway(t, { dataDir, sink: `file:${path}` });
  const items = Array.from({ length: 200 }, (_, n) =>
    n % 2 === 0 ? { topic: `a/${n}`, payload: { n } } : { device: `d:${n}`, fields: { n } },
  );
  const first = await start();
  assert.deepEqual((await publish(first, 'k', items.slice(0, 120))).taken, 120);
  await first.kill();
  const second = await start();
  // The client does not know that it was answered, and has more to say under the key of a request that is as long as this one.
  const again = await publish(second, 'k', items);
  assert.equal(again.results.filter(({ isDuplicate }) => isDuplicate).length, 120);
  assert.equal(again.results.filter(({ sequence }) => sequence !== null).length, 80);
  assert.deepEqual(await publish(second, 'k', items), again, 'the same answer, as long as it runs');
  assert.equal((await publish(second, 'other', items.slice(0, 1))).results[0]?.isDuplicate, undefined);
  const sink = new SinkFile(path);
  const seen = await eventually('every record at the collector', () => {
    const numbers = sink.look().map((line) => JSON.stringify(line.fields));
    return numbers.length >= 201 && numbers;
  });
  assert.deepEqual(new Set(seen).size, 200);
  assert.equal(seen.length, 201, 'the one under the other key is another one');
});
