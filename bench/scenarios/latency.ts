import { join } from 'node:path';
import { startAedes } from '../lib/aedes.ts';
import { measureDisk } from '../lib/disk-floor.ts';
import { Gateway, startCollector, unreachable } from '../lib/headgate.ts';
import { Load } from '../lib/load.ts';
import type { LoadOptions, Pace } from '../lib/load-protocol.ts';
import { startMosquitto } from '../lib/mosquitto.ts';
import { atMost, type Bench, type Sample, type Scenario } from '../lib/scenario.ts';
import { delay } from '../lib/wait.ts';

const disk = 'disk alone (4 KiB append + fsync)';

/** Half of the time for one synchronous publisher, half for a steady 1,000 messages a second. */
async function measure(bench: Bench, port: number): Promise<Sample> {
  const seconds = bench.seconds / 2;
  const sync = await timed(port, 1, { kind: 'window', size: 1 }, seconds);
  const steady = await timed(port, 10, { kind: 'rate', perSecond: 1000 }, seconds);
  return {
    syncP50: sync.latency.p50,
    syncP99: sync.latency.p99,
    p50: steady.latency.p50,
    p90: steady.latency.p90,
    p99: steady.latency.p99,
    max: steady.latency.max,
    late: steady.lateness.p50,
  };
}

async function timed(port: number, connections: number, pace: Pace, seconds: number) {
  const options: LoadOptions = { port, connections, pace, isTimed: true, stallMs: 10_000 };
  const load = await Load.connect(options);
  // Code is compiled and files have grown before anything counts.
  await load.run(1000, 60_000);
  load.start();
  await Promise.race([delay(seconds * 1000), load.failed]);
  const idle = await load.stop();
  await load.end();
  return idle;
}

export const latency: Scenario = {
  name: 'latency',
  title: 'Latency: from PUBLISH to PUBACK',
  about:
    'One publisher that waits for each PUBACK ("sync"), then 10 connections that publish 1,000 messages a second together, whether or not they are answered; there a message counts from when it was due, so the load generator\'s own lateness (its timer fires once a millisecond) is part of every peer\'s times. "Relaying" has a collector with a file sink on the same disk, whose fsyncs get in the way of the gateway\'s.',
  seconds: 10,
  rounds: 3,
  metrics: [
    { key: 'syncP50', label: 'sync p50 ms', digits: 2 },
    { key: 'syncP99', label: 'sync p99 ms', digits: 2 },
    { key: 'p50', label: '1,000/s p50 ms', digits: 2 },
    { key: 'p90', label: 'p90 ms', digits: 2 },
    { key: 'p99', label: 'p99 ms', digits: 2 },
    { key: 'max', label: 'max ms', digits: 1 },
    { key: 'late', label: 'of it, lateness p50 ms', digits: 2 },
  ],
  peers: [
    {
      name: disk,
      run: async ({ folder, seconds }) => {
        const { times } = measureDisk(folder, 4096, Math.min(2, seconds / 2));
        return { syncP50: times.p50, syncP99: times.p99 };
      },
    },
    {
      name: 'headgate',
      run: async (bench) => {
        const { folder: dataDir, profileFolder } = bench;
        const gateway = await Gateway.start({ settings: { dataDir, 'uplink.url': unreachable }, profileFolder });
        const sample = await measure(bench, gateway.mqttPort);
        await gateway.end();
        return sample;
      },
    },
    {
      name: 'headgate, relaying',
      run: async (bench) => {
        const { folder, profileFolder } = bench;
        const collector = await startCollector(`file:${join(folder, 'records.ndjson')}`, profileFolder);
        const settings = { dataDir: join(folder, 'data'), 'uplink.url': collector.url };
        const gateway = await Gateway.start({ settings, profileFolder });
        const sample = await measure(bench, gateway.mqttPort);
        await gateway.end();
        await collector.end();
        return sample;
      },
    },
    {
      name: 'mosquitto',
      run: async (bench) => {
        const mosquitto = await startMosquitto('mosquitto', bench.folder);
        const sample = await measure(bench, mosquitto.port);
        await mosquitto.end();
        return sample;
      },
    },
    {
      name: 'aedes',
      run: async (bench) => {
        const aedes = await startAedes();
        const sample = await measure(bench, aedes.port);
        await aedes.end();
        return sample;
      },
    },
  ],
  goals: (summary) =>
    ['headgate', 'headgate, relaying'].flatMap((peer) => [
      atMost(
        `${peer}: sync p50, within 1 ms of the disk's own`,
        summary.median(peer, 'syncP50'),
        1 + summary.median(disk, 'syncP50'),
        'ms',
        2,
      ),
      atMost(`${peer}: p99 at 1,000 msg/s`, summary.median(peer, 'p99'), 10, 'ms', 2),
    ]),
};
