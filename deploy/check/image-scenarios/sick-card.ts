import { deepEqual, equal, ok } from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../../../test/support/wait.ts';
import { Appliance } from '../appliance.ts';
import { failing, recovered } from '../failing.ts';
import type { ImageScene } from '../image-scene.ts';
import { type Findings, share } from '../results.ts';
import { Site } from '../site.ts';

// A whole machine whose card ails. What the gateway alone makes of such a card is in `card-scenarios/sick-cards.ts`; here everything else that
// writes has to bear it as well: the partitions of the first start, systemd, the start on a partition without room.

/** Bytes of a small card, so that its data partition is soon full: what boot partition and slots leave of it is some 480 MiB. */
const smallCard = 2_656 * 2 ** 20;
/** Their sources wait, so that there is nothing that may be dropped. */
const blocking = '  rules: [{ name: all, match: { topic: "#" }, whenFull: block }]';

/** An emulated machine takes its time. */
const patienceMs = 120_000;

interface Sick {
  readonly site: Site;
  readonly appliance: Appliance;
}

async function sickCard(scene: ImageScene): Promise<Sick> {
  const { t, image, board, directory, random, tellsAll, afterwards } = scene;
  const site = await Site.make(t, directory);
  const gateway = `${site.settings}\n${blocking}`;
  const appliance = await Appliance.make({ image, board, directory, random, tellsAll, gateway, sizeBytes: smallCard });
  afterwards(() => appliance.close());
  return { site, appliance };
}

/** It has started for the first time, and takes in messages that no collector is there for. */
async function loadedOffline(scene: ImageScene): Promise<Sick> {
  const sick = await sickCard(scene);
  const { site, appliance } = sick;
  await appliance.start();
  await appliance.firstPage();
  await site.equip(appliance);
  await site.stopCollector();
  site.persist(appliance);
  await someMore(site);
  return sick;
}

/** An fsync takes 900 ms and more from the first start on, and the card does nothing else meanwhile: it starts all the same, and its API answers. */
export async function slowFsync(scene: ImageScene): Promise<Findings> {
  const { site, appliance } = await sickCard(scene);
  // ext4 flushes twice for an fsync: before the commit block of its journal and behind it.
  await appliance.start({ condition: { kind: 'slow', flushMs: 450 } });
  const pageSeconds = await appliance.firstPage();
  await site.equip(appliance);
  const load = site.persist(appliance);
  const answers: number[] = [];
  for (const until = performance.now() + 60_000; performance.now() < until; ) {
    const asked = performance.now();
    await appliance.status();
    answers.push(performance.now() - asked);
    await delay(250);
  }
  await load.end();
  const acknowledgements = site.latencies;
  await site.finish(appliance);
  const { acknowledged, lost, doubled } = await site.settled();
  await appliance.stop(300_000);
  ok(acknowledgements[0]! >= 890, `a PUBACK came after ${acknowledgements[0]} ms`);
  ok(share(answers, 0.5) < 450, `half of the answers took over ${share(answers, 0.5)} ms`);
  equal(lost.length, 0);
  return {
    pageSeconds: Math.round(pageSeconds),
    acknowledged,
    acknowledgementMs: [0.5, 0.99].map((part) => Math.round(share(acknowledgements, part))),
    answerMs: [0.5, 0.99].map((part) => Math.round(share(answers, part))),
    lost: 0,
    doubled: doubled.length,
  };
}

/** The card turns read-only under load, as worn out ones do: nobody is told a lie, the page says so, and nothing is lost by it. */
export async function readOnly(scene: ImageScene): Promise<Findings> {
  const { site, appliance } = await loadedOffline(scene);
  appliance.server.set({ kind: 'read-only' });
  const turned = performance.now();
  const says = await failing(() => appliance.status(), patienceMs);
  const toldSeconds = tenths(performance.now() - turned);
  const before = site.oracle.acknowledgedCount;
  await delay(10_000);
  const afterwards = site.oracle.acknowledgedCount - before;
  await appliance.page();
  await appliance.cut('none');
  // Another card of the same content, in effect: this one takes writes again.
  await appliance.start();
  await appliance.firstPage();
  await appliance.signIn();
  const repair = (await appliance.root('cat /run/headgate-machine/e2fsck || true')).trim().split('\n').at(-1);
  await site.startCollector();
  await site.finish(appliance);
  const { acknowledged, lost, doubled } = await site.settled();
  await appliance.stop();
  deepEqual([afterwards, lost.length], [0, 0], 'acknowledged on a card that takes no writes, lost');
  return { toldSeconds, says, acknowledged, acknowledgedAfterwards: 0, repair, lost: 0, doubled: doubled.length };
}

/** The data partition is full when the power goes: the machine starts on the full one, says so on its page, and goes on when there is room. */
export async function fullData(scene: ImageScene): Promise<Findings> {
  const { site, appliance } = await loadedOffline(scene);
  // The second one ends with "no space left", which is what it is for. What is not flushed would make room again when the power goes.
  const room = '$(($(df -B1 --output=avail /data | tail -1) - 8000000))';
  const fill = `fallocate -l ${room} /data/somebody-elses; dd if=/dev/zero of=/data/more bs=64k; sync -f /data`;
  await appliance.root(fill);
  const filled = performance.now();
  const says = await failing(() => appliance.status(), patienceMs);
  const toldSeconds = tenths(performance.now() - filled);
  await delay(scene.random.between(0, 3_000));
  await appliance.cut('some');
  await appliance.start();
  const pageSeconds = await appliance.firstPage();
  // Somebody has to get in, to make room.
  await appliance.signIn();
  const load = site.persist(appliance);
  const saysAfterStart = await failing(() => appliance.status(), patienceMs);
  await appliance.root('rm /data/somebody-elses /data/more');
  const freed = performance.now();
  await recovered(() => appliance.status());
  const recoveredSeconds = tenths(performance.now() - freed);
  await someMore(site);
  await load.end();
  await site.startCollector();
  const ending = await site.end(appliance);
  return {
    toldSeconds,
    says,
    pageSecondsWhenFull: Math.round(pageSeconds),
    saysAfterStart,
    recoveredSeconds,
    ...ending,
  };
}

/** Waits until two hundred more messages are acknowledged. */
async function someMore(site: Site): Promise<void> {
  const before = site.oracle.acknowledgedCount;
  await eventually('acknowledgements', () => site.oracle.acknowledgedCount > before + 200, {
    timeoutMs: 180_000,
    everyMs: 250,
  });
}

function tenths(milliseconds: number): number {
  return Math.round(milliseconds / 100) / 10;
}
