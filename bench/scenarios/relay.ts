import { join } from 'node:path';
import { Gateway, startCollector } from '../lib/headgate.ts';
import { fullLoad, Load } from '../lib/load.ts';
import { poolSize } from '../lib/load-protocol.ts';
import { Marks } from '../lib/marks.ts';
import { startMosquitto } from '../lib/mosquitto.ts';
import { CpuMeter, residentMb } from '../lib/process-usage.ts';
import { type Progress, sustained } from '../lib/progress.ts';
import { atLeast, atMost, type Bench, type Sample, type Scenario } from '../lib/scenario.ts';
import { countStored } from '../lib/stored.ts';
import { delay } from '../lib/wait.ts';

/** Messages come in whole rounds through every connection's pool, so that the last one of each is a mark. */
const unit = poolSize * fullLoad.connections;
const warmUp = 5 * unit;
/** About what the bridge relays in a second on the machine of the first results. */
const usualRate = 60_000;
const limitMs = 120_000;

function messagesFor(seconds: number): number {
  return Math.max(1, Math.round((seconds * usualRate) / unit)) * unit;
}

interface Chain {
  readonly port: number;
  readonly pids: { readonly relay: number; readonly far: number };
  /** How many messages have reached the end of the chain. */
  progress(): Promise<Progress>;
  /** When the last of `total` messages had, by the monotonic clock. @throws an Error when they don't come */
  arrived(total: number): Promise<number>;
}

async function measure(bench: Bench, chain: Chain): Promise<Sample> {
  const messages = messagesFor(bench.seconds);
  const load = await Load.connect({ ...fullLoad, port: chain.port });
  await load.run(warmUp, limitMs);
  await chain.arrived(warmUp);
  const meter = new CpuMeter({ relayCpu: chain.pids.relay, farCpu: chain.pids.far, loadCpu: load.pid });
  const progress: Progress[] = [];
  let isLoaded = true;
  const loaded = load.run(messages, limitMs).finally(() => {
    isLoaded = false;
  });
  const watched = (async () => {
    while (isLoaded) {
      progress.push(await chain.progress());
      await delay(250);
    }
  })();
  // Both may fail when a process dies; the first to be awaited tells.
  watched.catch(() => {});
  const { counts } = await loaded;
  const lastMs = await chain.arrived(warmUp + messages);
  const cpu = meter.perMessage(messages);
  await watched;
  await load.end();
  return {
    rate: (messages / (lastMs - counts.firstSentMs)) * 1000,
    ...sustained(progress),
    ingest: (messages / (counts.lastAcknowledgedMs - counts.firstSentMs)) * 1000,
    ...cpu,
    peakMb: residentMb(chain.pids.relay).peak,
    farPeakMb: residentMb(chain.pids.far).peak,
  };
}

/** What a gateway and its collector are told beside what the bench needs. */
export interface RelaySettings {
  readonly collector?: Readonly<Record<string, string>>;
  readonly gateway?: Readonly<Record<string, string>>;
  /** Node's own options, and the environment, of both. */
  readonly flags?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export async function headgate(
  bench: Bench,
  kind: 'file' | 'sqlite',
  { collector: atCollector, gateway: atGateway, flags, environment = {} }: RelaySettings = {},
): Promise<Sample> {
  const path = join(bench.folder, kind === 'file' ? 'records.ndjson' : 'records.db');
  const collector = await startCollector(`${kind}:${path}`, bench.profileFolder, 0, atCollector, {
    flags,
    environment,
  });
  const gateway = await Gateway.start({
    settings: { dataDir: join(bench.folder, 'data'), 'uplink.url': collector.url, ...atGateway },
    profileFolder: bench.profileFolder,
    flags,
    environment,
  });
  const sample = await measure(bench, {
    port: gateway.mqttPort,
    pids: { relay: gateway.pid, far: collector.pid },
    progress: async () => {
      const status = await gateway.status();
      return {
        atMs: status.atMs,
        arrived: status.number('uplink.acknowledgedRecords'),
        waiting: status.number('buffer.waitingRecords'),
      };
    },
    arrived: async (total) => {
      const status = await gateway.statusWhen(
        `${total} records to be acknowledged`,
        limitMs,
        10,
        (status) => status.number('uplink.acknowledgedRecords') >= total,
      );
      const acknowledged = status.number('uplink.acknowledgedRecords');
      if (acknowledged !== total) throw new Error(`${total} messages were sent, ${acknowledged} records acknowledged`);
      return status.atMs;
    },
  });
  await gateway.end();
  await collector.end();
  const sent = warmUp + messagesFor(bench.seconds);
  const stored = await countStored(kind, path);
  if (stored !== sent) throw new Error(`${sent} messages were acknowledged, the collector holds ${stored} records`);
  return sample;
}

async function bridge(bench: Bench): Promise<Sample> {
  const far = await startMosquitto('far', bench.folder);
  const near = await startMosquitto('near', bench.folder, far.port);
  const marks = await Marks.watch(far.port);
  let sent = 0;
  const sample = await measure(bench, {
    port: near.port,
    pids: { relay: near.pid, far: far.pid },
    progress: async () => ({ atMs: marks.atMs, arrived: marks.messages }),
    arrived: async (total) => {
      sent = total;
      await marks.all(total, limitMs);
      return marks.atMs;
    },
  });
  await marks.counted(sent);
  await marks.end();
  await near.end();
  await far.end();
  return sample;
}

const ours = ['headgate, file sink', 'headgate, sqlite sink'];
const theirs = 'mosquitto bridge';

export const relay: Scenario = {
  name: 'relay',
  title: 'Relay: from the publisher to durable at the collector',
  about: `A fixed number of messages, from the first PUBLISH until the far side has confirmed the last. Headgate: PUBLISH, fsync, PUBACK, gRPC, the collector's own fsync, its acknowledgement. The Mosquitto bridge relays with QoS 1 to a second Mosquitto; neither writes anything to disk. Each message that was acknowledged is looked for at the far end. "Sustained" is the far end's rate in the middle half of the load.`,
  seconds: 16,
  rounds: 3,
  metrics: [
    { key: 'rate', label: 'msg/s', digits: 0 },
    { key: 'sustained', label: 'sustained msg/s', digits: 0 },
    { key: 'ingest', label: 'PUBACK/s', digits: 0 },
    { key: 'growth', label: 'backlog growth/s', digits: 0 },
    { key: 'relayCpu', label: 'relay CPU µs/msg', digits: 2 },
    { key: 'relayCpu:MainThread', label: 'of it, main thread', digits: 2 },
    { key: 'farCpu', label: 'far side CPU µs/msg', digits: 2 },
    { key: 'loadCpu', label: 'load generator CPU µs/msg', digits: 2 },
    { key: 'peakMb', label: 'relay peak RSS MB', digits: 0 },
  ],
  ratio: { metric: 'rate', to: theirs },
  peers: [
    { name: ours[0]!, run: (bench) => headgate(bench, 'file') },
    { name: ours[1]!, run: (bench) => headgate(bench, 'sqlite') },
    { name: theirs, run: bridge },
  ],
  goals: (summary) =>
    ours.flatMap((peer) => [
      atLeast(
        `${peer}: msg/s, against the bridge`,
        summary.ratio(peer, theirs, 'rate')?.median ?? Number.NaN,
        1.5,
        '×',
        2,
      ),
      atMost(
        `${peer}: CPU a message, no more than the bridging Mosquitto`,
        summary.median(peer, 'relayCpu'),
        summary.median(theirs, 'relayCpu'),
        'µs',
        2,
      ),
    ]),
};
