import { join } from 'node:path';
import { freePort } from '../../test/support/tcp-port.ts';
import { collectorTls, pemOf, selfSigned } from '../lib/certificate.ts';
import { Fleet } from '../lib/fleet.ts';
import { startCollector } from '../lib/headgate.ts';
import { countPublished, startNats } from '../lib/nats.ts';
import { CpuMeter, residentMb } from '../lib/process-usage.ts';
import { atMost, type Bench, type Sample, type Scenario } from '../lib/scenario.ts';
import { countStored } from '../lib/stored.ts';
import { delay } from '../lib/wait.ts';

const gateways = 1_000;
const batchRecords = 20;
const warmUpMs = 2_000;

/** Where a collector puts what it gets, and how it is found there. */
interface Place {
  readonly sink: string;
  stored(): Promise<number>;
  readonly isSecure?: boolean;
}

async function measure(bench: Bench, place: (folder: string) => Place | Promise<Place>): Promise<Sample> {
  const { folder, profileFolder } = bench;
  const { sink, stored, isSecure = false } = await place(folder);
  const own = isSecure ? selfSigned(folder) : undefined;
  const port = await freePort();
  const start = async () => await startCollector(sink, profileFolder, port, own && collectorTls(own));
  let collector = await start();
  const ca = own && pemOf(own);
  const fleet = await Fleet.start({ gateways, port, dialsPerSecond: 250, batchRecords, ...(ca && { ca }) });
  const aloneMb = residentMb(collector.pid).now;
  const { ms: dialledMs } = await fleet.ask({ name: 'dial' }, 'dialled', 60_000);
  // What was only needed to shake hands is garbage by now.
  await delay(warmUpMs);
  const connectedMb = residentMb(collector.pid).now;

  fleet.tell({ name: 'start', pace: { kind: 'steady' } });
  await delay(warmUpMs);
  await fleet.ask({ name: 'sample' }, 'sample', 10_000);
  const steadyMeter = new CpuMeter({ cpu: collector.pid });
  await delay(bench.seconds * 1_000);
  const steady = await fleet.ask({ name: 'sample' }, 'sample', 10_000);
  const steadyCpu = steadyMeter.perMessage(steady.acknowledgedRecords).cpu ?? 0;
  await fleet.ask({ name: 'stop' }, 'idle', 60_000);

  fleet.tell({ name: 'start', pace: { kind: 'full' } });
  await delay(warmUpMs);
  await fleet.ask({ name: 'sample' }, 'sample', 10_000);
  const meter = new CpuMeter({ cpu: collector.pid });
  await delay(bench.seconds * 1_000);
  const full = await fleet.ask({ name: 'sample' }, 'sample', 10_000);
  const fullCpu = meter.perMessage(full.acknowledgedRecords).cpu ?? 0;
  await fleet.ask({ name: 'stop' }, 'idle', 60_000);
  const peakMb = residentMb(collector.pid).peak;

  // Everybody sends on meanwhile: what waits when a connection breaks is sent again, and must not appear twice.
  fleet.tell({ name: 'start', pace: { kind: 'steady' } });
  const storm = async () => {
    const back = fleet.ask({ name: 'storm' }, 'back', 120_000);
    back.catch(() => {});
    await collector.kill();
    collector = await start();
    return await back;
  };
  // Those that came first were told how to come back when the fleet was small. From now on the collector knows it.
  await storm();
  const { lastMs, medianMs, peakAccepts, refused } = await storm();
  const { sentRecords } = await fleet.ask({ name: 'stop' }, 'idle', 120_000);
  await fleet.end();
  await collector.end();
  const found = await stored();
  if (found !== sentRecords) throw new Error(`${sentRecords} records were sent, ${sink} holds ${found}`);
  return {
    kbPerGateway: ((connectedMb - aloneMb) * 1_000) / gateways,
    dialledPerSecond: gateways / (dialledMs / 1_000),
    steadyRate: steady.acknowledgedRecords / steady.seconds,
    steadyCpu,
    p50: steady.latency.p50,
    p99: steady.latency.p99,
    fullRate: full.acknowledgedRecords / full.seconds,
    fullCpu,
    fullP99: full.latency.p99,
    peakMb,
    backMedian: medianMs / 1_000,
    backLast: lastMs / 1_000,
    peakAccepts,
    refused,
  };
}

function onDisk(kind: 'file' | 'sqlite', isSecure = false): (folder: string) => Place {
  return (folder) => {
    const path = join(folder, kind === 'file' ? 'records.ndjson' : 'records.db');
    return { sink: `${kind}:${path}`, stored: () => countStored(kind, path), isSecure };
  };
}

async function inJetStream(folder: string): Promise<Place> {
  const { url } = await startNats(folder);
  return { sink: url, stored: () => countPublished(url) };
}

const places = {
  'file sink': onDisk('file'),
  'file sink, TLS': onDisk('file', true),
  'sqlite sink': onDisk('sqlite'),
  'NATS JetStream': inJetStream,
} as const;
const names = Object.keys(places);

export const fleet: Scenario = {
  name: 'fleet',
  title: 'Fleet: a thousand gateways on one collector',
  about: `${gateways.toLocaleString('en')} simulated gateways with the real protocol, each on a connection of its own, batches of ${batchRecords} records. Steady: each gateway sends a batch a second. Full: each has a batch under way at all times. Storm: the collector is killed and started again while all of them send, twice, and the second time counts; everything that was sent is looked for afterwards, once.`,
  seconds: 8,
  rounds: 1,
  metrics: [
    { key: 'kbPerGateway', label: 'collector kB/gateway', digits: 0 },
    { key: 'dialledPerSecond', label: 'welcomes/s (250 dials/s)', digits: 0 },
    { key: 'steadyRate', label: 'steady: records/s', digits: 0 },
    { key: 'steadyCpu', label: 'CPU µs/record', digits: 1 },
    { key: 'p50', label: 'acknowledged p50 ms', digits: 1 },
    { key: 'p99', label: 'p99 ms', digits: 1 },
    { key: 'fullRate', label: 'full: records/s', digits: 0 },
    { key: 'fullCpu', label: 'CPU µs/record, full', digits: 1 },
    { key: 'fullP99', label: 'p99 ms, full', digits: 0 },
    { key: 'peakMb', label: 'peak RSS MB', digits: 0 },
    { key: 'backMedian', label: 'storm: half back after s', digits: 1 },
    { key: 'backLast', label: 'all back after s', digits: 1 },
    { key: 'peakAccepts', label: 'most accepted in a second', digits: 0 },
    { key: 'refused', label: 'dials that found nobody', digits: 0 },
  ],
  peers: Object.entries(places).map(([name, place]) => ({ name, run: (bench) => measure(bench, place) })),
  goals: (summary) =>
    names.flatMap((name) => [
      atMost(`${name}: all back after the collector's restart`, summary.median(name, 'backLast'), 60, 's'),
    ]),
};
