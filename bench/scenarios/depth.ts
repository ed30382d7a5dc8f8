import { join } from 'node:path';
import { doBufferJob } from '../lib/deep-buffer.ts';
import { Gateway, unreachable } from '../lib/headgate.ts';
import { residentMb } from '../lib/process-usage.ts';
import { atMost, type Bench, type Sample, type Scenario } from '../lib/scenario.ts';
import { percentilesOf } from '../lib/statistics.ts';
import { delay } from '../lib/wait.ts';

const limitMs = 180_000;
const statusCalls = 100;
/** The least budget that evictions are measured with: with a smaller one files would be smaller, too. */
const leastBudget = 64 * 2 ** 20;

async function measure({ folder, seconds }: Bench, records: number): Promise<Sample> {
  const dataDir = join(folder, 'data');
  const directory = join(dataDir, 'buffer');
  const { diskBytes = 0, ...piled } = await doBufferJob({ kind: 'pile', directory, records }, limitMs);
  const gateway = await Gateway.start({ settings: { dataDir, 'uplink.url': unreachable } });
  await Promise.race([delay(seconds * 1000), gateway.child.failed]);
  const times: number[] = [];
  // The first ones open a connection and compile code.
  for (let call = -20; call < statusCalls; call++) {
    const from = performance.now();
    await gateway.status();
    if (call >= 0) times.push(performance.now() - from);
  }
  const http = percentilesOf(times);
  const { now: rssMb, peak: peakMb } = residentMb(gateway.pid);
  const { readyMs } = gateway.child;
  await gateway.end();
  const maxBytes = Math.max(leastBudget, diskBytes);
  const { openMs = 0, evictUs = 0, evicted = 0 } = await doBufferJob({ kind: 'evict', directory, maxBytes }, limitMs);
  return {
    ...piled,
    evictUs,
    evicted,
    statusHttpP50: http.p50,
    statusHttpMax: http.max,
    openMs,
    readyMs,
    rssMb,
    peakMb,
    diskMb: diskBytes / 1e6,
  };
}

const depths = [
  { name: 'headgate, 0 waiting', records: 0 },
  { name: 'headgate, 1 M waiting', records: 1_000_000 },
  { name: 'headgate, 3 M waiting', records: 3_000_000 },
  { name: 'headgate, 10 M waiting', records: 10_000_000 },
] as const;
const [shallow] = depths;
const deepest = depths[3].name;

export const depth: Scenario = {
  name: 'depth',
  title: 'Depth: what a backlog costs whoever comes behind it',
  about:
    'The buffer by itself, with its worker thread and its files, and so many records in it. "Append" is 700,000 more under `local` durability, 1,000 a turn, over the time until the last one is on disk: enough to fill several files, which are of 4 MiB here, so that every row has its share of making and closing them. A commit\'s time has its fsync in it, and now and then that, too. "Eviction" is what a record costs when the budget is used up, so that what comes evicts as much of the oldest: over three files or more, and a million records. Its budget is what the records take on disk, but at least 64 MiB, which is what "0 waiting" has there. The status is asked 100 times: of the buffer, made into JSON; and of a gateway on these files by HTTP. Start and resident memory are that gateway\'s, after some idle seconds (the "seconds" of this scenario).',
  seconds: 1,
  rounds: 2,
  metrics: [
    { key: 'appendUs', label: 'append µs/record', digits: 2 },
    { key: 'evictUs', label: 'eviction µs/record', digits: 2 },
    { key: 'commitP50', label: 'commit p50 ms', digits: 2 },
    { key: 'commitP99', label: 'commit p99 ms', digits: 2 },
    { key: 'statusP50', label: 'status ms', digits: 3 },
    { key: 'statusMax', label: 'status max ms', digits: 2 },
    { key: 'statusHttpP50', label: 'by HTTP ms', digits: 2 },
    { key: 'statusHttpMax', label: 'by HTTP max ms', digits: 1 },
    { key: 'openMs', label: 'opened after ms', digits: 0 },
    { key: 'readyMs', label: 'gateway ready after ms', digits: 0 },
    { key: 'rssMb', label: 'RSS MB', digits: 0 },
    { key: 'peakMb', label: 'peak RSS MB', digits: 0 },
    { key: 'diskMb', label: 'on disk MB', digits: 0 },
    { key: 'evicted', label: 'evicted', digits: 0 },
  ],
  ratio: { metric: 'appendUs', to: shallow.name },
  peers: depths.map(({ name, records }) => ({ name, run: (bench) => measure(bench, records) })),
  goals: (summary) => {
    const against = (metric: string) => summary.ratio(deepest, shallow.name, metric)?.median ?? Number.NaN;
    return [
      atMost('append, 10 M waiting against 0', against('appendUs'), 1.25, '×', 2),
      atMost('commit p50, 10 M waiting against 0', against('commitP50'), 1.25, '×', 2),
      atMost('eviction, 10 M waiting against 0', against('evictUs'), 1.25, '×', 2),
      atMost('status by HTTP, 10 M waiting, the slowest of 100', summary.median(deepest, 'statusHttpMax'), 10, 'ms', 1),
      atMost('gateway ready, 10 M waiting', summary.median(deepest, 'readyMs'), 2000, 'ms', 0),
    ];
  },
};
