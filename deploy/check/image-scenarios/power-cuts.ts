import { equal } from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { Appliance } from '../appliance.ts';
import type { ImageScene } from '../image-scene.ts';
import { type Findings, say } from '../results.ts';
import { Site } from '../site.ts';

/**
 * The whole machine cut again and again: first while it makes its partitions at the first start, then while it starts and
 * under load. It has to come up each time, with all that was acknowledged.
 */
export async function powerCuts(scene: ImageScene): Promise<Findings> {
  const { t, image, board, directory, random, tellsAll, afterwards } = scene;
  const cuts = scene.times ?? 12;
  const site = await Site.make(t, directory);
  const appliance = await Appliance.make({ image, board, directory, random, tellsAll, gateway: site.settings });
  afterwards(() => appliance.close());
  const counts: Record<string, number> = { first: 0, starting: 0, loaded: 0, volatileSectors: 0, keptSectors: 0 };
  const count = (what: string, by = 1) => {
    counts[what] = (counts[what] ?? 0) + by;
  };
  const pages: number[] = [];
  // Before a start has come to its end, nobody knows how long one takes here.
  let startMs = 60_000;
  for (let life = 1; life <= cuts; life++) {
    const moment = life <= cuts / 3 ? 'first' : random.next() < 0.35 ? 'starting' : 'loaded';
    // As long as a flush takes, there is something to lose.
    await appliance.start({ condition: { kind: 'slow', flushMs: random.between(5, 60) } });
    let load: Promise<unknown> | undefined;
    if (moment === 'loaded') {
      const seconds = await appliance.firstPage(600_000);
      pages.push(seconds);
      startMs = seconds * 1000;
      if (!site.isEquipped) await site.equip(appliance);
      load = site.load(appliance);
      await delay(random.between(0, 20_000));
    } else {
      await delay(random.between(2_000, startMs));
    }
    const { volatileSectors, keptSectors } = await appliance.cut(random.next() < 0.25 ? 'none' : 'some');
    await load;
    count(moment);
    count('volatileSectors', volatileSectors);
    count('keptSectors', keptSectors);
    say(`  ${life} of ${cuts} cuts (${moment}), ${site.oracle.acknowledgedCount} acknowledged`);
  }
  await appliance.start();
  pages.push(await appliance.firstPage(600_000));
  if (!site.isEquipped) await site.equip(appliance);
  await site.finish(appliance);
  const verdict = await site.settled();
  const repair = (await appliance.root('cat /run/headgate-machine/e2fsck || true')).trim().split('\n').at(-1);
  await appliance.stop();
  const data = appliance.partitions()[3]!;
  // Throws unless it finds nothing.
  execFileSync('e2fsck', ['-f', '-n', `${appliance.card}?offset=${data.from}`], { stdio: 'pipe' });
  equal(verdict.lost.length, 0);
  return {
    cuts,
    acknowledged: verdict.acknowledged,
    lost: verdict.lost.length,
    doubled: verdict.doubled.length,
    slowestStartSeconds: Math.round(Math.max(...pages)),
    lastRepair: repair,
    ...counts,
  };
}
