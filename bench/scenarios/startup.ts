import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { Gateway, type HeadgateOptions, unreachable } from '../lib/headgate.ts';
import { childrenOf, residentMb } from '../lib/process-usage.ts';
import { atMost, type Bench, type Peer, type Sample, type Scenario } from '../lib/scenario.ts';
import { delay } from '../lib/wait.ts';

/** Records of 1 GB, all told. */
const backlogBytes = 1e9;

async function measure(bench: Bench, options: HeadgateOptions): Promise<Sample> {
  const gateway = await Gateway.start({ ...options, profileFolder: bench.profileFolder });
  // Until whatever follows a start has settled.
  await Promise.race([delay(bench.seconds * 1000), gateway.child.failed]);
  const { now, peak } = residentMb(gateway.pid);
  const all = [gateway.pid, ...childrenOf(gateway.pid)].reduce((sum, pid) => sum + residentMb(pid).now, 0);
  const { readyMs, ready } = gateway.child;
  await gateway.end();
  return { readyMs, ownReadyMs: Number(ready.readyMs), rssMb: now, peakMb: peak, allMb: all };
}

const empty: Peer = {
  name: 'headgate',
  run: async (bench) => await measure(bench, { settings: { dataDir: bench.folder, 'uplink.url': unreachable } }),
};

const embedded: Peer = {
  name: 'headgate, embedded collector',
  run: async (bench) => await measure(bench, { settings: { dataDir: bench.folder } }),
};

const neverStarted: Peer = {
  name: 'headgate, started for the first time',
  run: async (bench) => {
    // Node keeps compiled code by version; an empty folder is how a machine begins.
    const environment = { NODE_COMPILE_CACHE: mkdtempSync(join(bench.folder, 'compiled-')) };
    return await measure(bench, { settings: { dataDir: join(bench.folder, 'data') }, environment });
  },
};

const backlog: Peer = {
  name: 'headgate, 1 GB backlog',
  run: async (bench) => {
    const { folder, records, bytes } = await bench.backlogs.get({ records: 0, bytes: backlogBytes });
    const sample = await measure(bench, { settings: { dataDir: folder, 'uplink.url': unreachable } });
    return { ...sample, records, backlogMb: bytes / 1e6 };
  },
};

export const startup: Scenario = {
  name: 'startup',
  title: 'Start-up and idle memory',
  about:
    "From the start of the process until its `ready` line is read by the one who started it; then resident memory after some idle seconds (the \"seconds\" of this scenario), of the gateway's process, and together with the embedded collector's. The backlog's pages are in the kernel's cache.",
  seconds: 4,
  rounds: 3,
  metrics: [
    { key: 'readyMs', label: 'ready after ms', digits: 0 },
    { key: 'ownReadyMs', label: 'by its own clock', digits: 0 },
    { key: 'rssMb', label: 'idle RSS MB', digits: 0 },
    { key: 'peakMb', label: 'peak RSS MB', digits: 0 },
    { key: 'allMb', label: 'all processes MB', digits: 0 },
    { key: 'records', label: 'backlog records', digits: 0 },
    { key: 'backlogMb', label: 'backlog MB', digits: 0 },
  ],
  peers: [neverStarted, empty, embedded, backlog],
  goals: (summary) => [
    atMost('ready', summary.median(empty.name, 'readyMs'), 1000, 'ms', 0),
    atMost('ready, with the embedded collector', summary.median(embedded.name, 'readyMs'), 1000, 'ms', 0),
    atMost('ready, 1 GB backlog', summary.median(backlog.name, 'readyMs'), 2000, 'ms', 0),
    atMost('idle RSS of the gateway', summary.median(empty.name, 'rssMb'), 110, 'MB', 0),
    atMost(
      'idle RSS, 1 GB backlog, above that',
      summary.median(backlog.name, 'rssMb') - summary.median(empty.name, 'rssMb'),
      60,
      'MB',
      0,
    ),
  ],
};
