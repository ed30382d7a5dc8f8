import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Lineages } from '../../src/collector/lineages.ts';
import { SqliteStateStore } from '../../src/collector/sqlite-state-store.ts';
import type { StateEntry, StateStore } from '../../src/collector/state-store.ts';
import { systemClock } from '../../src/core/time.ts';
import { eventually } from '../support/wait.ts';
import { temporaryDirectory } from './fixtures.ts';

const claim = { gateway: 'a gateway', epoch: 'e', lineages: [] as string[], takesOver: '' };

/** What several collectors remember together. */
function shared(t: TestContext, path = join(temporaryDirectory(t), 'state')) {
  const store = new SqliteStateStore(path);
  t.after(() => store.close());
  return { path, store, collectors: [new Lineages(store, systemClock), new Lineages(store, systemClock)] as const };
}

async function accepted<T extends { name: string }>(decision: Promise<T>): Promise<T & { name: 'accepted' }> {
  const result = await decision;
  assert.equal(result.name, 'accepted', JSON.stringify(result));
  return result as T & { name: 'accepted' };
}

test('collectors that share a store race for one gateway: the first confirmation counts, and the others are told', async (t) => {
  const { collectors } = shared(t);
  const holders = Array.from({ length: 20 }, () => ({
    peer: { epoch: 'e' },
    lineage: undefined as string | undefined,
  }));
  const overtaken = new Set<object>();
  for (const [index, collector] of collectors.entries()) {
    const mine = (gateway: string) => (gateway === claim.gateway ? holders.filter((_, i) => i % 2 === index) : []);
    t.after(collector.watch(mine, (holder) => overtaken.add(holder)));
  }
  // All at once, each with a hello of the same data directory: twenty copies of it.
  const proposals = await Promise.all(
    holders.map((_, index) => accepted(collectors[index % 2]!.propose(claim, `10.0.0.${index}:1`))),
  );
  const names = proposals.map(({ proposal }) => proposal.lineage);
  assert.equal(new Set(names).size, 20, 'each has a name of its own');
  const results = await Promise.all(
    proposals.map(async ({ proposal }, index) => {
      const result = await collectors[index % 2]!.confirm(proposal, proposal.lineage, 'x:1');
      if (result.name === 'accepted') holders[index]!.lineage = proposal.lineage;
      return result.name;
    }),
  );
  const winner = results.indexOf('accepted');
  assert.equal(results.filter((name) => name === 'accepted').length, 1);
  // It alone goes on, at either collector, and a proposal takes nothing from it.
  const next = await accepted(collectors[1 - (winner % 2)]!.propose({ ...claim, lineages: [names[winner]!] }, 'x:1'));
  await new Promise(setImmediate);
  assert.equal(overtaken.size, 0);
  const older = { ...claim, lineages: [names[(winner + 1) % 20]!] };
  assert.equal((await collectors[0].propose(older, 'y:1')).name, 'refused');
  assert.equal((await collectors[1].propose(claim, 'y:1')).name, 'refused');
  await accepted(collectors[0].confirm(next.proposal, next.proposal.lineage, 'x:1'));
  await eventually('the one before to be told', () => overtaken.has(holders[winner]!));
});

test('news that is older than a confirmation overtakes nobody', async (t) => {
  const { store } = shared(t);
  const listeners: ((key: string, value: Uint8Array | undefined) => void)[] = [];
  const late: StateStore = {
    get: (key) => store.get(key),
    list: (prefix) => store.list(prefix),
    put: (key, value, expected) => store.put(key, value, expected),
    delete: (key, expected) => store.delete(key, expected),
    watch: (_, listener) => {
      listeners.push(listener);
      return () => {};
    },
    close: () => store.close(),
  };
  const lineages = new Lineages(late, systemClock);
  const holder = { peer: { epoch: 'e' }, lineage: undefined as string | undefined };
  const overtaken: object[] = [];
  lineages.watch(
    () => [holder],
    (one) => overtaken.push(one),
  );
  const { proposal } = await accepted(lineages.propose(claim, 'x:1'));
  const [{ key, value }] = (await store.list('gateway')) as [StateEntry];
  await accepted(lineages.confirm(proposal, proposal.lineage, 'x:1'));
  holder.lineage = proposal.lineage;
  // That it was proposed is heard only now.
  listeners[0]!(key, value);
  await store.get(key);
  await new Promise(setImmediate);
  assert.deepEqual(overtaken, []);
  await store.delete(key, (await store.get(key))!.revision);
  listeners[0]!(key, undefined);
  await eventually('the end of it', () => overtaken.length > 0);
});

test('what is remembered outlives the collector', async (t) => {
  const { path, store, collectors } = shared(t);
  const { proposal } = await accepted(collectors[0].propose(claim, 'x:1'));
  await accepted(collectors[0].confirm(proposal, proposal.lineage, 'x:1'));
  const next = await accepted(collectors[0].propose({ ...claim, lineages: [proposal.lineage] }, 'x:1'));
  assert.equal(next.proposal.follows, proposal.lineage);
  await store.close();
  // It was killed before the confirmation came; the gateway had made the lineage durable.
  const [after] = shared(t, path).collectors;
  const again = await accepted(after.propose({ ...claim, lineages: [next.proposal.lineage] }, 'x:1'));
  assert.equal(again.proposal.follows, next.proposal.lineage);
  const refused = await after.propose({ ...claim, lineages: [proposal.lineage] }, 'y:1');
  assert.match(
    refused.name === 'refused' ? refused.reason : '',
    /another machine runs as gateway a gateway .*from x:1/,
  );
});
