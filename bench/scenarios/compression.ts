import { join } from 'node:path';
import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { Collector } from '../../src/collector/collector.ts';
import { loadConfig } from '../../src/config/load.ts';
import { systemClock } from '../../src/core/time.ts';
import { silentLog } from '../../src/lib/log.ts';
import { Uplink } from '../../src/uplink/uplink.ts';
import { WireMeter } from '../../src/uplink/wire-meter.ts';
import { encodeUpload } from '../../src/wire/upload.ts';
import { FedBuffer } from '../lib/fed-buffer.ts';
import { type Lifelike, lifelike, type PayloadKind } from '../lib/lifelike.ts';
import { atMost, type Peer, type Sample, type Scenario } from '../lib/scenario.ts';
import { until } from '../lib/wait.ts';

interface Way {
  readonly name: string;
  readonly compress: (bytes: Uint8Array) => Uint8Array;
  readonly decompress: (bytes: Uint8Array) => Uint8Array;
  /** The gateway's setting that gives it; undefined: it is only tried on the uploads. */
  readonly option?: 'off' | 'zstd' | 'gzip';
}

const gzip = (level: number): Way => ({
  name: `gzip ${level}`,
  compress: (bytes) => gzipSync(bytes, { level }),
  decompress: (bytes) => gunzipSync(bytes),
  ...(level === 6 && { option: 'gzip' }),
});
const zstd = (level: number): Way => ({
  name: `zstd ${level}`,
  compress: (bytes) => zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: level } }),
  decompress: (bytes) => zstdDecompressSync(bytes),
  ...(level === 3 && { option: 'zstd' }),
});
const none: Way = { name: 'none', compress: (bytes) => bytes, decompress: (bytes) => bytes, option: 'off' };
const ways = [none, gzip(1), gzip(6), zstd(1), zstd(3), zstd(9)];
const sizes = [1, 10, 100, 1000];
const kinds: readonly PayloadKind[] = ['bench', 'tasmota'];

const nameOf = (kind: PayloadKind, size: number, way: string): string => `${kind}, ${size} records, ${way}`;

/** What a function takes of the processor for each record, in µs: of `uploads`, again and again for so long. */
function cpuMicros(records: number, uploads: readonly Uint8Array[], work: (bytes: Uint8Array) => Uint8Array): number {
  const before = process.cpuUsage();
  const end = performance.now() + 150;
  let rounds = 0;
  do {
    for (const upload of uploads) work(upload);
    rounds++;
  } while (performance.now() < end);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / rounds / records;
}

/** Sends the batches one after the other to a collector, and says how many bytes went over the wire for that, both ways. */
async function wireBytes({ batches }: Lifelike, compression: 'off' | 'zstd' | 'gzip', folder: string): Promise<number> {
  const defaults = loadConfig({});
  const sink = `file:${join(folder, 'records.ndjson')}`;
  const collector = new Collector({ ...defaults.collector, port: 0, sink }, silentLog);
  await collector.start();
  const buffer = new FedBuffer();
  const meter = new WireMeter(undefined, silentLog);
  const uplink = new Uplink({
    options: { ...defaults.uplink, compression },
    urls: () => [`http://${collector.address}`],
    identity: () => ({ gateway: 'bench', epoch: 'bench' }),
    agent: 'bench',
    buffer,
    clock: systemClock,
    log: silentLog,
    meter,
  });
  try {
    await uplink.start();
    await until('the welcome', 10_000, 5, () => (uplink.isConnected ? true : undefined));
    const before = meter.status().wireBytes;
    for (const batch of batches) await buffer.feed(batch);
    return meter.status().wireBytes - before;
  } finally {
    await uplink.stop(AbortSignal.abort());
    await collector.stop(AbortSignal.timeout(2_000));
  }
}

async function measure(kind: PayloadKind, size: number, way: Way, folder: string): Promise<Sample> {
  const count = Math.max(10, Math.min(200, Math.ceil(2_000 / size)));
  const load = lifelike(kind, size, count);
  const uploads = load.batches.map((batch) => encodeUpload([{ ...batch, isHistorical: false }]).upload);
  const packed = uploads.map(way.compress);
  const uploadBytes = packed.reduce((sum, { length }) => sum + length, 0);
  const sample = {
    mqtt: load.mqttBytes / load.records,
    upload: uploadBytes / load.records,
    compress: cpuMicros(load.records, uploads, way.compress),
    decompress: cpuMicros(load.records, packed, way.decompress),
  };
  if (way.option === undefined) return sample;
  const wire = await wireBytes(load, way.option, folder);
  return { ...sample, wire: wire / load.records, ratio: wire / load.mqttBytes };
}

const peers: Peer[] = kinds.flatMap((kind) =>
  sizes.flatMap((size) =>
    ways.map((way) => ({
      name: nameOf(kind, size, way.name),
      run: ({ folder }) => measure(kind, size, way, folder),
    })),
  ),
);

export const compression: Scenario = {
  name: 'compression',
  title: 'Compression: bytes on the wire against processor time',
  about:
    'Uploads of so many records of 20 devices: the bench’s payloads, and those of a Tasmota plug (145 bytes of JSON). `wire` is what the sockets moved from upload to acknowledgement, both ways, HTTP/2 included, an upload at a time; `MQTT` is a PUBLISH with QoS 1 and its PUBACK for each of the same payloads. An upload of less than 256 bytes is not compressed by the gateway, whatever is configured.',
  seconds: 1,
  rounds: 3,
  metrics: [
    { key: 'wire', label: 'wire bytes/record', digits: 1 },
    { key: 'mqtt', label: 'MQTT bytes/message', digits: 1 },
    { key: 'ratio', label: 'wire of MQTT', digits: 2 },
    { key: 'upload', label: 'upload bytes/record', digits: 1 },
    { key: 'compress', label: 'compress µs/record', digits: 2 },
    { key: 'decompress', label: 'decompress µs/record', digits: 2 },
  ],
  peers,
  goals: (summary) =>
    kinds.map((kind) => {
      const peer = nameOf(kind, 100, 'zstd 3');
      return atMost(`${peer}: of raw MQTT`, summary.median(peer, 'ratio'), 0.35, '×', 2);
    }),
};
