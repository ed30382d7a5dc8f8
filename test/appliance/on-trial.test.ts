import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { anAppliance, block, bootStateProgram } from './places.ts';

const program = join(dirname(bootStateProgram), 'on-trial');

test('whether the version is on trial is known before the gateway starts, and written down for who comes after it', (t) => {
  const places = anAppliance(t, 'B');
  const notes = join(dirname(places.bootState), 'machine');
  const environment = join(dirname(places.bootState), 'trial');
  mkdirSync(notes);
  const run = (...args: string[]) => {
    const env = {
      PATH: process.env.PATH,
      HEADGATE_BOOT_STATE_PROGRAM: places.bootStateProgram,
      HEADGATE_BOOT_STATE: places.bootState,
      HEADGATE_APPLIANCE: places.marker,
      HEADGATE_TRIAL_FILE: environment,
      HEADGATE_NOTES: notes,
    };
    return spawnSync(program, args, { env, encoding: 'utf8' }).status;
  };
  const isNoted = () => [
    existsSync(environment) && readFileSync(environment, 'utf8'),
    existsSync(join(notes, 'trial.json')) && JSON.parse(readFileSync(join(notes, 'trial.json'), 'utf8')).version,
  ];
  const rows: [is: string, lines: string[], code: number, noted: unknown[]][] = [
    ['proven', ['ORDER=B A', 'A_LEFT=8', 'B_LEFT=2', 'A_GOOD=1', 'B_GOOD=1'], 1, [false, false]],
    ['on trial', ['ORDER=B A', 'A_LEFT=8', 'B_LEFT=2', 'A_GOOD=1', 'B_GOOD=0'], 0, ['HEADGATE_ON_TRIAL=1\n', '0.1.0']],
    ['on trial, last try', ['ORDER=B A', 'A_LEFT=8', 'B_LEFT=0', 'B_GOOD=0'], 0, ['HEADGATE_ON_TRIAL=1\n', '0.1.0']],
    ['flashed, not written down', ['ORDER=B A', 'A_LEFT=8', 'B_LEFT=7'], 1, [false, false]],
  ];
  for (const [is, lines, code, noted] of rows) {
    writeFileSync(places.bootState, block(...lines));
    rmSync(join(notes, 'trial.json'), { force: true });
    assert.equal(run(), code, is);
    assert.equal(run('note'), 0, is);
    assert.deepEqual(isNoted(), noted, is);
  }
  // Nobody can tell: nothing is brought to a newer format, and the machine is not restarted for it.
  writeFileSync(places.commandLine, 'root=/dev/vda2\n');
  assert.deepEqual([run(), run('note')], [2, 0]);
  assert.deepEqual(isNoted(), ['HEADGATE_ON_TRIAL=1\n', false]);
  // Nor without the boot partition.
  writeFileSync(places.commandLine, 'root=/dev/vda2 headgate.slot=B\n');
  rmSync(places.bootState);
  assert.deepEqual([run(), run('note')], [2, 0]);
  assert.deepEqual(isNoted(), ['HEADGATE_ON_TRIAL=1\n', false]);
  // A data partition that takes nothing keeps nobody from starting.
  writeFileSync(places.bootState, block('ORDER=B A', 'A_LEFT=8', 'B_LEFT=2', 'B_GOOD=0'));
  rmSync(notes, { recursive: true });
  assert.deepEqual([run(), run('note')], [0, 0]);
});
