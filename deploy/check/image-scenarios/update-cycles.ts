import { equal } from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { SlotView } from '../../../src/appliance/view.ts';
import { eventually } from '../../../test/support/wait.ts';
import { Appliance } from '../appliance.ts';
import { type Bundles, serveBundles } from '../bundles.ts';
import type { ImageScene } from '../image-scene.ts';
import { type Findings, say } from '../results.ts';
import { Site } from '../site.ts';

/** Where in a cycle the power goes. */
type CutAt = 'nowhere' | 'installing' | 'first start';

/**
 * Updates under load: a good bundle is kept and a bad one taken back, with the power going while it is installed or at the new
 * version's first start. Every second bundle is bad.
 */
export async function updateCycles(scene: ImageScene): Promise<Findings> {
  const { t, image, board, directory, random, tellsAll, afterwards } = scene;
  const cycles = scene.times ?? 4;
  const site = await Site.make(t, directory);
  const appliance = await Appliance.make({ image, board, directory, random, tellsAll, gateway: site.settings });
  afterwards(() => appliance.close());
  const architecture = board === 'amd64' ? 'amd64' : 'arm64';
  const bundles = await serveBundles(t, { card: appliance.card, directory, architecture });
  await appliance.start();
  await appliance.firstPage();
  // Some 20 messages a second: an emulated machine that has more to do takes twice as long to install, and shows nothing more.
  await site.equip(appliance, { window: 2, paceMs: 250 });
  await proven(appliance);
  const counts = { kept: 0, takenBack: 0, cutWhileInstalling: 0, cutAtFirstStart: 0 };
  for (let cycle = 1; cycle <= cycles; cycle++) {
    const began = performance.now();
    const kind = cycle % 2 === 1 ? 'good' : 'bad';
    const dice = random.next();
    const cutAt: CutAt = dice < 0.34 ? 'nowhere' : dice < 0.67 ? 'installing' : 'first start';
    const before = (await slots(appliance)).find(({ isRunning }) => isRunning)!.name;
    const wanted = kind === 'good' ? (before === 'A' ? 'B' : 'A') : before;
    let load = site.load(appliance);
    if (cutAt === 'installing') {
      const installing = install(appliance, bundles, kind).catch(() => {});
      await delay(random.between(0, 60_000));
      await appliance.cut('some');
      await Promise.all([installing, load]);
      await appliance.start();
      await appliance.firstPage();
      await appliance.signIn();
      load = site.load(appliance);
      counts.cutWhileInstalling += 1;
    }
    await install(appliance, bundles, kind);
    await appliance.root('systemctl reboot').catch(() => {});
    await appliance.machine.ended(180_000);
    await appliance.machine.kill();
    await load;
    if (cutAt === 'first start') {
      await appliance.start();
      await delay(random.between(5_000, 60_000));
      await appliance.cut('some');
      counts.cutAtFirstStart += 1;
    }
    await settleOn(appliance, wanted);
    await site.finish(appliance);
    await site.settled();
    if (kind === 'good') counts.kept += 1;
    else counts.takenBack += 1;
    const seconds = Math.round((performance.now() - began) / 1000);
    const { acknowledgedCount } = site.oracle;
    say(
      `  ${cycle} of ${cycles}, ${seconds} s: ${kind}, cut ${cutAt}, runs ${wanted}, ${acknowledgedCount} acknowledged`,
    );
  }
  await site.finish(appliance);
  const verdict = await site.settled();
  equal(verdict.lost.length, 0);
  await appliance.stop();
  return { cycles, ...counts, acknowledged: verdict.acknowledged, lost: 0, doubled: verdict.doubled.length };
}

async function install(appliance: Appliance, bundles: Bundles, kind: keyof Bundles): Promise<void> {
  await appliance.root(`headgate update ${bundles[kind]}`, 900_000);
}

/** Starts the machine as often as it restarts by itself, until the slot that is wanted runs and is proven. */
async function settleOn(appliance: Appliance, wanted: string): Promise<void> {
  for (let start = 1; start <= 6; start++) {
    const machine = await appliance.start();
    const ended = machine.ended(1_200_000).then(() => 'ended' as const);
    const settled = appliance
      .firstPage(900_000)
      .then(() => appliance.signIn())
      .then(() => proven(appliance))
      .then((slot) => slot);
    // Whoever of the two comes second has nobody who listens.
    settled.catch(() => {});
    ended.catch(() => {});
    const outcome = await Promise.race([ended, settled]);
    if (outcome === wanted) return;
    if (outcome !== 'ended') throw new Error(`slot ${outcome} was kept, and not ${wanted}`);
    await machine.kill();
  }
  throw new Error(`after six starts slot ${wanted} does not run`);
}

/** Waits until the version that runs has passed the gate. @returns its slot */
async function proven(appliance: Appliance): Promise<string> {
  const { machine } = appliance;
  const check = async () => {
    const running = (await slots(appliance)).find(({ isRunning }) => isRunning);
    return running?.state === 'proven' && running.name;
  };
  return await eventually('the health gate', check, {
    timeoutMs: 900_000,
    everyMs: 5_000,
    giveUp: () => (machine.isRunning ? undefined : 'the machine has ended'),
  });
}

async function slots(appliance: Appliance): Promise<readonly SlotView[]> {
  return ((await appliance.api('GET', '/api/v1/appliance')) as { slots: SlotView[] }).slots;
}
