import { join } from 'node:path';
import { freePort } from '../../test/support/tcp-port.ts';
import { Gateway, startCollector } from '../lib/headgate.ts';
import { CpuMeter, residentMb } from '../lib/process-usage.ts';
import { atLeast, type Bench, type Sample, type Scenario } from '../lib/scenario.ts';
import { countStored } from '../lib/stored.ts';

const limitMs = 300_000;

async function measure(bench: Bench, kind: 'file' | 'sqlite'): Promise<Sample> {
  const { folder, profileFolder } = bench;
  const dataDir = join(folder, 'data');
  const { records } = await bench.backlogs.copy({ records: bench.records, bytes: 0 }, dataDir);
  const port = await freePort();
  const gateway = await Gateway.start({
    // A gateway that was alone for long would wait up to half a minute before it dials again; not what is measured.
    settings: { dataDir, 'uplink.url': `http://127.0.0.1:${port}`, 'uplink.retryMax': '500ms' },
    profileFolder,
    loopFile: join(folder, 'loop'),
  });
  const idleMb = residentMb(gateway.pid).now;
  const path = join(folder, kind === 'file' ? 'records.ndjson' : 'records.db');
  const collector = await startCollector(`${kind}:${path}`, profileFolder, port);
  const first = await gateway.statusWhen('the uplink to connect', 30_000, 10, (status) => {
    return status.number('uplink.connections') > 0;
  });
  const meter = new CpuMeter({ gatewayCpu: gateway.pid, collectorCpu: collector.pid });
  await gateway.loopDelay();
  const last = await gateway.statusWhen(`${records} records to drain`, limitMs, 100, (status) => {
    return status.number('uplink.acknowledgedRecords') >= records;
  });
  const seconds = (last.atMs - first.atMs) / 1000;
  const cpu = meter.perMessage(records);
  const { p99: delayP99 } = await gateway.loopDelay();
  const { peak } = residentMb(gateway.pid);
  await gateway.end();
  await collector.end();
  const stored = await countStored(kind, path);
  if (stored !== records) throw new Error(`${records} records waited, the collector holds ${stored}`);
  return { rate: records / seconds, records, seconds, ...cpu, idleMb, peakMb: peak, delayP99 };
}

const names = ['headgate, file sink', 'headgate, sqlite sink'] as const;

export const drain: Scenario = {
  name: 'drain',
  title: 'Drain: a backlog on its way to a collector that came back',
  about:
    'Records that were stored while there was no collector; then one is started. From the connection until the last record is acknowledged, durable at the collector. Every record is looked for there.',
  seconds: 0,
  rounds: 1,
  metrics: [
    { key: 'rate', label: 'records/s', digits: 0 },
    { key: 'records', label: 'records', digits: 0 },
    { key: 'seconds', label: 'seconds', digits: 1 },
    { key: 'gatewayCpu', label: 'gateway CPU µs/record', digits: 2 },
    { key: 'gatewayCpu:MainThread', label: 'of it, main thread', digits: 2 },
    { key: 'collectorCpu', label: 'collector CPU µs/record', digits: 2 },
    { key: 'idleMb', label: 'RSS before MB', digits: 0 },
    { key: 'peakMb', label: 'peak RSS MB', digits: 0 },
    { key: 'delayP99', label: 'event loop delay p99 ms', digits: 1 },
  ],
  peers: [
    { name: names[0], run: (bench) => measure(bench, 'file') },
    { name: names[1], run: (bench) => measure(bench, 'sqlite') },
  ],
  goals: (summary) =>
    names.map((name) => atLeast(`${name}: drain`, summary.median(name, 'rate'), 200_000, 'records/s', 0)),
};
