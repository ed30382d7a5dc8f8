import { startAedes } from '../lib/aedes.ts';
import type { Child } from '../lib/children.ts';
import { Gateway, unreachable } from '../lib/headgate.ts';
import { fullLoad, Load } from '../lib/load.ts';
import { startMosquitto } from '../lib/mosquitto.ts';
import { CpuMeter, residentMb } from '../lib/process-usage.ts';
import { atLeast, type Bench, type Sample, type Scenario } from '../lib/scenario.ts';
import { delay } from '../lib/wait.ts';

/** Messages before the clock starts: code is compiled, files have grown to their size. */
const warmUp = 200_000;

async function measure(bench: Bench, broker: Pick<Child, 'pid'>, port: number): Promise<Sample> {
  const load = await Load.connect({ ...fullLoad, port });
  await load.run(warmUp, 60_000);
  load.start();
  await delay(200);
  const meter = new CpuMeter({ brokerCpu: broker.pid, loadCpu: load.pid });
  const before = await load.sample();
  await Promise.race([delay(bench.seconds * 1000), load.failed]);
  const after = await load.sample();
  const messages = after.acknowledged - before.acknowledged;
  const cpu = meter.perMessage(messages);
  await load.stop();
  await load.end();
  const rate = (messages / (after.atMs - before.atMs)) * 1000;
  return { rate, ...cpu, peakMb: residentMb(broker.pid).peak };
}

export const ingest: Scenario = {
  name: 'ingest',
  title: 'Ingest: PUBLISH to PUBACK, no collector in reach',
  about:
    'How many messages a second are acknowledged. Headgate has stored and fsynced each of them by then; bare aedes and Mosquitto (persistence off) store nothing.',
  seconds: 8,
  rounds: 3,
  metrics: [
    { key: 'rate', label: 'acknowledged msg/s', digits: 0 },
    { key: 'brokerCpu', label: 'CPU µs/msg', digits: 2 },
    { key: 'brokerCpu:MainThread', label: 'of it, main thread', digits: 2 },
    { key: 'loadCpu', label: 'load generator CPU µs/msg', digits: 2 },
    { key: 'peakMb', label: 'peak RSS MB', digits: 0 },
  ],
  ratio: { metric: 'rate', to: 'aedes' },
  peers: [
    {
      name: 'headgate',
      run: async (bench) => {
        const { folder: dataDir, profileFolder } = bench;
        const gateway = await Gateway.start({ settings: { dataDir, 'uplink.url': unreachable }, profileFolder });
        const sample = await measure(bench, gateway, gateway.mqttPort);
        await gateway.end();
        return sample;
      },
    },
    {
      name: 'aedes',
      run: async (bench) => {
        const aedes = await startAedes();
        const sample = await measure(bench, aedes, aedes.port);
        await aedes.end();
        return sample;
      },
    },
    {
      name: 'mosquitto',
      run: async (bench) => {
        const mosquitto = await startMosquitto('mosquitto', bench.folder);
        const sample = await measure(bench, mosquitto, mosquitto.port);
        await mosquitto.end();
        return sample;
      },
    },
  ],
  goals: (summary) => [
    atLeast(
      'durable ingest, against bare aedes',
      summary.ratio('headgate', 'aedes', 'rate')?.median ?? Number.NaN,
      0.8,
      '×',
      2,
    ),
  ],
};
