import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Intervals } from '../../src/lib/intervals.ts';
import { kinds, openSink, range, sinkIn, storedNames, temporaryDirectory } from './fixtures.ts';

const child = fileURLToPath(new URL('./crash-child.ts', import.meta.url));
const rounds = Number(process.env.HEADGATE_CRASH_ROUNDS ?? 6);

for (const kind of kinds) {
  test(`${kind}: killed at any moment, what was acknowledged is there, and nothing is there twice`, async (t) => {
    const address = sinkIn(temporaryDirectory(t), kind);
    const promised = new Intervals();
    let firstNew = 1;
    for (let round = 1; round <= rounds; round++) {
      const fresh = await runAndKill(address, round, firstNew);
      assert.ok(fresh.size > 0, 'the child acknowledged something');
      for (const { first, last } of fresh) promised.add(first, last);
      const sink = openSink(address);
      const durable = sink.progress('gw', 'e');
      for (const { first, last } of promised)
        assert.ok(durable.covers(first, last), `${first} to ${last} was promised`);
      const names = [...durable].flatMap(({ first, last }) => range(first, last)).map((sequence) => `gw/e/${sequence}`);
      // Also compares the content of each.
      assert.deepEqual(storedNames(address).sort(), names.sort(), 'the records and the progress agree');
      firstNew = [...durable].at(-1)!.last + 1;
      sink.close();
    }
  });
}

/** Lets the child commit for a moment, kills it, and returns what it had acknowledged. */
async function runAndKill(address: string, seed: number, firstNew: number): Promise<Intervals> {
  const process_ = spawn(process.execPath, [child, address, String(seed), String(firstNew)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  process_.stdout.on('data', (bytes: Buffer) => {
    said += bytes;
    // Within the next commits, wherever that hits them: the moment is left to chance on purpose.
    if (said.length > 40) setTimeout(() => process_.kill('SIGKILL'), Math.random() * 40);
  });
  await once(process_, 'close');
  // A last line without its break was cut short by the kill, and promises nothing.
  const lines = said.split('\n').slice(0, -1);
  return new Intervals(lines.map((line) => ({ first: Number(line.split(' ')[0]), last: Number(line.split(' ')[1]) })));
}
