import { join } from 'node:path';
import { startChild } from '../lib/children.ts';
import { fullLoad, Load } from '../lib/load.ts';
import { residentMb } from '../lib/process-usage.ts';
import { Readers } from '../lib/readers.ts';
import type { ReadersOptions } from '../lib/readers-protocol.ts';
import { startProbe, startRelaying } from '../lib/relaying.ts';
import { atLeast, atMost, type Bench, type Sample, type Scenario } from '../lib/scenario.ts';
import { delay } from '../lib/wait.ts';

const readers = 500;
const relayed = 5_000;
const probes = 20;
const idle = 10_000;
const dashboards = 100;

/** How long a message takes to each of 500 readers while others are relayed. */
async function fanOut(bench: Bench, kind: ReadersOptions['kind']): Promise<Sample> {
  const { gateway, address, end } = await startRelaying(bench);
  const audience = await Readers.start({ address, kind, count: readers, filter: { topics: ['probe/#'] } });
  const load = await Load.connect({ ...fullLoad, pace: { kind: 'rate', perSecond: relayed }, port: gateway.mqttPort });
  load.start();
  const probe = await startProbe(gateway.mqttPort, probes);
  await delay(1_000);
  audience.begin();
  await delay(bench.seconds * 1_000);
  const { delays } = await audience.report();
  probe.end();
  await load.stop();
  await load.end();
  await audience.end();
  await end();
  // With fewer than that, times would be those of the few that came.
  if (delays.count < readers * probes * bench.seconds * 0.5)
    throw new Error(`${delays.count} of ${readers * probes * bench.seconds} probes came to their readers`);
  return { p50: delays.p50, p95: delays.p95, p99: delays.p99, count: delays.count };
}

async function bareFanOut({ seconds }: Bench): Promise<Sample> {
  const path = join(import.meta.dirname, '..', 'peers', 'bare-ws.ts');
  const child = await startChild('bare ws', process.execPath, [path, String(probes)], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const { port } = await new Promise<{ port: number }>((resolve) => child.process.once('message', resolve));
  const audience = await Readers.start({ address: `127.0.0.1:${port}`, kind: 'socket', count: readers });
  await delay(1_000);
  audience.begin();
  await delay(seconds * 1_000);
  const { delays } = await audience.report();
  await audience.end();
  await child.end();
  return { p50: delays.p50, p95: delays.p95, p99: delays.p99, count: delays.count };
}

/** What WebSockets cost that say nothing, each with a subscription of which nothing comes. */
async function idleMemory(bench: Bench): Promise<Sample> {
  const { gateway, address, end } = await startRelaying(bench);
  // What the first ones load is not theirs.
  const filter = { topics: ['nothing'] };
  const first = await Readers.start({ address, kind: 'socket', count: 100, filter });
  await delay(2_000);
  const before = residentMb(gateway.pid).now;
  const all = await Readers.start({ address, kind: 'socket', count: idle, filter });
  await delay(3_000);
  const kilobytes = ((residentMb(gateway.pid).now - before) * 1000) / idle;
  await all.end();
  await first.end();
  await end();
  return { kilobytes };
}

/** What the gateway takes in a second at the most, while so many dashboards show everything. */
async function relayRate(bench: Bench, count: number): Promise<Sample> {
  const { gateway, address, end } = await startRelaying(bench);
  const audience = count === 0 ? undefined : await Readers.start({ address, kind: 'socket', count, filter: {} });
  const load = await Load.connect({ ...fullLoad, port: gateway.mqttPort });
  await load.run(200_000, 120_000);
  const messages = Math.round(bench.seconds * 60_000);
  const { counts } = await load.run(messages, 120_000);
  const rate = (messages / (counts.lastAcknowledgedMs - counts.firstSentMs)) * 1000;
  await load.end();
  await audience?.end();
  await end();
  return { rate };
}

const sse = `headgate, ${readers} event streams`;
const sockets = `headgate, ${readers} WebSockets`;
const bare = `ws alone, ${readers} WebSockets`;
const idlers = `headgate, ${idle} idle WebSockets`;
const alone = 'headgate, nobody reads';
const watched = `headgate, ${dashboards} dashboards`;

export const live: Scenario = {
  name: 'live',
  title: 'Live: what readers get, and what they cost',
  about: `${probes} messages a second go to ${readers} readers while ${relayed} others a second are relayed; a message's time is from when it was due at its publisher until a reader has it. \`ws\` alone sends as many messages of that length to as many clients. Memory is what the gateway's process grows by with each of ${idle} WebSockets that have a subscription and get nothing. Dashboards subscribe to everything while the gateway is given as much as it takes.`,
  seconds: 10,
  rounds: 3,
  metrics: [
    { key: 'p50', label: 'p50 ms', digits: 1 },
    { key: 'p95', label: 'p95 ms', digits: 1 },
    { key: 'p99', label: 'p99 ms', digits: 1 },
    { key: 'count', label: 'deliveries timed', digits: 0 },
    { key: 'kilobytes', label: 'kB each', digits: 1 },
    { key: 'rate', label: 'msg/s taken in', digits: 0 },
  ],
  peers: [
    { name: bare, run: bareFanOut },
    { name: sse, run: (bench) => fanOut(bench, 'sse') },
    { name: sockets, run: (bench) => fanOut(bench, 'socket') },
    { name: idlers, run: idleMemory },
    { name: alone, run: (bench) => relayRate(bench, 0) },
    { name: watched, run: (bench) => relayRate(bench, dashboards) },
  ],
  ratio: { metric: 'p95', to: bare },
  goals: (summary) => [
    atMost(`${sse}: p95`, summary.median(sse, 'p95'), 100, 'ms'),
    atMost(`${sockets}: p95`, summary.median(sockets, 'p95'), 100, 'ms'),
    atMost('an idle WebSocket', summary.median(idlers, 'kilobytes'), 20, 'kB'),
    atLeast(
      `taken in with ${dashboards} dashboards`,
      summary.ratio(watched, alone, 'rate')?.median ?? Number.NaN,
      0.9,
      '× without',
      2,
    ),
  ],
};
