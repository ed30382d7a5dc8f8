import { deepEqual, ok } from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { SinkFile, startCollector } from '../../../test/support/collector.ts';
import { impatient, startGateway, statusOf } from '../../../test/support/gateway.ts';
import type { HeadgateProcess } from '../../../test/support/headgate-process.ts';
import { all, Device } from '../../../test/support/mqtt-client.ts';
import { Oracle, settled, type Verdict } from '../../../test/support/oracle.ts';
import { TcpProxy } from '../../../test/support/tcp-proxy.ts';
import { eventually } from '../../../test/support/wait.ts';
import type { Card } from '../card.ts';
import { cardOf, type Scene } from '../card-scene.ts';
import { failing, recovered } from '../failing.ts';
import { assertNoneDropped, type Findings, share } from '../results.ts';

const runFile = promisify(execFile);

/** A gateway on a card, its devices, and a collector elsewhere behind a link that can be cut. */
interface Sick {
  readonly card: Card;
  readonly link: TcpProxy;
  readonly oracle: Oracle;
  readonly fleet: readonly Device[];
  start(): Promise<HeadgateProcess>;
  /** The devices publish until they are stopped, through however many connections. */
  load(gateway: HeadgateProcess): { end(): Promise<void> };
  settled(): Promise<Verdict>;
}

async function sickCard(scene: Scene, sizeBytes: number): Promise<Sick> {
  const { t, directory } = scene;
  const card = await cardOf(scene, sizeBytes);
  const sink = new SinkFile(join(directory, 'records.ndjson'));
  const collector = await startCollector(t, { sink: `file:${sink.path}` });
  const link = await TcpProxy.start(t, collector.port('collector'));
  const oracle = new Oracle();
  const fleet = ['sick/a', 'sick/b'].map((topic) => new Device({ oracle, topic, window: 20, paceMs: 20 }));
  const rules = '[{ name: all, match: { topic: "#" }, whenFull: block }]';
  return {
    card,
    link,
    oracle,
    fleet,
    start: async () => {
      const gateway = await startGateway(t, {
        dataDir: join(card.mountPoint, 'headgate'),
        uplinkPort: link.port,
        set: { ...impatient, rules },
        wait: false,
      });
      await gateway.ready(180_000);
      return gateway;
    },
    load: (gateway) => {
      let isOver = false;
      const going = all(fleet, 600_000, async (device) => {
        while (!isOver && !gateway.hasExited) {
          await device.run(gateway.port('mqtt'));
          // A connection that was refused is tried again, not at once.
          if (!isOver) await delay(100);
        }
      });
      return {
        end: async () => {
          isOver = true;
          for (const device of fleet) device.stop();
          await going;
        },
      };
    },
    settled: () => settled(oracle, () => sink.look(), 60_000),
  };
}

/** An fsync takes 900 ms and more, and the card does nothing else meanwhile: acknowledgements wait, the gateway's page does not. */
export async function slowFsync(scene: Scene): Promise<Findings> {
  const sick = await sickCard(scene, 512 * 2 ** 20);
  const { card, fleet, oracle } = sick;
  const began = performance.now();
  // ext4 flushes twice for an fsync: before the commit block of its journal and behind it.
  await card.insert({ kind: 'slow', flushMs: 450 });
  const mounted = performance.now();
  const gateway = await sick.start();
  const ready = performance.now();
  const load = sick.load(gateway);
  const answers: number[] = [];
  while (performance.now() < ready + 30_000) {
    const asked = performance.now();
    await statusOf(gateway);
    answers.push(performance.now() - asked);
    await delay(50);
  }
  await load.end();
  const acknowledgements = fleet.flatMap(({ latencies }) => latencies);
  const { lost } = await sick.settled();
  await gateway.stop(60_000);
  ok(Math.min(...acknowledgements) >= 890, `a PUBACK came after ${Math.min(...acknowledgements)} ms`);
  ok(share(answers, 0.5) < 90, `half of the answers took over ${share(answers, 0.5)} ms`);
  return {
    mountSeconds: Math.round((mounted - began) / 100) / 10,
    readySeconds: Math.round((ready - mounted) / 100) / 10,
    acknowledged: oracle.acknowledgedCount,
    acknowledgementMs: [0.5, 0.99].map((part) => Math.round(share(acknowledgements, part))),
    answerMs: [0.5, 0.99].map((part) => Math.round(share(answers, part))),
    lost: lost.length,
  };
}

/** The card turns read-only under load, as worn out ones do: nobody is told a lie, the page says so, and nothing is lost by it. */
export async function readOnly(scene: Scene): Promise<Findings> {
  const sick = await sickCard(scene, 512 * 2 ** 20);
  const { card, link, oracle } = sick;
  await card.insert();
  const gateway = await sick.start();
  await link.set({ kind: 'refuse' });
  const load = sick.load(gateway);
  await eventually('acknowledgements', () => oracle.acknowledgedCount > 200, { timeoutMs: 30_000 });
  card.server.set({ kind: 'read-only' });
  const turned = performance.now();
  const says = await failing(() => statusOf(gateway));
  const toldSeconds = Math.round((performance.now() - turned) / 100) / 10;
  const before = oracle.acknowledgedCount;
  await delay(5_000);
  const after = oracle.acknowledgedCount;
  await load.end();
  await gateway.kill();
  await gateway.exited;
  card.cut('none');
  await card.remove();
  // Another card of the same content, in effect: this one takes writes again.
  const repair = await card.insert();
  await link.set({ kind: 'none' });
  const next = await sick.start();
  const { lost, acknowledged } = await sick.settled();
  await next.stop();
  deepEqual([after - before, lost], [0, []], 'acknowledged on a card that takes no writes');
  return {
    toldSeconds,
    says,
    acknowledged,
    acknowledgedAfterwards: after - before,
    repair,
    lost: 0,
  };
}

/** Another program fills the partition, and power goes while it is full: it starts on the full one, and recovers when there is room. */
export async function fullCard(scene: Scene): Promise<Findings> {
  const sick = await sickCard(scene, 64 * 2 ** 20);
  const { card, link, oracle } = sick;
  await card.insert();
  let gateway = await sick.start();
  await link.set({ kind: 'refuse' });
  const filler = join(card.mountPoint, 'somebody-elses');
  const rounds = 5;
  const says = new Set<string>();
  for (let round = 1; round <= rounds; round++) {
    const load = sick.load(gateway);
    const before = oracle.acknowledgedCount;
    await eventually('acknowledgements', () => oracle.acknowledgedCount > before + 100, { timeoutMs: 30_000 });
    // Ends with "no space left", which is what it is for.
    await runFile('dd', ['if=/dev/zero', `of=${filler}`, 'bs=64k']).catch(() => {});
    says.add(await failing(() => statusOf(gateway)));
    await delay(scene.random.between(0, 1_000));
    card.cut('some');
    await gateway.kill();
    await gateway.exited;
    await load.end();
    await card.remove();
    await card.insert();
    gateway = await sick.start();
    await rm(filler, { force: true });
    await recovered(() => statusOf(gateway), 60_000);
  }
  await link.set({ kind: 'none' });
  const load = sick.load(gateway);
  await delay(1_000);
  await load.end();
  const { acknowledged, lost } = await sick.settled();
  const { dropped } = (await statusOf(gateway)).buffer.ledger;
  await gateway.stop();
  assertNoneDropped(dropped);
  return { rounds, acknowledged, lost: lost.length, says: [...says] };
}
