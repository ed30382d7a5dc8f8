import { join } from 'node:path';
import { freePort } from '../../test/support/tcp-port.ts';
import { Gateway, startCollector } from '../lib/headgate.ts';
import { LiveProbe } from '../lib/live-probe.ts';
import { atMost, type Bench, type Peer, type Sample, type Scenario } from '../lib/scenario.ts';
import { percentilesOf } from '../lib/statistics.ts';
import { countStored } from '../lib/stored.ts';
import { delay, until } from '../lib/wait.ts';

const backlogRecords = 1_000_000;

/** A gateway that takes in `perSecond` live messages: for a while without a backlog, then while it drains one. */
async function measure(bench: Bench, perSecond: number): Promise<Sample> {
  const idle = percentilesOf(await idleDelays(bench, perSecond));
  const { delays, rate, seconds } = await drainingDelays(bench, perSecond);
  const draining = percentilesOf(delays);
  return {
    idleP50: idle.p50,
    idleP95: idle.p95,
    drainP50: draining.p50,
    drainP95: draining.p95,
    drainP99: draining.p99,
    ratio: draining.p95 / idle.p95,
    rate,
    seconds,
    count: draining.count,
  };
}

async function idleDelays({ folder, seconds }: Bench, perSecond: number): Promise<readonly number[]> {
  const path = join(folder, 'idle.ndjson');
  const collector = await startCollector(`file:${path}`);
  const gateway = await Gateway.start({ settings: { dataDir: join(folder, 'idle'), 'uplink.url': collector.url } });
  await gateway.statusWhen('the uplink to connect', 30_000, 10, (status) => status.number('uplink.connections') > 0);
  const probe = new LiveProbe(perSecond);
  await probe.start(gateway.mqttPort);
  probe.follow(path);
  await delay(1_000);
  probe.begin();
  await delay(seconds * 1_000);
  const delays = [...probe.delays];
  await probe.end();
  await gateway.end();
  await collector.end();
  return delays;
}

async function drainingDelays(bench: Bench, perSecond: number) {
  const { folder, profileFolder } = bench;
  const dataDir = join(folder, 'data');
  const wanted = Math.min(bench.records, backlogRecords);
  const { records } = await bench.backlogs.copy({ records: wanted, bytes: 0 }, dataDir);
  const port = await freePort();
  const gateway = await Gateway.start({
    settings: { dataDir, 'uplink.url': `http://127.0.0.1:${port}`, 'uplink.retryMax': '500ms', 'uplink.canary': '0' },
    profileFolder,
  });
  const probe = new LiveProbe(perSecond);
  await probe.start(gateway.mqttPort);
  const path = join(folder, 'drain.ndjson');
  const collector = await startCollector(`file:${path}`, profileFolder, port);
  probe.follow(path);
  const first = await gateway.statusWhen('the uplink to connect', 30_000, 10, (status) => {
    return status.number('uplink.connections') > 0;
  });
  probe.begin();
  // What is acknowledged beyond the backlog is live.
  const last = await gateway.statusWhen(`${records} records to drain`, 300_000, 50, (status) => {
    return status.number('buffer.waitingRecords') < perSecond;
  });
  const delays = [...probe.delays];
  const seconds = (last.atMs - first.atMs) / 1000;
  const live = await probe.end();
  await until('the last acknowledgement', 30_000, 50, async () => {
    return (await gateway.status()).number('buffer.waitingRecords') === 0 ? true : undefined;
  });
  await gateway.end();
  await collector.end();
  const stored = await countStored('file', path);
  if (stored !== records + live)
    throw new Error(`${records} records waited and ${live} came in, the collector holds ${stored}`);
  return { delays, rate: records / seconds, seconds };
}

const rates = [100, 500];
const nameOf = (perSecond: number): string => `headgate, ${perSecond} live messages/s`;

export const liveshare: Scenario = {
  name: 'liveshare',
  title: 'Live before backlog: what a fresh message waits while a million records drain',
  about:
    'A publisher sends at a steady rate; a message’s time is from when it was due until its line is in the collector’s file. First without a backlog, then from the reconnection until a million records that were stored without a collector are acknowledged. Every record is looked for.',
  seconds: 10,
  rounds: 3,
  metrics: [
    { key: 'idleP50', label: 'idle p50 ms', digits: 1 },
    { key: 'idleP95', label: 'idle p95 ms', digits: 1 },
    { key: 'drainP50', label: 'draining p50 ms', digits: 1 },
    { key: 'drainP95', label: 'draining p95 ms', digits: 1 },
    { key: 'drainP99', label: 'draining p99 ms', digits: 1 },
    { key: 'ratio', label: 'p95 draining/idle', digits: 2 },
    { key: 'rate', label: 'drained records/s', digits: 0 },
    { key: 'seconds', label: 'seconds', digits: 1 },
    { key: 'count', label: 'live messages timed', digits: 0 },
  ],
  peers: rates.map((perSecond): Peer => ({ name: nameOf(perSecond), run: (bench) => measure(bench, perSecond) })),
  goals: (summary) =>
    rates.map((perSecond) => {
      const peer = nameOf(perSecond);
      return atMost(`${peer}: p95 while draining`, summary.median(peer, 'ratio'), 2, '× idle', 2);
    }),
};
