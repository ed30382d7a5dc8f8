import { join } from 'node:path';
import { freePort } from '../../test/support/tcp-port.ts';
import { collectorTls, selfSigned } from '../lib/certificate.ts';
import { Gateway, startCollector } from '../lib/headgate.ts';
import { CpuMeter } from '../lib/process-usage.ts';
import type { Bench, Sample, Scenario } from '../lib/scenario.ts';
import { countStored } from '../lib/stored.ts';

const records = 1_000_000;
const limitMs = 300_000;

interface Link {
  readonly name: string;
  readonly isSecure: boolean;
  readonly compression: 'off' | 'gzip' | 'zstd';
}

const plain = 'plaintext';
const links: readonly Link[] = [
  { name: plain, isSecure: false, compression: 'off' },
  { name: 'TLS', isSecure: true, compression: 'off' },
  { name: 'zstd', isSecure: false, compression: 'zstd' },
  { name: 'TLS and zstd', isSecure: true, compression: 'zstd' },
  { name: 'TLS and gzip', isSecure: true, compression: 'gzip' },
];

async function measure(bench: Bench, { isSecure, compression }: Link): Promise<Sample> {
  const { folder, profileFolder } = bench;
  const dataDir = join(folder, 'data');
  const backlog = await bench.backlogs.copy({ records, bytes: 0 }, dataDir);
  const port = await freePort();
  const own = isSecure ? selfSigned(folder) : undefined;
  const path = join(folder, 'records.ndjson');
  const gateway = await Gateway.start({
    settings: {
      dataDir,
      'uplink.url': `${isSecure ? 'https' : 'http'}://127.0.0.1:${port}`,
      'uplink.compression': compression,
      'uplink.retryMax': '500ms',
      ...(own && { 'uplink.tls.ca': own.certificate }),
    },
    profileFolder,
  });
  const collector = await startCollector(`file:${path}`, profileFolder, port, own && collectorTls(own));
  const first = await gateway.statusWhen('the uplink to connect', 30_000, 10, (status) => {
    return status.number('uplink.connections') > 0;
  });
  const meter = new CpuMeter({ gatewayCpu: gateway.pid, collectorCpu: collector.pid });
  const last = await gateway.statusWhen(`${backlog.records} records to arrive`, limitMs, 50, (status) => {
    return status.number('uplink.acknowledgedRecords') >= backlog.records;
  });
  const cpu = meter.perMessage(backlog.records);
  const bytes = last.number('uplink.wireBytes');
  await gateway.end();
  await collector.end();
  const stored = await countStored('file', path);
  // Reports of the gateway itself may be among them.
  if (stored < backlog.records) throw new Error(`${backlog.records} records waited, the collector holds ${stored}`);
  return {
    rate: backlog.records / ((last.atMs - first.atMs) / 1000),
    ...cpu,
    cpu: (cpu.gatewayCpu ?? 0) + (cpu.collectorCpu ?? 0),
    bytes: bytes / backlog.records,
  };
}

export const link: Scenario = {
  name: 'link',
  title: 'Link: what TLS and compression cost a record',
  about:
    'A million records that waited, on their way to a collector with a file sink: CPU of both ends, and bytes on the wire both ways, TLS and HTTP/2 included. Compression runs in threads of its own, so what it costs is in the CPU and not in the rate, as long as there are cores.',
  seconds: 0,
  rounds: 1,
  metrics: [
    { key: 'rate', label: 'records/s', digits: 0 },
    { key: 'gatewayCpu', label: 'gateway CPU µs/record', digits: 2 },
    { key: 'collectorCpu', label: 'collector CPU µs/record', digits: 2 },
    { key: 'cpu', label: 'both µs/record', digits: 2 },
    { key: 'bytes', label: 'wire bytes/record', digits: 1 },
  ],
  peers: links.map((one) => ({ name: one.name, run: (bench) => measure(bench, one) })),
  ratio: { metric: 'cpu', to: plain },
  goals: () => [],
};
