import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { ShelfStore } from '../../../src/buffer/shelf-store.ts';
import type { ShelfChange, ShelfEntry } from '../../../src/core/shelf.ts';
import { seededRandom } from '../../support/random.ts';
import type { RawMqtt } from '../../support/raw-mqtt.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { publish, Site, type SiteDisk } from './site.ts';

/** A shelf's file, as the buffer's worker has it, but in this thread. */
class StoreDisk implements SiteDisk {
  readonly #t: TestContext;
  readonly #path: string;
  readonly #store: ShelfStore;
  #isGone = false;

  constructor(t: TestContext, path: string) {
    this.#t = t;
    this.#path = path;
    this.#store = new ShelfStore(path);
    assert.equal(this.#store.problem, undefined);
    t.after(() => this.#store.close());
  }

  async apply(changes: readonly ShelfChange[]): Promise<void> {
    // The worker answers later.
    await turn();
    if (this.#isGone) throw new Error('it is gone');
    this.#store.apply(changes);
  }

  async entries(space: string): Promise<readonly ShelfEntry[]> {
    return this.#store.entries(space);
  }

  /** The files as a kill leaves them. */
  afterCrash(): StoreDisk {
    this.#isGone = true;
    const directory = tempDir(this.#t);
    mkdirSync(directory, { recursive: true });
    const copy = join(directory, 'shelf.db');
    for (const suffix of ['', '-wal']) {
      if (existsSync(this.#path + suffix)) copyFileSync(this.#path + suffix, copy + suffix);
    }
    return new StoreDisk(this.#t, copy);
  }

  release(): void {}
}

const keep = { clean: false };

/** Takes and acknowledges what comes, for a moment. */
async function drain(client: RawMqtt): Promise<string[]> {
  const seen: string[] = [];
  // Each ping tells that what waited before it has come.
  for (let quiet = 0; quiet < 2; ) {
    await client.ping();
    const came = client.inbox.splice(0).filter((packet) => packet.cmd === 'publish');
    quiet = came.length === 0 ? quiet + 1 : 0;
    for (const { payload, messageId = 0 } of came) {
      seen.push(payload.toString());
      client.send({ cmd: 'puback', messageId });
    }
  }
  await client.ping();
  return seen;
}

test('20 crashes under load: who is away misses nothing that was acknowledged, and gets it in order', async (t) => {
  const random = seededRandom(t);
  const site = await Site.on(t, new StoreDisk(t, join(tempDir(t), 'shelf.db')));
  await site.lose(await site.subscriber('s', 't'));
  const acknowledged = new Set<string>();
  const seen: string[] = [];
  let next = 0;
  for (let round = 0; round < 20; round++) {
    const publisher = await site.connect('p', 4, keep);
    const first = next;
    const count = random.between(5, 60);
    for (let i = 0; i < count; i++) publisher.send(publish(1, i + 1, `${next++}`));
    const isSubscriberHere = random.next() < 0.5;
    const subscriber = isSubscriberHere ? await site.connect('s', 4, keep) : undefined;
    const until = random.between(0, count);
    while (publisher.inbox.length < until) await turn();
    await site.crash();
    for (const packet of publisher.inbox) {
      if (packet.cmd === 'puback') acknowledged.add(`${first + (packet.messageId ?? 0) - 1}`);
    }
    if (subscriber === undefined) continue;
    // It has seen some of it, and said nothing: it comes again.
    const again = await site.connect('s', 4, keep);
    seen.push(...(await drain(again)));
    await site.lose(again);
  }
  const last = await site.connect('s', 4, keep);
  seen.push(...(await drain(last)));
  const missing = [...acknowledged].filter((payload) => !seen.includes(payload));
  t.diagnostic(`${acknowledged.size} acknowledged of ${next}, ${seen.length} seen`);
  assert.deepEqual(missing, []);
  assert.ok(acknowledged.size > 50);
  // What comes a second time, because its acknowledgement was lost, comes behind nothing that is newer than it was.
  const firsts = [...new Set(seen)].map(Number);
  assert.deepEqual(
    firsts,
    firsts.toSorted((a, b) => a - b),
  );
});
