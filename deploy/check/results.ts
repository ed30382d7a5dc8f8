import { deepEqual } from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';

export const resultsDirectory = join(import.meta.dirname, '../../dist/image/results');

/** What a scenario has shown: numbers and words under names that a reader of the file understands. */
export type Findings = Readonly<Record<string, unknown>>;

/** The value that so great a part of them does not exceed. */
export function share(values: readonly number[], part: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

/** @throws an Error that shows them, when any are counted. @param dropped of a ledger: how many records, by reason */
export function assertNoneDropped(dropped: Readonly<Record<string, number>>): void {
  deepEqual(dropped, Object.fromEntries(Object.keys(dropped).map((reason) => [reason, 0])), 'nothing was dropped');
}

/** One line on what goes on. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Writes what was found to dist/image/results/NAME.json, and a line of it. */
export function record(name: string, findings: Findings): void {
  mkdirSync(resultsDirectory, { recursive: true });
  const all = {
    scenario: name,
    at: new Date().toISOString(),
    command: process.argv.slice(2).join(' '),
    machine: `${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown'}`,
    ...findings,
  };
  writeFileSync(join(resultsDirectory, `${name.replaceAll(' ', '-')}.json`), `${JSON.stringify(all, undefined, 2)}\n`);
  const words = Object.entries(findings).map(([key, value]) => `${key} ${JSON.stringify(value)}`);
  say(`  ${name}: ${words.join(', ')}`);
}
