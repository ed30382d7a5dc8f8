import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { SinkFile } from '../support/collector.ts';
import { type GatewayStatus, impatient, startGateway, statusOf } from '../support/gateway.ts';
import type { HeadgateProcess } from '../support/headgate-process.ts';
import { Device } from '../support/mqtt-client.ts';
import { Oracle, settled } from '../support/oracle.ts';
import { RawMqtt } from '../support/raw-mqtt.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

const commitMs = 900;
/** By their rules below: in memory only; acknowledged early; the same with the priority of what has to be durable. */
const kinds = ['memory', 'relaxed', 'ordered'];

/** What needs no acknowledgement of the disk, sent to a gateway, and when each message was seen in its sink. */
class Gossip {
  readonly #sink: SinkFile;
  readonly #client: RawMqtt;
  readonly #sentAt: number[] = [];
  /** How long each took, by its number, in milliseconds. */
  readonly lag = new Map<number, number>();

  private constructor(sink: SinkFile, client: RawMqtt) {
    this.#sink = sink;
    this.#client = client;
  }

  static async with(gateway: HeadgateProcess, sink: SinkFile, clientId: string): Promise<Gossip> {
    return new Gossip(sink, await RawMqtt.connect(gateway.port('mqtt'), clientId));
  }

  get sent(): number {
    return this.#sentAt.length;
  }

  send(): void {
    const n = this.#sentAt.push(performance.now()) - 1;
    const payload = JSON.stringify({ n });
    const topic = `${kinds[n % kinds.length]}/a`;
    this.#client.send({ cmd: 'publish', topic, qos: 0, payload, dup: false, retain: false });
  }

  look(): void {
    for (const { topic, fields } of this.#sink.look()) {
      if (!kinds.includes(topic.replace('/a', ''))) continue;
      const n = fields!.find(({ name }) => name === 'n')!.number as number;
      if (!this.lag.has(n)) this.lag.set(n, performance.now() - this.#sentAt[n]!);
    }
  }
}

test('fsyncs take 900 ms and fail for a while: what need not be durable goes on, the rest is told the truth', {
  timeout: 60_000,
}, async (t) => {
  const dir = tempDir(t);
  const sink = new SinkFile(join(dir, 'records.ndjson'));
  const faults = { commitDelayMs: commitMs, failCommits: { from: 4, count: 4, kind: 'io' } };
  const rules = `[
    { name: memory, match: { topic: "memory/#" }, durability: memory },
    { name: relaxed, match: { topic: "relaxed/#" }, durability: relaxed, priority: bulk },
    { name: ordered, match: { topic: "ordered/#" }, durability: relaxed, priority: normal }
  ]`;
  const set = { ...impatient, rules };
  const gateway = await startGateway(t, { dataDir: join(dir, 'data'), sink: `file:${sink.path}`, faults, set });
  const port = gateway.port('mqtt');
  await eventually('the uplink', async () => (await statusOf(gateway)).uplink.state === 'live');
  const oracle = new Oracle();
  const device = new Device({ oracle, topic: 'local/a', window: 10 });
  let isOver = false;
  const load = (async () => {
    while (!isOver) await device.run(port);
  })();
  // The same goes at the same moments to a gateway whose disk is well: what the machine is too busy for befalls both.
  const wellSink = new SinkFile(join(dir, 'well.ndjson'));
  const well = await startGateway(t, { dataDir: join(dir, 'well'), sink: `file:${wellSink.path}`, set });
  await eventually('its uplink', async () => (await statusOf(well)).uplink.state === 'live');
  const gossip = await Gossip.with(gateway, sink, 'watcher');
  const control = await Gossip.with(well, wellSink, 'control');
  const sending = setInterval(() => {
    gossip.send();
    control.send();
  }, 20);
  t.after(() => {
    isOver = true;
    device.stop();
    clearInterval(sending);
  });
  const look = (): void => {
    gossip.look();
    control.look();
  };
  let told: GatewayStatus = await statusOf(gateway);
  await eventually(
    'the disk to fail',
    async () => {
      look();
      told = await statusOf(gateway);
      return told.buffer.state === 'failing';
    },
    { timeoutMs: 20_000 },
  );
  assert.equal(told.health.state, 'failing');
  assert.match(told.buffer.failure ?? '', /fsync failed/);
  const metrics = await (await fetch(`http://127.0.0.1:${gateway.port('http')}/metrics`)).text();
  assert.match(metrics, /^headgate_buffer_failing 1$/m);
  const sentBefore = gossip.sent;
  const seenBefore = gossip.lag.size;
  await eventually(
    'the disk to be well again',
    async () => {
      look();
      return (await statusOf(gateway)).health.state === 'ready';
    },
    { timeoutMs: 30_000 },
  );
  assert.ok(
    gossip.lag.size - seenBefore > (gossip.sent - sentBefore) / 2,
    'the draining stood still while the disk failed',
  );
  isOver = true;
  device.stop();
  clearInterval(sending);
  await load;
  await eventually('all that was sent', () => {
    look();
    return gossip.lag.size === gossip.sent && control.lag.size === control.sent;
  });
  // Each is held against its twin.
  const [memory, relaxed, ordered] = kinds.map((name, kind) => {
    const longer = [...gossip.lag]
      .filter(([n]) => n % kinds.length === kind)
      .map(([n, ms]) => ms - control.lag.get(n)!);
    longer.sort((a, b) => a - b);
    const [median = 0, p90 = 0] = [0.5, 0.9].map((share) => Math.round(longer[Math.floor(longer.length * share)]!));
    t.diagnostic(
      `${longer.length} of ${name}: half within ${median} ms more than with a disk that is well, 90 % ${p90} ms`,
    );
    return { median, p90 };
  });
  // Whoever waits for the commit under way waits up to 900 ms: one in ten over 810.
  assert.ok(
    memory!.p90 < commitMs * 0.7,
    `one in ten in memory took ${memory!.p90} ms longer: they waited for the disk`,
  );
  assert.ok(
    relaxed!.p90 < commitMs * 0.7,
    `one in ten relaxed took ${relaxed!.p90} ms longer: they waited for the disk`,
  );
  // These are not sent ahead of what came before them and is being committed. One of their own would be a whole one more.
  assert.ok(
    ordered!.median < commitMs,
    `half of the ordered ones took over ${ordered!.median} ms longer: they were stored first`,
  );
  const { acknowledged } = await settled(oracle, () => sink.look().filter(({ topic }) => topic === 'local/a'));
  assert.ok(acknowledged > 0);
  await Promise.all([gateway.stop(), well.stop()]);
});
