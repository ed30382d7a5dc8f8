import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { parseBootState } from '../../src/appliance/boot-state.ts';
import type { GateLimits } from '../../src/appliance/gate.ts';
import { GateNotes } from '../../src/appliance/gate-notes.ts';
import { type GateMachine, gate } from '../../src/cli/appliance-gate.ts';
import { anAppliance, block } from './places.ts';

/** What takes minutes in life. */
export const hastyLimits: GateLimits = {
  total: 15_000,
  steady: 300,
  failedStart: 300,
  refused: 200,
  offline: 400,
  still: 2_000,
  runs: 3,
};

/** A machine of files, and what a gate did with it. */
export interface TriedMachine {
  readonly machine: GateMachine;
  readonly said: string[];
  /** What the gate asked for. */
  readonly restarts: () => number;
  readonly slots: () => string;
  readonly note: (name: string) => Record<string, string> | undefined;
  readonly run: (port: number, ...args: string[]) => Promise<number>;
}

/** One that runs slot B: on trial after it was installed from A, or proven. */
export function aMachine(t: TestContext, is: 'trial' | 'proven', limits: Partial<GateLimits> = {}): TriedMachine {
  const places = anAppliance(t, 'B');
  const state = is === 'trial' ? ['B_LEFT=2', 'B_GOOD=0'] : ['B_LEFT=5', 'B_GOOD=1'];
  writeFileSync(places.bootState, block('ORDER=B A', 'A_LEFT=8', 'A_GOOD=1', ...state));
  const directory = join(dirname(places.bootState), 'machine');
  mkdirSync(directory);
  const trialFile = join(directory, 'headgate-trial');
  if (is === 'trial') {
    writeFileSync(trialFile, 'HEADGATE_ON_TRIAL=1\n');
    writeFileSync(join(directory, 'trial.json'), JSON.stringify({ version: '0.1.0' }));
  }
  let restarts = 0;
  const machine: GateMachine = {
    ...{ places, trialFile, notes: new GateNotes(directory), limits: { ...hastyLimits, ...limits }, everyMs: 25 },
    restart: async () => void restarts++,
  };
  const said: string[] = [];
  const say = (line: string) => void said.push(line);
  return {
    ...{ machine, said, restarts: () => restarts },
    slots: () => {
      const { order, slots } = parseBootState(readFileSync(places.bootState, 'latin1'));
      return `${order.join('')} A${slots.A.triesLeft} B${slots.B.triesLeft}${slots.B.isProven ? '' : ' on trial'}`;
    },
    note: (name) => {
      const path = join(directory, name);
      return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
    },
    run: async (port, ...args) =>
      await gate([...args, '--url', `http://127.0.0.1:${port}`], { out: say, err: say, environment: {} }, machine),
  };
}
