import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Gateway } from '../lib/headgate.ts';
import { fullLoad, Load } from '../lib/load.ts';
import { childrenOf, residentMb } from '../lib/process-usage.ts';
import { atLeast, atMost, type Bench, type Sample, type Scenario } from '../lib/scenario.ts';
import { delay } from '../lib/wait.ts';
import { headgate, relay } from './relay.ts';

/** How Node is run. */
interface Way {
  readonly flags: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

const unit = join(import.meta.dirname, '../../deploy/package/headgate/root/usr/lib/systemd/system/headgate.service');
/** What V8 chooses by itself on a machine with 512 MB: little room for young objects, and an end to the heap. */
const smallMachine = ['--max-semi-space-size=1', '--max-old-space-size=256'];
/** So many at this rate, and what each message needs has been compiled; then until that has settled. */
const [idleMessages, idleRate, settleMs] = [4_000, 200, 5_000];

/** What the unit of the package gives Node. @throws an Error when that is nothing */
function asPackaged(): Way {
  const text = readFileSync(unit, 'utf8');
  const [, ...words] = /^ExecStart=(.*)$/m.exec(text)?.[1]?.split(' ') ?? [];
  const flags = words.slice(
    0,
    Math.max(
      0,
      words.findIndex((word) => !word.startsWith('--')),
    ),
  );
  const pairs = [...text.matchAll(/\b(MALLOC_\w+)=(\S+)/g)].map(([, name, value]) => [name!, value!] as const);
  if (flags.length === 0 || pairs.length === 0) throw new Error(`${unit} gives Node no options, or malloc none`);
  return { flags, environment: Object.fromEntries(pairs) };
}

async function idleMb(bench: Bench, way: Way): Promise<number> {
  const gateway = await Gateway.start({ settings: { dataDir: join(bench.folder, 'idle') }, ...way });
  const load = await Load.connect({
    ...fullLoad,
    pace: { kind: 'rate', perSecond: idleRate },
    port: gateway.mqttPort,
  });
  await load.run(idleMessages, 60_000);
  await load.end();
  await Promise.race([delay(settleMs), gateway.child.failed]);
  const both = [gateway.pid, ...childrenOf(gateway.pid)].reduce((sum, pid) => sum + residentMb(pid).now, 0);
  await gateway.end();
  return both;
}

async function measure(bench: Bench, way: Way): Promise<Sample> {
  const idle = await idleMb(bench, way);
  const sample = await headgate(bench, 'sqlite', way);
  return {
    ...sample,
    idleMb: idle,
    bothCpu: sample.relayCpu! + sample.farCpu!,
    bothPeakMb: sample.peakMb! + sample.farPeakMb!,
  };
}

const plainly: Way = { flags: [], environment: {} };
const small = ({ flags, environment }: Way): Way => ({ flags: [...flags, ...smallMachine], environment });
const places = ['a large machine', '512 MB'].map((place) => ({
  plain: `plain, ${place}`,
  packed: `packaged, ${place}`,
}));

export const packaged: Scenario = {
  name: 'packaged',
  title: 'What the package gives Node: memory saved, processor time spent',
  about: `The relay with a sqlite sink, and a gateway with the collector beside it that has had ${idleMessages} messages and has nothing to do: as \`npm start\` runs them, and with what \`headgate.service\` gives Node and malloc. "512 MB" is with what V8 chooses by itself on such a machine (\`${smallMachine.join(' ')}\`); "both" are gateway and collector.`,
  seconds: 8,
  rounds: 5,
  metrics: [
    { key: 'idleMb', label: 'both idle RSS MB', digits: 0 },
    { key: 'bothPeakMb', label: 'both peak RSS MB', digits: 0 },
    { key: 'bothCpu', label: 'both CPU µs/msg', digits: 2 },
    ...relay.metrics,
  ],
  peers: [
    { name: places[0]!.plain, run: (bench) => measure(bench, plainly) },
    { name: places[0]!.packed, run: (bench) => measure(bench, asPackaged()) },
    { name: places[1]!.plain, run: (bench) => measure(bench, small(plainly)) },
    { name: places[1]!.packed, run: (bench) => measure(bench, small(asPackaged())) },
  ],
  goals: (summary) =>
    places.flatMap(({ plain, packed }) => [
      atLeast(
        `${packed}: idle MB saved`,
        summary.median(plain, 'idleMb') - summary.median(packed, 'idleMb'),
        8,
        'MB',
        0,
      ),
      atMost(
        `${packed}: CPU a message, against plain`,
        summary.ratio(packed, plain, 'bothCpu')?.median ?? Number.NaN,
        1.25,
        '×',
        2,
      ),
    ]),
};
