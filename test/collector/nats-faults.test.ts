import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startCollector } from '../support/collector.ts';
import type { HeadgateProcess } from '../support/headgate-process.ts';
import { NatsServer } from '../support/nats-server.ts';
import { rounds, seededRandom } from '../support/random.ts';
import { eventually } from '../support/wait.ts';
import { consumed } from './nats-support.ts';
import { RoamingGateway } from './roaming-gateway.ts';

// Shorter than what a killed collector leaves a gateway waiting: so it is the notes that count.
const env = { HEADGATE_COLLECTOR_NATS_DUPLICATE_WINDOW: '500ms' };

interface Place {
  collector: HeadgateProcess;
  readonly port: number;
}

async function placeAt(t: TestContext, sink: string): Promise<Place> {
  const collector = await startCollector(t, { sink, env });
  const { collector: address } = await collector.ready();
  return { collector, port: Number(String(address).split(':').at(-1)) };
}

test('two collectors and nats-server are killed in turn, gateways move: nothing is lost, nothing doubled', async (t) => {
  const random = seededRandom(t);
  const server = await NatsServer.start(t);
  const places = await Promise.all([placeAt(t, server.url), placeAt(t, server.url)]);
  const addresses = places.map(({ port }) => `127.0.0.1:${port}`);
  const gateways = Array.from({ length: 5 }, (_, i) => new RoamingGateway(`gw ${i}`, addresses, random, i));
  t.after(() => Promise.all(gateways.map((gateway) => gateway.stop())));
  const total = () => gateways.reduce((sum, gateway) => sum + gateway.count, 0);
  const flows = async (records: number) => {
    const before = total();
    await eventually(`${records} more records`, () => total() >= before + records, { timeoutMs: 60_000 });
  };

  for (let round = 0; round < rounds(1, 30); round++) {
    for (const place of places) {
      await flows(random.between(200, 4000));
      await place.collector.kill();
      await flows(500);
      place.collector = await startCollector(t, { sink: server.url, port: place.port, env });
    }
    await flows(random.between(200, 4000));
    for (const gateway of gateways) if (random.next() < 0.7) gateway.move();
    await flows(random.between(200, 2000));
    await server.kill();
    await server.start();
  }
  await flows(500);
  for (const gateway of gateways) gateway.finish();
  await eventually('all to be acknowledged', () => gateways.every(({ isDone }) => isDone), { timeoutMs: 60_000 });

  const records = await consumed(server);
  const sequences = new Map(gateways.map(({ name }) => [name, [] as number[]]));
  for (const { gateway, sequence } of records) sequences.get(gateway)?.push(Number(sequence));
  for (const { name, last } of gateways) {
    const found = sequences.get(name)!.sort((a, b) => a - b);
    const expected = Array.from({ length: last }, (_, i) => i + 1);
    const doubled = found.filter((sequence, i) => sequence === found[i - 1]);
    const there = new Set(found);
    assert.deepEqual([expected.filter((sequence) => !there.has(sequence)), doubled], [[], []], name);
    assert.equal(found.length, last);
  }
  t.diagnostic(
    `${records.length} records; streams ended with: ${[...new Set(gateways.flatMap(({ ends }) => [...ends]))].join('; ')}`,
  );
});
