import { equal, ok } from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SinkFile, startCollector } from '../../../test/support/collector.ts';
import { impatient, startGateway, statusOf } from '../../../test/support/gateway.ts';
import type { HeadgateProcess } from '../../../test/support/headgate-process.ts';
import { all, Device } from '../../../test/support/mqtt-client.ts';
import { type Expected, Oracle, settled } from '../../../test/support/oracle.ts';
import type { Random } from '../../../test/support/random.ts';
import { TcpProxy } from '../../../test/support/tcp-proxy.ts';
import { cardOf, type Scene } from '../card-scene.ts';
import { type Findings, say } from '../results.ts';

export interface PowerCutOptions {
  readonly cuts: number;
  /** For the gateway: how a fault is put in that this must find. */
  readonly env?: Readonly<Record<string, string>>;
}

/** When the power goes. */
type Moment =
  /** While the file system is repaired and mounted. */
  | 'mounting'
  /** Before the gateway is ready. */
  | 'starting'
  /** Under load, with the collector within reach or not. */
  | 'loaded'
  /** While it stops in order. */
  | 'stopping';

/**
 * The real gateway, its data on a card that loses what was not flushed, under load and cut again and again. The collector
 * is elsewhere and within reach in half of the lives, so that records are both kept over cuts and cut while they are sent.
 *
 * @throws an Error when an acknowledged message is lost, doubled or altered, or the file system can't be repaired
 */
export async function powerCuts(scene: Scene, { cuts, env = {} }: PowerCutOptions): Promise<Findings> {
  const { t, directory, random } = scene;
  const card = await cardOf(scene);
  const sink = new SinkFile(join(directory, 'records.ndjson'));
  const collector = await startCollector(t, { sink: `file:${sink.path}` });
  const link = await TcpProxy.start(t, collector.port('collector'));
  const oracle = new Oracle();
  /** Which life each message was acknowledged in, and what these were, for who looks for a loss. */
  const lifeOf = new Map<string, number>();
  const lives: string[] = [];
  const books = {
    sent: (expected: Expected) => oracle.sent(expected),
    acknowledged: (expected: Expected) => {
      oracle.acknowledged(expected);
      lifeOf.set(`${expected.topic} #${expected.index}`, lives.length);
    },
  };
  const gentle = { oracle: books, window: 20, paceMs: 5 };
  const fleet = [
    new Device({ ...gentle, topic: 'cut/again' }),
    new Device({ ...gentle, topic: 'cut/once', version: 5, sendsAgain: false }),
    new Device({ ...gentle, topic: 'cut/qos2', qos: 2 }),
  ];
  const start = () =>
    startGateway(t, {
      dataDir: join(card.mountPoint, 'headgate'),
      uplinkPort: link.port,
      set: impatient,
      env,
      wait: false,
    });
  const counts: Record<string, number> = { volatileSectors: 0, keptSectors: 0 };
  const count = (what: string, by = 1) => {
    counts[what] = (counts[what] ?? 0) + by;
  };

  for (let life = 1; life <= cuts; life++) {
    const moment = momentOf(random.next());
    const kept = random.next() < 0.25 ? 'none' : 'some';
    const isReachable = random.next() < 0.5;
    await link.set({ kind: isReachable ? 'none' : 'refuse' });
    // As long as a flush takes, there is something to lose: without, next to no cut would find anything.
    const flushMs = random.between(1, 30);
    lives.push('');
    const inserted = card.insert({ kind: 'slow', flushMs });
    // A cut may end it: then that is what was to be seen.
    const ended = inserted.then(
      (repair) => count(repair),
      (error: unknown) => (moment === 'mounting' ? count('cut while mounting') : Promise.reject(error as Error)),
    );
    if (moment === 'mounting') await delay(random.between(0, 400));
    else await ended;
    const gateway = moment === 'mounting' ? undefined : await start();
    const loads: Promise<unknown>[] = [];
    if (gateway !== undefined) await lead(gateway, moment, random, (port) => loads.push(load(fleet, port)));
    const { volatileSectors, keptSectors } = card.cut(kept);
    count(moment);
    count('volatileSectors', volatileSectors);
    count('keptSectors', keptSectors);
    lives[life - 1] =
      `${moment}, ${isReachable ? 'online' : 'offline'}, flushes of ${flushMs} ms, cut ${kept}: ${volatileSectors} sectors, ${keptSectors} kept`;
    await gateway?.kill();
    await gateway?.exited;
    await Promise.all([...loads, ended]);
    await card.remove();
    if (life % 10 === 0) say(`  ${life} of ${cuts} cuts, ${oracle.acknowledgedCount} acknowledged`);
  }

  await link.set({ kind: 'none' });
  count(await card.insert());
  const gateway = await start();
  await gateway.ready();
  for (const device of fleet) device.stop();
  await all(fleet, 60_000, (device) => device.run(gateway.port('mqtt'), 10));
  const verdict = await settled(oracle, () => sink.look(), 40_000).catch((error: unknown) => {
    const { lost } = oracle.judge(sink.look());
    for (const life of new Set(lost.map((name) => lifeOf.get(name) ?? 0))) {
      const those = lost.filter((name) => lifeOf.get(name) === life);
      say(`  lost of life ${life} (${lives[life - 1]}): ${those.join(', ').slice(0, 300)}`);
      for (const next of [life + 1, life + 2]) say(`    life ${next}: ${lives[next - 1]}`);
    }
    throw error;
  });
  const { buffer } = await statusOf(gateway);
  await gateway.stop();
  await card.remove();
  equal(await card.faults(), undefined, 'the file system is sound');
  const identities = new Set(sink.look().map(({ gateway: id, epoch }) => `${id} ${epoch}`));
  ok(verdict.acknowledged > cuts, 'there was load');
  ok(cuts < 20 || counts.volatileSectors! > cuts, 'there was something to lose');
  return {
    cuts,
    acknowledged: verdict.acknowledged,
    lost: verdict.lost.length,
    doubled: verdict.doubled.length,
    identities: identities.size,
    damages: buffer.damages,
    moments: counts,
  };
}

function momentOf(dice: number): Moment {
  if (dice < 0.1) return 'mounting';
  if (dice < 0.35) return 'starting';
  return dice < 0.9 ? 'loaded' : 'stopping';
}

/** Brings the gateway to the moment of the cut. */
async function lead(
  gateway: HeadgateProcess,
  moment: Moment,
  random: Random,
  beginLoad: (port: number) => void,
): Promise<void> {
  if (moment === 'starting') {
    await delay(random.between(0, 1_500));
    return;
  }
  await gateway.ready(60_000);
  beginLoad(gateway.port('mqtt'));
  await delay(random.between(0, 1_500));
  if (moment === 'stopping') {
    gateway.child.kill('SIGTERM');
    await delay(random.between(0, 300));
  }
}

function load(fleet: readonly Device[], port: number): Promise<unknown> {
  return all(fleet, 60_000, (device) => device.run(port));
}
