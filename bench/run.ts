// npm run bench: measures Headgate beside its peers.
//   npm run bench -- relay ingest --seconds 5 --rounds 2     only these, shorter
//   npm run bench -- ingest --profile                        where the gateway's CPU time goes
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { Backlogs } from './lib/backlogs.ts';
import { endAll, removeAtEnd } from './lib/children.ts';
import { describeMachine, type Machine } from './lib/machine.ts';
import { profileTable } from './lib/profile.ts';
import { publish, reportOf, sectionOf } from './lib/report.ts';
import { type Sample, type Scenario, Summary } from './lib/scenario.ts';
import { selfCheck } from './lib/self-check.ts';
import { api } from './scenarios/api.ts';
import { codecs } from './scenarios/codecs.ts';
import { commands } from './scenarios/commands.ts';
import { compression } from './scenarios/compression.ts';
import { dashboard } from './scenarios/dashboard.ts';
import { depth } from './scenarios/depth.ts';
import { drain } from './scenarios/drain.ts';
import { durability } from './scenarios/durability.ts';
import { eventloop } from './scenarios/eventloop.ts';
import { fleet } from './scenarios/fleet.ts';
import { floor } from './scenarios/floor.ts';
import { history } from './scenarios/history.ts';
import { ingest } from './scenarios/ingest.ts';
import { latency } from './scenarios/latency.ts';
import { link } from './scenarios/link.ts';
import { live } from './scenarios/live.ts';
import { liveshare } from './scenarios/liveshare.ts';
import { modbus } from './scenarios/modbus.ts';
import { packaged } from './scenarios/packaged.ts';
import { profiles } from './scenarios/profiles.ts';
import { relay } from './scenarios/relay.ts';
import { serial } from './scenarios/serial.ts';
import { startup } from './scenarios/startup.ts';
import { tls } from './scenarios/tls.ts';

const scenarios: readonly Scenario[] = [
  relay,
  profiles,
  tls,
  ingest,
  durability,
  latency,
  startup,
  packaged,
  eventloop,
  drain,
  live,
  api,
  dashboard,
  liveshare,
  compression,
  codecs,
  history,
  link,
  fleet,
  commands,
  serial,
  modbus,
  depth,
  floor,
];
const names = scenarios.map(({ name }) => name);
const root = join(import.meta.dirname, '..');

const usage = `npm run bench -- [SCENARIO…] [options]

Scenarios: ${names.join(', ')}. Without one, all of them, which takes twenty minutes.

  --seconds N   how long each run keeps its load up
  --rounds N    how often each peer runs
  --only TEXT   only peers whose name has TEXT in it
  --records N   records that \`drain\` drains (5,000,000)
  --work DIR    folder for data directories, on the disk to be measured (.cache/bench)
  --out DIR     folder for results (bench/results)
  --profile     run Headgate once under the CPU profiler; prints where its time goes, keeps no results
  --strict      exit with 1 when a goal is missed, not only when a run broke
`;

const { values, positionals } = parsed({
  seconds: { type: 'string' },
  rounds: { type: 'string' },
  only: { type: 'string', default: '' },
  records: { type: 'string' },
  work: { type: 'string', default: join(root, '.cache', 'bench') },
  out: { type: 'string', default: join(root, 'bench', 'results') },
  profile: { type: 'boolean', default: false },
  strict: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const);
const given = { seconds: positive('seconds'), rounds: positive('rounds'), records: positive('records') };

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function refuse(line: string): never {
  process.stderr.write(`${line}\n\n${usage}`);
  process.exit(2);
}

function positive(name: 'seconds' | 'rounds' | 'records'): number | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  const value = Number(text);
  return value > 0 && Number.isFinite(value) ? value : refuse(`--${name} takes a number above 0, not ${text}.`);
}

function parsed<O extends NonNullable<ParseArgsConfig['options']>>(options: O) {
  try {
    return parseArgs({ allowPositionals: true, options });
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

/** Runs the peers in turn, round by round. What breaks is noted, and the others go on. */
async function runScenario(scenario: Scenario, backlogs: Backlogs, work: string) {
  const seconds = given.seconds ?? scenario.seconds;
  const rounds = values.profile ? 1 : Math.ceil(given.rounds ?? scenario.rounds);
  const peers = scenario.peers.filter(
    ({ name }) => name.includes(values.only) && (!values.profile || name.startsWith('headgate')),
  );
  const samples = new Map<string, Sample[]>(peers.map(({ name }) => [name, []]));
  const broken: string[] = [];
  say(`\n${scenario.title}`);
  for (let round = 1; round <= rounds; round++) {
    for (const peer of peers) {
      const folder = mkdtempSync(join(work, 'run-'));
      const profileFolder = values.profile ? mkdtempSync(join(work, 'profile-')) : undefined;
      try {
        const sample = await peer.run({
          seconds,
          records: given.records ?? 5_000_000,
          folder,
          profileFolder,
          backlogs,
          say,
        });
        samples.get(peer.name)?.push(sample);
        say(`  ${round}/${rounds} ${peer.name.padEnd(28)} ${inShort(scenario, sample)}`);
        if (profileFolder !== undefined) say(profileTable(profileFolder));
      } catch (error) {
        const reason = `${peer.name}, round ${round}: ${error instanceof Error ? error.message : String(error)}`;
        broken.push(reason);
        // Holds its place, so that rounds can still be compared.
        samples.get(peer.name)?.push({});
        say(`  ${round}/${rounds} BROKE ${reason}`);
      } finally {
        await endAll();
        rmSync(folder, { recursive: true, force: true });
      }
    }
  }
  return { seconds, rounds, summary: new Summary(samples), broken };
}

function inShort({ metrics }: Scenario, sample: Sample): string {
  return metrics
    .filter(({ key }) => sample[key] !== undefined)
    .slice(0, 4)
    .map(({ key, label, digits }) => `${sample[key]!.toLocaleString('en', { maximumFractionDigits: digits })} ${label}`)
    .join(', ');
}

function warnIfBusy({ loadBefore, cores }: Machine): void {
  if (loadBefore > cores / 4) {
    say(
      `The load average is ${loadBefore.toFixed(1)} before the bench begins: something else is at work, and numbers will say so.`,
    );
  }
}

if (values.help) {
  say(usage);
  process.exit(0);
}
const unknown = positionals.filter((name) => !names.includes(name));
if (unknown.length > 0) refuse(`There is no scenario ${unknown.join(', ')}.`);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));

mkdirSync(values.work, { recursive: true });
const work = mkdtempSync(join(values.work, 'work-'));
removeAtEnd(work);
await selfCheck();
const machine = describeMachine(work);
warnIfBusy(machine);
const backlogs = new Backlogs(work, say);
let isBroken = false;
let isMissed = false;
for (const scenario of scenarios.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
  const { seconds, rounds, summary, broken } = await runScenario(scenario, backlogs, work);
  isBroken ||= broken.length > 0;
  if (values.profile) continue;
  const date = new Date().toISOString();
  const report = reportOf(scenario, summary, { date, seconds, rounds, machine, broken });
  isMissed ||= report.goals.some(({ outcome }) => outcome === 'missed');
  say(`\n${sectionOf(report)}`);
  publish(values.out, report, names);
}
process.exit(isBroken || (values.strict && isMissed) ? 1 : 0);
