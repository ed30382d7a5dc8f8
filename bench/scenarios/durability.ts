import { join } from 'node:path';
import type { Durability } from '../../src/core/handling.ts';
import { checkWritesCount, writtenBytes } from '../lib/disk-writes.ts';
import { Gateway, type Headgate, type Status, startCollector, unreachable } from '../lib/headgate.ts';
import { fullLoad, Load } from '../lib/load.ts';
import { payloadBytes } from '../lib/payload.ts';
import { CpuMeter, residentMb } from '../lib/process-usage.ts';
import { atMost, type Bench, type Peer, type Sample, type Scenario } from '../lib/scenario.ts';
import { countStored } from '../lib/stored.ts';
import { delay } from '../lib/wait.ts';

const warmUp = 200_000;
const limitMs = 60_000;
/** Longer than anything may wait for the disk: a `relaxed` record does for a second. */
const settlingMs = 1_500;

function ruleOf(durability: Durability): string {
  return `[{name: bench, match: {topic: "#"}, priority: normal, durability: ${durability}}]`;
}

/** Waits until all that is due is written and, with a collector, all is delivered. */
async function settled(gateway: Gateway, isOnline: boolean): Promise<Status> {
  await gateway.statusWhen('everything to be delivered or stored', limitMs, 50, (status) => {
    return status.number(isOnline ? 'buffer.waitingRecords' : 'buffer.pendingBytes') === 0;
  });
  // What was delivered is noted on disk a little later, and what is deleted with it.
  await Promise.race([delay(settlingMs), gateway.child.failed]);
  return await gateway.status();
}

async function measure(bench: Bench, durability: Durability, isOnline: boolean): Promise<Sample> {
  const { folder, profileFolder } = bench;
  checkWritesCount(folder);
  const path = join(folder, 'records.ndjson');
  const collector = isOnline ? await startCollector(`file:${path}`, profileFolder) : undefined;
  const gateway = await Gateway.start({
    settings: {
      dataDir: join(folder, 'data'),
      'uplink.url': collector?.url ?? unreachable,
      rules: ruleOf(durability),
    },
    profileFolder,
  });
  const load = await Load.connect({ ...fullLoad, port: gateway.mqttPort });
  await load.run(warmUp, limitMs);
  const first = await settled(gateway, isOnline);
  const meter = new CpuMeter({ gatewayCpu: gateway.pid });
  const writtenBefore = writtenBytes(gateway.pid);
  load.start();
  await Promise.race([delay(200), load.failed]);
  const from = await load.sample();
  await Promise.race([delay(bench.seconds * 1000), load.failed]);
  const to = await load.sample();
  const { counts } = await load.stop();
  const messages = counts.acknowledged - warmUp;
  const last = await settled(gateway, isOnline);
  const written = writtenBytes(gateway.pid) - writtenBefore;
  const cpu = meter.perMessage(messages);
  const { peak } = residentMb(gateway.pid);
  await load.end();
  const writtenAtEnd = await endCounting(gateway);
  await collector?.end();
  await account(last, counts.acknowledged, durability, collector, path);
  const payload = messages * payloadBytes;
  const flash = (status: Status) => status.number(`buffer.flashBytes.${durability}`);
  return {
    rate: ((to.acknowledged - from.acknowledged) / (to.atMs - from.atMs)) * 1000,
    written: written / payload,
    told: (flash(last) - flash(first)) / payload,
    // Over all that the run published, start-up and warm-up included, as that can't be told apart any more.
    whenStopped: writtenAtEnd / (counts.acknowledged * payloadBytes),
    dropped: droppedOf(last),
    ...cpu,
    peakMb: peak,
  };
}

/** Stops the gateway. @returns all that it ever wrote: the system counts an ended process with its parent */
async function endCounting(gateway: Gateway): Promise<number> {
  const before = writtenBytes('self');
  await gateway.end();
  return writtenBytes('self') - before;
}

function droppedOf(status: Status): number {
  const of = (count: string) => status.number(`buffer.ledger.${count}`);
  return of('received') - of('delivered') - of('waiting');
}

/** Every acknowledged message must be where the ledger says it is. @throws an Error that tells the difference */
async function account(
  status: Status,
  acknowledged: number,
  durability: Durability,
  collector: Headgate | undefined,
  path: string,
): Promise<void> {
  const of = (count: string) => status.number(`buffer.ledger.${count}`);
  const [received, delivered, dropped] = [of('received'), of('delivered'), droppedOf(status)];
  // Reports of losses are records too.
  if (dropped === 0 ? received !== acknowledged : received < acknowledged) {
    throw new Error(`${acknowledged} messages were acknowledged, ${received} were received by the ledger`);
  }
  if (dropped > 0 && durability !== 'memory') {
    throw new Error(`${dropped} of ${acknowledged} messages were dropped, although the disk had room for them`);
  }
  if (collector === undefined) return;
  const stored = await countStored('file', path);
  if (stored !== delivered) {
    throw new Error(`by the ledger ${delivered} records were delivered, the collector holds ${stored}`);
  }
}

function peerFor(durability: Durability, isOnline: boolean): Peer {
  return {
    name: nameOf(durability, isOnline ? 'online' : 'offline'),
    run: (bench) => measure(bench, durability, isOnline),
  };
}

function nameOf(durability: Durability, where: 'online' | 'offline'): string {
  return `headgate, ${durability}, ${where}`;
}

export const durability: Scenario = {
  name: 'durability',
  title: 'Durability: what each class costs, in receipts and in bytes on the disk',
  about:
    'One rule for everything, with each durability in turn; "online" with a collector that writes a file on the same disk, "offline" with none in reach. The bytes are those that the gateway\'s process made the system write, as `/proc/PID/io` counts them, from the first PUBLISH behind the warm-up until all is delivered (or stored) and 1.5 seconds more, over the bytes of the MQTT payloads. "By its status" is what the gateway itself counts for the records\' commits. "Until stopped" is over the whole run, from the start of the process to its end: then the last files are closed, and what was only in their write-ahead logs is written a second time. A dropped record found no room in memory under `memory`, which writes nothing.',
  seconds: 6,
  rounds: 2,
  metrics: [
    { key: 'rate', label: 'receipts/s', digits: 0 },
    { key: 'written', label: 'disk bytes/payload byte', digits: 3 },
    { key: 'told', label: 'by its status', digits: 3 },
    { key: 'whenStopped', label: 'until stopped', digits: 3 },
    { key: 'dropped', label: 'dropped records', digits: 0 },
    { key: 'gatewayCpu', label: 'gateway CPU µs/msg', digits: 2 },
    { key: 'gatewayCpu:MainThread', label: 'of it, main thread', digits: 2 },
    { key: 'peakMb', label: 'peak RSS MB', digits: 0 },
  ],
  ratio: { metric: 'rate', to: nameOf('local', 'online') },
  peers: [
    peerFor('local', true),
    peerFor('anywhere', true),
    peerFor('relaxed', true),
    peerFor('memory', true),
    peerFor('local', false),
    peerFor('relaxed', false),
  ],
  goals: (summary) => {
    const bytes = (durability: Durability, where: 'online' | 'offline', limit: number, metric = 'written') => {
      const what = `${durability}, ${where}: disk bytes a payload byte${metric === 'written' ? '' : ', until stopped'}`;
      return atMost(what, summary.median(nameOf(durability, where), metric), limit, '×', 2);
    };
    return [
      bytes('local', 'online', 1.6),
      bytes('local', 'offline', 1.6),
      // What waits for long is written twice, by the file that it is in: here all of it has been.
      bytes('local', 'offline', 1.6, 'whenStopped'),
      bytes('anywhere', 'online', 0.1),
      bytes('relaxed', 'online', 0.1),
    ];
  },
};
