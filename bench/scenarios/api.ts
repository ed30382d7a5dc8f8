import { startBareFastify } from '../lib/bare-fastify.ts';
import { Publisher } from '../lib/grpc-client.ts';
import { fullLoad, Load } from '../lib/load.ts';
import { pacedCalls } from '../lib/paced.ts';
import { payload, seeded } from '../lib/payload.ts';
import { Readers } from '../lib/readers.ts';
import { startProbe, startRelaying } from '../lib/relaying.ts';
import { atLeast, atMost, type Bench, type Sample, type Scenario } from '../lib/scenario.ts';
import { percentilesOf } from '../lib/statistics.ts';
import { delay } from '../lib/wait.ts';
import { WebCaller, type WebRequest } from '../lib/web-caller.ts';

const relayed = 5_000;
/** Of each kind of call, a second. */
const calls = 50;
const probes = 20;
const readers = 10;
const warmUp = 50;
const devices = 200;
/** As many as a page of devices has, where nothing else is asked for. */
const page = 100;
const historyPoints = 3_600;

/** A kind of call: what is asked, and what an answer must be. */
interface Route {
  readonly name: string;
  readonly request: (n: number) => WebRequest;
  /** Whether a body is what was asked for. */
  readonly isRight: (body: never) => boolean;
}

const routes: readonly Route[] = [
  {
    name: 'GET devices',
    request: () => ({ method: 'GET', path: '/api/v1/devices' }),
    isRight: (body: { devices: unknown[]; total: number }) => body.devices.length === page && body.total >= devices,
  },
  {
    name: 'GET devices/{id}',
    request: () => ({ method: 'GET', path: '/api/v1/devices/site-7' }),
    isRight: (body: { id: string; fields: unknown[] }) => body.id === 'site-7' && body.fields.length === 3,
  },
  {
    name: 'POST measurements',
    request: (n) => ({ method: 'POST', path: '/api/v1/measurements', body: JSON.stringify(item(7, n)) }),
    // A sequence is the receipt of what is on the disk.
    isRight: (body: { results: { sequence: number | null }[] }) => (body.results[0]?.sequence ?? 0) > 0,
  },
  {
    name: 'GET measurements, an hour',
    request: () => ({ method: 'GET', path: '/api/v1/measurements?device=site-0&field=temperature&from=-1h' }),
    isRight: (body: { series: { times: unknown[] }[] }) => (body.series[0]?.times.length ?? 0) >= 300,
  },
];

function item(device: number, n: number, time?: string) {
  const fields = { temperature: 20 + (n % 100) / 10, humidity: 40 + (n % 50), battery: 3 };
  return { device: `site-${device}`, ...(time !== undefined && { time }), fields };
}

/** A site of many devices, one of which has said something every second for an hour. */
async function furnish(caller: WebCaller): Promise<void> {
  const nowMs = Date.now();
  const past = Array.from({ length: historyPoints }, (_, n) =>
    item(0, n, new Date(nowMs - (historyPoints - n) * 1_000).toISOString()),
  );
  const others = Array.from({ length: devices - 1 }, (_, n) => item(n + 1, n));
  for (const items of [past, others]) {
    const { text } = await caller.call({ method: 'POST', path: '/api/v1/measurements', body: JSON.stringify(items) });
    const { taken } = JSON.parse(text) as { taken: number };
    if (taken !== items.length) throw new Error(`${taken} of ${items.length} measurements were taken`);
  }
}

type Relaying = Awaited<ReturnType<typeof startRelaying>>;

/** Measures while others are relayed, and tells how many that were a second. */
async function whileRelaying(bench: Bench, measure: (relaying: Relaying) => Promise<Sample>): Promise<Sample> {
  const relaying = await startRelaying(bench);
  const { gateway, address, end } = relaying;
  const caller = new WebCaller(address);
  await furnish(caller);
  caller.close();
  const load = await Load.connect({ ...fullLoad, pace: { kind: 'rate', perSecond: relayed }, port: gateway.mqttPort });
  load.start();
  await delay(1_000);
  const before = await gateway.status();
  const sample = await Promise.race([measure(relaying), load.failed, gateway.child.failed]);
  const after = await gateway.status();
  await load.stop();
  await load.end();
  await end();
  const path = 'uplink.acknowledgedRecords';
  const rate = ((after.number(path) - before.number(path)) * 1_000) / (after.atMs - before.atMs);
  return { ...sample, relayed: rate };
}

/** A route, and one of fastify alone that answers the same: asked in turns, by the same program, over connections of their own. */
async function measureRoute(route: Route, { address }: Relaying, seconds: number): Promise<Sample> {
  const gateway = new WebCaller(address);
  const first = await gateway.call(route.request(0));
  const fastify = await startBareFastify(route.request(0), first);
  const bare = new WebCaller(fastify.address);
  const check = ({ text }: { text: string }, n: number): void => {
    if (n % 2 === 1 ? text === first.text : route.isRight(JSON.parse(text) as never)) return;
    throw new Error(`${route.name}: ${n % 2 === 1 ? 'fastify' : 'the gateway'} answered ${text.slice(0, 300)}`);
  };
  const call = (n: number) => (n % 2 === 1 ? bare : gateway).call(route.request(n));
  for (let n = 0; n < 2 * warmUp; n++) check(await call(n), n);
  const times = await pacedCalls({ perSecond: 2 * calls, seconds, call, check });
  gateway.close();
  bare.close();
  await fastify.end();
  const { count, p50, p95, p99, max } = percentilesOf(times.filter((_, n) => n % 2 === 0));
  const alone = percentilesOf(times.filter((_, n) => n % 2 === 1));
  return { count, p50, p95, p99, max, bareP50: alone.p50, bareP95: alone.p95, ratio: p95 / alone.p95 };
}

async function measureSubscribe({ gateway }: Relaying, seconds: number): Promise<Sample> {
  const address = String(gateway.child.ready.grpc);
  const audience = await Readers.start({ address, kind: 'grpc', count: readers, filter: { topics: ['probe/#'] } });
  const probe = await startProbe(gateway.mqttPort, probes);
  await delay(1_000);
  audience.begin();
  await delay(seconds * 1_000);
  const { delays } = await audience.report();
  probe.end();
  await audience.end();
  // With fewer than that, times would be those of the few that came.
  const due = readers * probes * seconds;
  if (delays.count < due * 0.5) throw new Error(`${delays.count} of ${due} probes came to their readers`);
  const { count, p50, p95, p99, max } = delays;
  return { count, p50, p95, p99, max };
}

async function measurePublish({ gateway }: Relaying, seconds: number): Promise<Sample> {
  const publisher = new Publisher(String(gateway.child.ready.grpc));
  const random = seeded(1);
  let id = 0n;
  const call = () => publisher.publish(++id, 'bench/grpc', payload(random));
  const check = ({ outcome }: Awaited<ReturnType<typeof call>>): void => {
    if (outcome?.$case === 'sequence' && outcome.value > 0n) return;
    const said = outcome?.$case === 'failure' ? outcome.value.detail : 'no sequence';
    throw new Error(`a message was answered with: ${said}`);
  };
  for (let n = 0; n < warmUp; n++) check(await call());
  const { count, p50, p95, p99, max } = percentilesOf(await pacedCalls({ perSecond: calls, seconds, call, check }));
  publisher.close();
  return { count, p50, p95, p99, max };
}

const nameOf = (route: Route): string => `headgate, ${route.name}`;
const subscribe = `headgate, gRPC Subscribe, ${readers} readers`;
const publish = 'headgate, gRPC Publish';
const all = [...routes.map(nameOf), subscribe, publish];

export const api: Scenario = {
  name: 'api',
  title: 'API: what local programs wait for',
  about: `${relayed} messages a second are relayed to a collector on the same disk meanwhile. Each REST route is asked ${calls} times a second; in turns with it a route of fastify alone, in a process of its own, which answers the same bytes under the same headers. POST takes one measurement, and its answer comes when that is on the disk; the hour is that of one field with a point a second. ${probes} messages a second go from MQTT to ${readers} gRPC readers, each with a connection of its own; Publish is one stream with ${calls} messages a second, until each is answered with its sequence. Times begin when a call, or a message at its publisher, was due, so the programs' own lateness (their timers fire once a millisecond) is part of all of them, fastify's too.`,
  seconds: 10,
  rounds: 3,
  metrics: [
    { key: 'p50', label: 'p50 ms', digits: 1 },
    { key: 'p95', label: 'p95 ms', digits: 1 },
    { key: 'p99', label: 'p99 ms', digits: 1 },
    { key: 'max', label: 'max ms', digits: 1 },
    { key: 'bareP50', label: 'fastify p50 ms', digits: 1 },
    { key: 'bareP95', label: 'fastify p95 ms', digits: 1 },
    { key: 'ratio', label: 'p95, × fastify', digits: 1 },
    { key: 'count', label: 'timed', digits: 0 },
    { key: 'relayed', label: 'relayed msg/s', digits: 0 },
  ],
  peers: [
    ...routes.map((route) => ({
      name: nameOf(route),
      run: (bench: Bench) => whileRelaying(bench, (relaying) => measureRoute(route, relaying, bench.seconds)),
    })),
    {
      name: subscribe,
      run: (bench) => whileRelaying(bench, (relaying) => measureSubscribe(relaying, bench.seconds)),
    },
    { name: publish, run: (bench) => whileRelaying(bench, (relaying) => measurePublish(relaying, bench.seconds)) },
  ],
  goals: (summary) => [
    ...[...routes.map(nameOf), subscribe].map((name) => atMost(`${name}: p95`, summary.median(name, 'p95'), 50, 'ms')),
    // Times of a gateway that has fallen behind would be those of something else.
    atLeast(
      'relayed meanwhile, at the least',
      Math.min(...all.map((name) => summary.median(name, 'relayed'))),
      relayed * 0.95,
      'msg/s',
      0,
    ),
  ],
};
