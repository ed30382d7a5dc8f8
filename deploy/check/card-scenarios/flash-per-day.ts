import { ok } from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startCollector } from '../../../test/support/collector.ts';
import { startGateway } from '../../../test/support/gateway.ts';
import { RawMqtt } from '../../../test/support/raw-mqtt.ts';
import type { Card } from '../card.ts';
import { cardOf, type Scene } from '../card-scene.ts';
import { type Findings, say } from '../results.ts';

const durabilities = ['local', 'anywhere', 'relaxed', 'memory'] as const;
const uplinks = ['elsewhere', 'away', 'embedded'] as const;
type Durability = (typeof durabilities)[number];
/** The collector is on another machine, or not within reach, or the gateway's own, which keeps its records on the same card. */
type Uplink = (typeof uplinks)[number];

const devices = 10;
const perSecond = 10;

interface Run {
  readonly name: string;
  readonly card: Card;
  readonly client: RawMqtt;
  sent: number;
}

/**
 * How much is written to the data partition in a day at ten messages a second, by durability: ten devices that tell three
 * values each second with QoS 1, measured for `minutes` behind one of warming up. All that reaches the disk counts, the file
 * system's own writes too; the history of charts is on, as delivered.
 */
export async function flashPerDay(scene: Scene, minutes: number): Promise<Findings> {
  const { t, directory } = scene;
  const collector = await startCollector(t, { sink: `file:${join(directory, 'records.ndjson')}` });
  const runs: Run[] = [];
  for (const uplink of uplinks) {
    for (const durability of durabilities) {
      const name = `${durability}, collector ${uplink}`;
      runs.push(await begin(scene, name, durability, uplink, collector.port('collector')));
    }
  }
  const isOver = { value: false };
  const publishing = Promise.all(runs.map((run) => publish(run, isOver)));
  await delay(60_000);
  const before = runs.map(({ card, sent }) => ({ bytes: card.disk.writtenBytes(), flushes: card.disk.flushes, sent }));
  const began = performance.now();
  for (let minute = 1; minute <= minutes; minute++) {
    await delay(60_000);
    say(`  ${minute} of ${minutes} minutes`);
  }
  const seconds = (performance.now() - began) / 1000;
  const findings: Record<string, unknown> = { minutes, messagesPerSecond: perSecond };
  for (const [index, { name, card, sent }] of runs.entries()) {
    const { bytes, flushes, sent: sentBefore } = before[index]!;
    const rate = (sent - sentBefore) / seconds;
    ok(rate > perSecond * 0.9, `${name}: only ${rate.toFixed(1)} messages a second were sent`);
    // To ten a second, of which a busy machine may have sent a little less.
    const scale = (86_400 / seconds) * (perSecond / rate);
    findings[name] = {
      megabytesPerDay: Math.round(((card.disk.writtenBytes() - bytes) * scale) / 1e6),
      flushesPerDay: Math.round((card.disk.flushes - flushes) * scale),
    };
  }
  isOver.value = true;
  await publishing;
  return findings;
}

async function begin(
  scene: Scene,
  name: string,
  durability: Durability,
  uplink: Uplink,
  collectorPort: number,
): Promise<Run> {
  const directory = join(scene.directory, `${durability}-${uplink}`);
  mkdirSync(directory);
  const card = await cardOf({ ...scene, directory });
  await card.insert();
  const gateway = await startGateway(scene.t, {
    dataDir: join(card.mountPoint, 'headgate'),
    // Port 1 is nobody's.
    ...(uplink !== 'embedded' && { uplinkPort: uplink === 'elsewhere' ? collectorPort : 1 }),
    set: { rules: JSON.stringify([{ name: 'all', match: { topic: '#' }, durability }]) },
  });
  return { name, card, client: await RawMqtt.connect(gateway.port('mqtt'), 'site'), sent: 0 };
}

async function publish(run: Run, isOver: { readonly value: boolean }): Promise<void> {
  const began = performance.now();
  const { client } = run;
  while (!isOver.value) {
    await delay(Math.max(0, began + (run.sent * 1000) / perSecond - performance.now()));
    const payload = JSON.stringify({
      temperature: 20 + Math.round(50 * Math.sin(run.sent / 600)) / 10,
      humidity: 48 + (run.sent % 7) / 10,
      battery: 97,
    });
    const messageId = (run.sent % 65_535) + 1;
    client.send({
      ...{ cmd: 'publish', topic: `site/sensor-${run.sent % devices}`, qos: 1, messageId },
      ...{ payload, dup: false, retain: false },
    } as const);
    run.sent += 1;
    client.inbox.length = 0;
  }
  await client.drop();
}
