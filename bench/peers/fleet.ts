// A fleet of simulated gateways, started by lib/fleet.ts as a process of its own. Its one argument is FleetOptions as JSON.
import { encodedRecords } from '../lib/encoded-records.ts';
import type { FleetEvent, FleetOptions, FleetRequest } from '../lib/fleet-protocol.ts';
import { LightGateway } from '../lib/light-gateway.ts';
import { percentilesOf } from '../lib/statistics.ts';

const options = JSON.parse(process.argv[2] ?? '{}') as FleetOptions;
const { bytes, starts } = encodedRecords();
const settings = {
  url: `${options.ca === undefined ? 'http' : 'https'}://127.0.0.1:${options.port}`,
  ca: options.ca,
  records: bytes.subarray(0, starts[options.batchRecords]),
  count: options.batchRecords,
};

let welcomed = 0;
let isDialling = true;
let dialStartedMs = 0;
let acknowledged = 0;
let latencies: number[] = [];
let sampleFromMs = performance.now();
let isStopping = false;
/** Everybody's return after a loss that all suffer; undefined when nobody watches. */
let storm: { lostAt: number; readonly accepts: number[]; readonly welcomes: number[]; refused: number } | undefined;

const gateways = Array.from(
  { length: options.gateways },
  (_, index) =>
    new LightGateway(index, settings, {
      onAccepted: () => storm?.accepts.push(performance.now()),
      onWelcome: () => {
        welcomed++;
        storm?.welcomes.push(performance.now());
        if (welcomed < gateways.length) return;
        if (isDialling) {
          isDialling = false;
          tell({ name: 'dialled', ms: performance.now() - dialStartedMs });
        }
        if (storm !== undefined && storm.lostAt > 0 && storm.welcomes.length >= gateways.length) report(storm);
      },
      onLost: () => {
        welcomed--;
        if (storm?.lostAt === 0) storm.lostAt = performance.now();
      },
      onRefused: () => {
        if (storm !== undefined) storm.refused++;
      },
      onAcknowledged: (records, ms) => {
        acknowledged += records;
        latencies.push(ms);
        settle();
      },
      onFailed: (reason) => tell({ name: 'failed', reason }),
    }),
);

function report({ lostAt, accepts, welcomes, refused }: NonNullable<typeof storm>): void {
  storm = undefined;
  const since = welcomes.map((at) => at - lostAt).sort((a, b) => a - b);
  const [lastMs, medianMs] = [since.at(-1)!, since[Math.floor(since.length / 2)]!];
  let peakAccepts = 0;
  accepts.sort((a, b) => a - b);
  for (let from = 0, to = 0; to < accepts.length; to++) {
    while (accepts[from]! <= accepts[to]! - 1_000) from++;
    peakAccepts = Math.max(peakAccepts, to - from + 1);
  }
  tell({ name: 'back', lastMs, medianMs, peakAccepts, refused });
}

const timers: NodeJS.Timeout[] = [];

function start(pace: 'steady' | 'full'): void {
  isStopping = false;
  acknowledged = 0;
  latencies = [];
  sampleFromMs = performance.now();
  for (const gateway of gateways) {
    if (pace === 'full') {
      gateway.isFull = true;
      if (gateway.inFlight === 0) gateway.send();
      continue;
    }
    const phase = setTimeout(() => {
      gateway.send();
      timers.push(setInterval(() => gateway.send(), 1_000));
    }, Math.random() * 1_000);
    timers.push(phase);
  }
}

function stop(): void {
  isStopping = true;
  for (const gateway of gateways) gateway.isFull = false;
  for (const timer of timers.splice(0)) clearTimeout(timer);
  settle();
}

function settle(): void {
  if (!isStopping || gateways.some(({ inFlight }) => inFlight > 0)) return;
  isStopping = false;
  tell({ name: 'idle', sentRecords: gateways.reduce((sum, { sentRecords }) => sum + sentRecords, 0) });
}

function tell(event: FleetEvent): void {
  process.send?.(event);
}

process.on('message', (request: FleetRequest) => {
  switch (request.name) {
    case 'dial':
      dialStartedMs = performance.now();
      for (const [index, gateway] of gateways.entries()) {
        setTimeout(() => gateway.dial(), (index * 1_000) / options.dialsPerSecond);
      }
      return;
    case 'start':
      start(request.pace.kind);
      return;
    case 'sample': {
      const seconds = (performance.now() - sampleFromMs) / 1_000;
      tell({ name: 'sample', acknowledgedRecords: acknowledged, seconds, latency: percentilesOf(latencies) });
      acknowledged = 0;
      latencies = [];
      sampleFromMs = performance.now();
      return;
    }
    case 'stop':
      stop();
      return;
    case 'storm':
      storm = { lostAt: 0, accepts: [], welcomes: [], refused: 0 };
  }
});
process.on('disconnect', () => process.exit(0));
