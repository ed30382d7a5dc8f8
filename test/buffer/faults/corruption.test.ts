import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { randomOf, rounds, seededRandom } from '../../support/random.ts';
import { memoryDir } from '../../support/small-disk.ts';
import { type Corruption, corruptions } from './corruptions.ts';
import { alarms, assertLedger, noise, Rig, readings, type TestRecord } from './rig.ts';
import { filesIn, makeSite, type Site } from './site.ts';

const count = rounds(100, 2_000);
const kinds = Object.keys(corruptions);

for (const isKilled of [true, false]) {
  const name = `${count} random corruptions of a buffer that was ${isKilled ? 'killed' : 'closed'}`;
  test(name, { timeout: 60_000 + count * 500 }, async (t) => {
    const random = seededRandom(t);
    const dir = memoryDir(t);
    const site = await makeSite(dir, random, isKilled);
    // With the seed of a failure and HEADGATE_CASE, only the case that failed.
    const only = process.env.HEADGATE_CASE;
    const faults: string[] = [];
    for (let round = 0; round < count; round++) {
      const seed = random.between(0, 2 ** 31);
      if (only !== undefined && Number(only) !== round) continue;
      const kind = kinds[round % kinds.length]!;
      const directory = join(dir, `case-${round}`);
      cpSync(site.directory, directory, { recursive: true });
      // Not every kind can be had of every site.
      const corrupt = corruptions[kind]!(site, directory, randomOf(seed));
      const corruption = corrupt ?? corruptions.flipBits!(site, directory, randomOf(seed))!;
      try {
        await survive(site, directory, corruption);
      } catch (error) {
        faults.push(`HEADGATE_CASE=${round} (${corruption.what}): ${(error as Error).stack}`);
      }
      rmSync(directory, { recursive: true });
    }
    assert.deepEqual(faults, []);
  });
}

async function survive(site: Site, directory: string, corruption: Corruption): Promise<void> {
  const before = hashesOf(directory);
  const rig = new Rig({ directory });
  const started = performance.now();
  await rig.buffer.start();
  let lost = 0;
  try {
    assert.ok(performance.now() - started < 10_000, 'it takes too long to open');
    lost = await live(rig, site, corruption);
  } finally {
    await rig.buffer.stop();
  }
  const { damages } = rig.buffer.status();
  assertEvidence(directory, before);
  // All is well from the next start on, and what has not been told yet is told now.
  const again = await Rig.start({ directory });
  try {
    assert.deepEqual(again.buffer.status().damages, [], 'the damage is there again at the next start');
    assertLedger(again.buffer);
    assert.deepEqual(names(await again.drain()), [], 'something comes again after the next start');
  } finally {
    await again.buffer.stop();
  }
  const told = [...rig.gaps, ...again.gaps].filter(({ reason }) => reason === 'damaged');
  if (lost > 0 && corruption.isSilent !== true) {
    assert.ok(damages.length > 0, `${lost} are lost and the status does not tell`);
    assert.ok(told.length > 0, `${lost} are lost without a gap`);
  }
  const counted = told.reduce((sum, { count }) => sum + count, 0);
  assert.equal(counted, again.buffer.status().ledger.dropped.damaged, 'gaps and ledger differ');
  if (lost > counted && corruption.isSilent !== true) {
    assert.ok(
      told.some(({ count }) => count === 0),
      `${lost} are lost, ${counted} are told, and not that there are more`,
    );
  }
}

/** @returns how many records are lost */
async function live(rig: Rig, site: Site, { hit }: Corruption): Promise<number> {
  const { buffer } = rig;
  assertLedger(buffer);
  assert.deepEqual(buffer.identity, site.identity);
  const arrived = await rig.drain(false);
  assertLedger(buffer);
  judge(site, arrived, hit);
  assert.deepEqual(names(await rig.drain()), names(arrived), 'it reads differently the second time');
  // What comes now is stored, under sequences that were never used.
  for (const handling of [alarms, readings, noise]) {
    assert.ok((await rig.append(handling, `${handling.rule} new`)) > site.reserved, 'a sequence is used again');
  }
  assert.deepEqual(names(await rig.drain()).sort(), ['alarms new', 'noise new', 'readings new']);
  assertLedger(buffer);
  assert.equal(buffer.status().waitingRecords, 0);
  const seen = new Set(names(arrived));
  return [...site.truth.keys()].filter((name) => !site.delivered.has(name) && !seen.has(name)).length;
}

const names = (records: readonly TestRecord[]): string[] => records.map(({ name }) => name);

function judge({ truth, delivered }: Site, arrived: readonly TestRecord[], hit: ReadonlySet<string>): void {
  const seen = new Map<string, number>();
  for (const { name, sequence } of arrived) {
    assert.equal(sequence, truth.get(name), `${name} has another sequence`);
    assert.ok(!seen.has(name), `${name} is there twice`);
    seen.set(name, sequence);
  }
  const missing = [...truth.keys()].filter((name) => !delivered.has(name) && !hit.has(name) && !seen.has(name));
  assert.deepEqual(missing.slice(0, 5), [], `${missing.length} undamaged records are lost`);
}

/** What was moved aside is as it was found. */
function assertEvidence(directory: string, before: ReadonlyMap<string, string>): void {
  const damaged = join(directory, 'damaged');
  if (!existsSync(damaged)) return;
  const known = new Set(before.values());
  for (const [path, hash] of hashesOf(damaged)) {
    assert.ok(known.has(hash), `${path} is not what was found`);
  }
}

function hashesOf(directory: string): Map<string, string> {
  return new Map(
    filesIn(directory).map((path) => [
      path,
      createHash('sha256')
        .update(readFileSync(join(directory, path)))
        .digest('hex'),
    ]),
  );
}
