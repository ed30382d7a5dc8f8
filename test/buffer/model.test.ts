import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { rounds, seededRandom } from '../support/random.ts';
import { type Command, carryOut, runs } from './model/commands.ts';
import { Rig, type Site } from './model/rig.ts';

/** Where an fsync costs nothing, if there is such a place. */
const place = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

const sites: fc.Arbitrary<Site> = fc.record({
  maxBytes: fc.constantFrom(450_000, 700_000, 100_000_000),
  maxPendingBytes: fc.constantFrom(60_000, 10_000_000),
});

async function play(site: Site, commands: readonly Command[]): Promise<void> {
  const rig = new Rig(mkdtempSync(join(place, 'headgate-model-')), site);
  await rig.start();
  try {
    for (const command of commands) await carryOut(rig, command);
    await rig.drain();
  } finally {
    rig.end();
  }
}

test('whatever happens, each record is delivered once, or its loss is counted and told once', async (t) => {
  const seed = seededRandom(t).between(0, 2 ** 31 - 1);
  await fc.assert(fc.asyncProperty(sites, runs(24), play), { seed, numRuns: rounds(1_500, 50_000) });
});
