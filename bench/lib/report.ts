import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from './machine.ts';
import type { Goal, Metric, Sample, Scenario, Summary } from './scenario.ts';
import type { Spread } from './statistics.ts';

/** One scenario's results, as they are kept in JSON. The table is made from this alone. */
export interface Report {
  /** Raised when the shape changes; reports of another one are left out of the page. */
  readonly format: 1;
  readonly scenario: string;
  readonly title: string;
  readonly about: string;
  /** ISO 8601, UTC. */
  readonly date: string;
  readonly seconds: number;
  readonly rounds: number;
  readonly machine: Machine;
  readonly metrics: readonly Metric[];
  readonly ratio?: { readonly label: string; readonly to: string };
  readonly peers: readonly PeerReport[];
  readonly goals: readonly Goal[];
  /** Runs that broke, and why. */
  readonly broken: readonly string[];
}

interface PeerReport {
  readonly name: string;
  readonly values: Readonly<Record<string, Spread>>;
  readonly ratio?: Spread;
  readonly samples: readonly Sample[];
}

export function reportOf(
  scenario: Scenario,
  summary: Summary,
  run: Pick<Report, 'date' | 'seconds' | 'rounds' | 'machine' | 'broken'>,
): Report {
  const { name, title, about, metrics, ratio } = scenario;
  const label = metrics.find(({ key }) => key === ratio?.metric)?.label ?? '';
  const peers = [...summary.samples].map(([peer, samples]): PeerReport => {
    const values = metrics.flatMap(({ key }) => {
      const spread = summary.spread(peer, key);
      return spread === undefined ? [] : [[key, spread] as const];
    });
    const against = ratio === undefined ? undefined : summary.ratio(peer, ratio.to, ratio.metric);
    return { name: peer, values: Object.fromEntries(values), ...(against && { ratio: against }), samples };
  });
  return {
    format: 1,
    scenario: name,
    title,
    about,
    ...run,
    metrics,
    ...(ratio && { ratio: { label, to: ratio.to } }),
    peers,
    goals: scenario.goals(summary),
  };
}

/** A section of Markdown: the table, then the goals. */
export function sectionOf(report: Report): string {
  const { metrics, peers, ratio, goals, broken } = report;
  const { fsyncMs } = report.machine;
  const used = metrics.filter(({ key }) => peers.some(({ values }) => values[key] !== undefined));
  const heads = ['', ...used.map(({ label }) => label), ...(ratio ? [`${ratio.label}, × ${ratio.to}`] : [])];
  const rows = peers.map((peer) => [
    peer.name,
    ...used.map(({ key, digits }) => cell(peer.values[key], digits)),
    ...(ratio ? [peer.name === ratio.to ? '1' : cell(peer.ratio, 2)] : []),
  ]);
  const how = `${report.date.slice(0, 16).replace('T', ' ')} UTC, ${report.rounds} round${report.rounds === 1 ? '' : 's'}${report.seconds > 0 ? ` of ${report.seconds} s` : ''}`;
  return [
    `## ${report.title}`,
    '',
    report.about,
    '',
    table(heads, rows),
    '',
    ...(goals.length > 0
      ? [
          table(
            ['goal', 'wanted', 'got', ''],
            goals.map((goal) => [goal.what, goal.wanted, goal.got, outcomes[goal.outcome]]),
          ),
          '',
        ]
      : []),
    ...broken.map((reason) => `**A run broke:** ${reason.split('\n')[0]}\n`),
    `*\`npm run bench -- ${report.scenario}\`, ${how}; load average before: ${report.machine.loadBefore.toFixed(1)}; this disk's append + fsync of 4 KiB: ${fsyncMs.p50.toFixed(2)} ms, p99 ${fsyncMs.p99.toFixed(2)} ms.*`,
    '',
  ].join('\n');
}

const outcomes: Readonly<Record<Goal['outcome'], string>> = {
  met: 'met',
  missed: '**missed**',
  unknown: 'not measured',
};

/** `median (min–max)`, or only the median when all rounds agree to the last digit shown. */
function cell(spread: Spread | undefined, digits: number): string {
  if (spread === undefined) return '';
  const shown = (value: number) =>
    value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const [median, min, max] = [shown(spread.median), shown(spread.min), shown(spread.max)];
  return min === max ? median : `${median} (${min}–${max})`;
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heads.map((head, column) => Math.max(3, head.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((text, column) => (column === 0 ? text.padEnd(widths[0]!) : text.padStart(widths[column]!))).join(' | ')} |`;
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [line(heads), `| ${rule.join(' | ')} |`, ...rows.map(line)].join('\n');
}

/** Keeps the report as JSON, and makes the published page anew from the newest report of each scenario. */
export function publish(folder: string, report: Report, order: readonly string[]): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, `${report.date.slice(0, 10)}-${report.scenario}.json`),
    `${JSON.stringify(report, undefined, 1)}\n`,
  );
  const newest = new Map<string, Report>();
  for (const name of readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()) {
    const kept = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Report;
    if (kept.format !== 1) continue;
    const other = newest.get(kept.scenario);
    if (other === undefined || other.date <= kept.date) newest.set(kept.scenario, kept);
  }
  const reports = order.flatMap((name) => newest.get(name) ?? []);
  writeFileSync(join(folder, 'README.md'), pageOf(reports));
}

function pageOf(reports: readonly Report[]): string {
  const machines = new Set(reports.map(({ machine }) => machineLine(machine)));
  return [
    '# Results',
    '',
    "Made by `npm run bench`; do not edit. What the rows mean, and what they do not, is in [the bench's README](../README.md).",
    'Numbers are medians over the rounds, with the least and the most in brackets. Everything ran on one machine, the load and both ends included: only ratios within a table say anything.',
    '',
    ...[...machines].map((line) => `- ${line}`),
    '',
    ...reports.map(sectionOf),
  ].join('\n');
}

function machineLine(machine: Machine): string {
  return `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB; Linux ${machine.kernel}; ${machine.disk}; Node ${machine.node}; Mosquitto ${machine.mosquitto}`;
}
