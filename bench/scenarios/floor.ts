import { measureDisk } from '../lib/disk-floor.ts';
import type { Peer, Scenario } from '../lib/scenario.ts';

function peerFor(kib: number): Peer {
  return {
    name: `append + fsync of ${kib} KiB`,
    run: async ({ folder, seconds }) => {
      const { perSecond, megabytesPerSecond, times } = measureDisk(folder, kib * 1024, seconds);
      return { perSecond, megabytesPerSecond, p50: times.p50, p99: times.p99, max: times.max };
    },
  };
}

export const floor: Scenario = {
  name: 'floor',
  title: 'The floor: this disk by itself',
  about:
    'Blocks appended to a file, each with an fsync. Nothing that is durable can be faster than this, however it is written.',
  seconds: 2,
  rounds: 3,
  metrics: [
    { key: 'perSecond', label: 'fsyncs/s', digits: 0 },
    { key: 'megabytesPerSecond', label: 'MB/s', digits: 0 },
    { key: 'p50', label: 'p50 ms', digits: 2 },
    { key: 'p99', label: 'p99 ms', digits: 2 },
    { key: 'max', label: 'max ms', digits: 1 },
  ],
  peers: [4, 128, 512].map(peerFor),
  goals: () => [],
};
