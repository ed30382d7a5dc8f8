import { join } from 'node:path';
import { Gateway, startCollector, unreachable } from '../lib/headgate.ts';
import { fullLoad, Load } from '../lib/load.ts';
import { PingProbe } from '../lib/ping-probe.ts';
import { atMost, type Bench, type Peer, type Sample, type Scenario } from '../lib/scenario.ts';
import { delay } from '../lib/wait.ts';

const slowDisk = { HEADGATE_FAULTS: JSON.stringify({ commitDelayMs: 500 }) };

const warmUpMs = 3_000;

async function measure(bench: Bench, gateway: Gateway, inFlight: number): Promise<Sample> {
  const load = await Load.connect({ ...fullLoad, pace: { kind: 'window', size: inFlight }, port: gateway.mqttPort });
  const probe = await PingProbe.connect(gateway.mqttPort);
  load.start();
  await Promise.race([delay(warmUpMs), load.failed]);
  await gateway.loopDelay();
  probe.reset();
  const before = await load.sample();
  await Promise.race([delay(bench.seconds * 1000), load.failed]);
  const loop = await gateway.loopDelay();
  const status = await gateway.status();
  const after = await load.sample();
  const pings = probe.end();
  await load.stop();
  await load.end();
  return {
    rate: ((after.acknowledged - before.acknowledged) / (after.atMs - before.atMs)) * 1000,
    delayP99: loop.p99,
    delayMax: loop.max,
    ownP99: status.number('process.eventLoopDelayMs.p99'),
    pingP50: pings.p50,
    pingP99: pings.p99,
    pingMax: pings.max,
  };
}

async function alone(bench: Bench, inFlight: number, environment: Readonly<Record<string, string>>): Promise<Sample> {
  const { folder, profileFolder } = bench;
  const gateway = await Gateway.start({
    settings: { dataDir: join(folder, 'data'), 'uplink.url': unreachable },
    environment,
    profileFolder,
    loopFile: join(folder, 'loop'),
  });
  const sample = await measure(bench, gateway, inFlight);
  await gateway.end();
  return sample;
}

async function relaying(bench: Bench): Promise<Sample> {
  const { folder, profileFolder } = bench;
  const collector = await startCollector(`file:${join(folder, 'records.ndjson')}`, profileFolder);
  const gateway = await Gateway.start({
    settings: { dataDir: join(folder, 'data'), 'uplink.url': collector.url },
    profileFolder,
    loopFile: join(folder, 'loop'),
  });
  const sample = await measure(bench, gateway, fullLoad.pace.size);
  await gateway.end();
  await collector.end();
  return sample;
}

const peers: readonly Peer[] = [
  { name: 'headgate, relaying', run: relaying },
  { name: 'headgate, collector unreachable', run: (bench) => alone(bench, fullLoad.pace.size, {}) },
  ...[100, 1000].map((inFlight) => ({
    name: `headgate, commits of 500 ms, ${inFlight} in flight`,
    run: (bench: Bench) => alone(bench, inFlight, slowDisk),
  })),
];

export const eventloop: Scenario = {
  name: 'eventloop',
  title: 'Event loop: how long anybody waits for the main thread',
  about:
    'At full load, 10 connections with 100 messages in flight each; also with a disk whose every commit takes 500 ms longer, there with 1,000 in flight too, as 100 leave the gateway idle. "Delay" is how late timers of the main thread fired, measured in it during just this time; "by its status" is what the gateway tells of its last 10 to 20 seconds, warm-up included. "Ping" is seen from outside: PINGREQ to PINGRESP of an idle client, 50 times a second; on a machine whose cores are all busy it includes waiting for a core.',
  seconds: 8,
  rounds: 2,
  metrics: [
    { key: 'rate', label: 'msg/s', digits: 0 },
    { key: 'delayP99', label: 'delay p99 ms', digits: 1 },
    { key: 'delayMax', label: 'delay max ms', digits: 0 },
    { key: 'ownP99', label: 'p99 by its status', digits: 1 },
    { key: 'pingP50', label: 'ping p50 ms', digits: 1 },
    { key: 'pingP99', label: 'ping p99 ms', digits: 1 },
    { key: 'pingMax', label: 'ping max ms', digits: 0 },
  ],
  peers,
  goals: (summary) => peers.map(({ name }) => atMost(`${name}: delay p99`, summary.median(name, 'delayP99'), 20, 'ms')),
};
