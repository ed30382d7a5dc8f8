import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { stringify } from 'yaml';
import { SinkFile } from '../support/collector.ts';
import { startGateway, statusOf } from '../support/gateway.ts';
import type { HeadgateProcess } from '../support/headgate-process.ts';
import { all, Device } from '../support/mqtt-client.ts';
import { Oracle, settled } from '../support/oracle.ts';
import { PseudoTerminal } from '../support/pseudo-terminal.ts';
import { randomOf, rounds } from '../support/random.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

const kills = rounds(2, 60);

/** A file with the ports, by name, each with its device and its profile. */
function configOf(folder: string, ports: Readonly<Record<string, readonly [PseudoTerminal, string]>>): string {
  const file = join(folder, 'headgate.yaml');
  const said = Object.entries(ports).map(([name, [{ path }, profile]]) => ({ name, path, profile }));
  writeFileSync(file, stringify({ serial: { ports: said } }));
  return file;
}

/** A device that counts, in lines of JSON, ten at a time, until it is told to stop. What it says while nobody reads is lost. */
class Counter {
  readonly #device: PseudoTerminal;
  count = 0;
  #isOver = false;

  constructor(device: PseudoTerminal) {
    this.#device = device;
  }

  async run(): Promise<void> {
    while (!this.#isOver) {
      const lines = Array.from({ length: 10 }, () => `{"n":${this.count++}}\r\n`);
      await this.#device.send(lines.join(''));
      await delay(2);
    }
  }

  stop(): void {
    this.#isOver = true;
  }
}

interface PortStatus {
  readonly name: string;
  readonly state: string;
  readonly bytes: number;
  readonly frames: number;
  readonly discarded: { readonly bytes: Readonly<Record<string, number>> };
}

async function portOf(gateway: HeadgateProcess, name: string): Promise<PortStatus> {
  const { serial } = (await statusOf(gateway)) as unknown as { serial: { ports: readonly PortStatus[] } };
  return serial.ports.find((one) => one.name === name)!;
}

async function cpuSecondsOf(gateway: HeadgateProcess): Promise<number> {
  const { process } = (await statusOf(gateway)) as unknown as { process: { cpuSeconds: number } };
  return process.cpuSeconds;
}

const opened = (gateway: HeadgateProcess, name: string) =>
  eventually(`${name} to be open`, async () => (await portOf(gateway, name)).state === 'open');

test(`kill -9 of the gateway, ${kills} times, while ports have streams: what was durable arrives once`, {
  timeout: 60_000 + kills * 6_000,
}, async (t) => {
  const folder = tempDir(t);
  const devices = { first: await PseudoTerminal.create(t), second: await PseudoTerminal.create(t) };
  const names = Object.keys(devices) as (keyof typeof devices)[];
  const config = configOf(folder, {
    first: [devices.first, 'arduino/json-lines'],
    second: [devices.second, 'arduino/json-lines'],
  });
  const sink = new SinkFile(join(folder, 'records.ndjson'));
  const start = (): Promise<HeadgateProcess> =>
    startGateway(t, { dataDir: join(folder, 'data'), sink: `file:${sink.path}`, env: { HEADGATE_CONFIG: config } });
  const counters = names.map((name) => new Counter(devices[name]));
  const running = counters.map((counter) => counter.run());
  let durable = 0;
  for (let kill = 0; kill < kills; kill++) {
    const gateway = await start();
    // This run's own, as it was told before the kill.
    const confirmed = await eventually(
      'some records to be durable',
      async () => {
        const { flow } = await statusOf(gateway);
        return flow.confirmed > 200 + 150 * kill && flow.confirmed;
      },
      { everyMs: 1, timeoutMs: 10_000 },
    );
    await gateway.kill();
    durable += confirmed;
  }
  const gateway = await start();
  for (const name of names) await opened(gateway, name);
  for (const counter of counters) counter.stop();
  await Promise.all(running);
  const sent = counters.reduce((sum, { count }) => sum + count, 0);
  // The last lines are whole, and behind every kill.
  for (const name of names) await devices[name].send('{"n":-1}\r\n');
  const numbersOf = (name: string) =>
    sink
      .look()
      .filter(({ topic, fields }) => topic === name && fields)
      .map(({ fields }) => Number(fields![0]!.number));
  await eventually('the last ones', () => names.every((name) => numbersOf(name).includes(-1)), { timeoutMs: 20_000 });
  await eventually('the backlog', async () => (await statusOf(gateway)).buffer.ledger.waiting === 0);
  let arrived = 0;
  let holes = 0;
  for (const name of names) {
    const numbers = numbersOf(name).filter((n) => n >= 0);
    const inOrder = numbers.toSorted((a, b) => a - b);
    assert.equal(new Set(numbers).size, numbers.length, `${name}: each once`);
    arrived += numbers.length;
    for (const [index, n] of inOrder.entries()) if (n !== (inOrder[index - 1] ?? n - 1) + 1) holes++;
  }
  t.diagnostic(`${sent} sent, ${durable} known as durable before a kill, ${arrived} arrived, ${holes} holes`);
  assert.ok(arrived >= durable, `${arrived} arrived of ${durable} that were durable`);
  // What was read and not durable yet is lost, at each kill and nowhere else.
  assert.ok(holes <= kills * names.length, `${holes} holes`);
});

test('endless garbage on one port leaves the others, MQTT and the event loop as they were', async (t) => {
  const folder = tempDir(t);
  const [noisy, good] = [await PseudoTerminal.create(t), await PseudoTerminal.create(t)];
  const config = configOf(folder, {
    noisy: [noisy, 'plantower/pms5003'],
    good: [good, 'arduino/json-lines'],
  });
  const sink = new SinkFile(join(folder, 'records.ndjson'));
  const gateway = await startGateway(t, {
    dataDir: join(folder, 'data'),
    sink: `file:${sink.path}`,
    env: { HEADGATE_CONFIG: config },
  });
  for (const name of ['noisy', 'good']) await opened(gateway, name);
  // A port that was just opened begins in the middle of a line.
  await good.send('\r\n');
  const garbage = randomOf(1).bytes(65_536);
  let isOver = false;
  const flood = (async () => {
    while (!isOver) await noisy.send(garbage);
  })();
  t.after(() => {
    isOver = true;
  });
  const heard = async (least: number) =>
    eventually(
      'garbage',
      async () => {
        const { bytes } = await portOf(gateway, 'noisy');
        return bytes >= least && { bytes, cpuSeconds: await cpuSecondsOf(gateway) };
      },
      { timeoutMs: 15_000 },
    );
  const first = await heard(1_000_000);
  const second = await heard(first.bytes + 20_000_000);
  // The fastest line there is, of 4,000,000 baud, brings 0.4 MB a second: a tenth of a processor at the most.
  const perMegabyte = (second.cpuSeconds - first.cpuSeconds) / ((second.bytes - first.bytes) / 1e6);
  assert.ok(perMegabyte < 0.25, `${perMegabyte} s of processor time for a megabyte`);
  const counter = new Counter(good);
  const running = counter.run();
  const oracle = new Oracle();
  const client = new Device({ oracle, topic: 'site/a', window: 10 });
  const startedMs = performance.now();
  const load = all([client], 20_000, (one) => one.run(gateway.port('mqtt'), 2_000));
  const slowest: number[] = [];
  await eventually(
    'a thousand good lines',
    async () => {
      const before = performance.now();
      const { frames } = await portOf(gateway, 'good');
      slowest.push(performance.now() - before);
      return frames >= 1_000;
    },
    { timeoutMs: 15_000 },
  );
  await load;
  const tookMs = performance.now() - startedMs;
  counter.stop();
  isOver = true;
  await Promise.all([running, flood]);
  await settled(oracle, () => sink.look().filter(({ topic }) => topic === 'site/a'));
  const { bytes, frames, discarded } = await portOf(gateway, 'noisy');
  const counted = Object.values(discarded.bytes).reduce((sum, one) => sum + one, 0);
  t.diagnostic(
    `${Math.round((bytes - second.bytes) / 1e3 / tookMs)} MB/s of garbage, ${Math.round(perMegabyte * 1e3)} ms of processor time each, status within ${Math.round(Math.max(...slowest))} ms`,
  );
  assert.ok(counted + frames * 32 > bytes - 8_192, `${counted} of ${bytes} bytes counted`);
  assert.ok(Math.max(...slowest) < 1_000);
  const lines = () => sink.look().filter(({ topic }) => topic === 'good').length;
  await eventually('every good line', () => lines() === counter.count, { timeoutMs: 10_000 });
});
