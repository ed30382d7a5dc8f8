import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Lineages } from '../../src/collector/lineages.ts';
import { SqliteStateStore } from '../../src/collector/sqlite-state-store.ts';
import { systemClock } from '../../src/core/time.ts';
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

test('collectors that share a store race for one gateway: the first confirmation counts, and all are told', async (t) => {
  const { collectors } = shared(t);
  const told: [number, string, boolean][] = [];
  let kept = '';
  for (const [index, collector] of collectors.entries()) {
    t.after(collector.watch((gateway, isCurrent) => told.push([index, gateway, isCurrent('e', kept)])));
  }
  // Both at once, each with a hello of the same data directory: twenty copies of it.
  const proposals = await Promise.all(
    Array.from({ length: 20 }, (_, index) => accepted(collectors[index % 2]!.propose(claim, `10.0.0.${index}:1`))),
  );
  assert.equal(new Set(proposals.map(({ proposal }) => proposal.lineage)).size, 20, 'each has a name of its own');
  told.length = 0;
  const [older] = proposals;
  const results = await Promise.all(
    proposals.map(({ proposal }, index) => collectors[index % 2]!.confirm(proposal, proposal.lineage, 'x:1')),
  );
  const winners = proposals.filter((_, index) => results[index]!.name === 'accepted');
  assert.equal(winners.length, 1);
  kept = winners[0]!.proposal.lineage;
  assert.deepEqual(told.map(([index, gateway]) => `${index} ${gateway}`).sort(), ['0 a gateway', '1 a gateway']);
  // From now on it alone goes on, at either collector.
  await accepted(collectors[0].propose({ ...claim, lineages: [kept] }, 'x:1'));
  assert.deepEqual(told.at(-1)!.slice(1), ['a gateway', true]);
  const refused = await collectors[1].propose({ ...claim, lineages: [older!.proposal.lineage] }, 'y:1');
  assert.equal(refused.name, kept === older!.proposal.lineage ? 'accepted' : 'refused');
  assert.equal((await collectors[1].propose(claim, 'y:1')).name, 'refused');
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
