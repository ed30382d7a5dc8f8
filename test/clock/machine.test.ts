import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { uptime } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { LinuxMachine } from '../../src/clock/machine.ts';
import { tempDir } from '../support/temp-dir.ts';

test('the system’s clock is synchronised when the file says so since boot, and lately', (t) => {
  const synchronisedFile = join(tempDir(t), 'synchronised');
  const machine = new LinuxMachine({ synchronisedFile, trustSystem: false });
  assert.equal(machine.isSynchronised(), false, 'there is none');
  writeFileSync(synchronisedFile, '');
  assert.equal(machine.isSynchronised(), true);
  const now = Date.now() / 1000;
  const rows: [agoSeconds: number, is: boolean][] = [
    [0, true],
    [Math.min(uptime() - 5, 3 * 3600 - 60), true],
    // By the clock that it speaks for it was touched before this boot, or in the future: the clock has been set since.
    [uptime() + 60, false],
    [3 * 3600 + 60, false],
    [-3600, false],
    [365 * 86_400, false],
  ];
  for (const [ago, is] of rows) {
    utimesSync(synchronisedFile, now - ago, now - ago);
    assert.equal(machine.isSynchronised(), is, `${ago} s ago`);
  }
  assert.equal(new LinuxMachine({ synchronisedFile, trustSystem: true }).isSynchronised(), true);
});

test('a directory that can’t be looked into tells nothing', (t) => {
  const path = join(tempDir(t), 'closed');
  mkdirSync(path);
  writeFileSync(join(path, 'file'), '');
  // A file where a directory is expected is refused alike, also to root.
  const machine = new LinuxMachine({ synchronisedFile: join(path, 'file', 'drift'), trustSystem: false });
  assert.equal(machine.isSynchronised(), false);
});

test('time since boot is the same for every process of a boot, and goes on with monotonic time', () => {
  const machine = new LinuxMachine({ trustSystem: false });
  assert.equal(machine.boot, readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
  const script = `
    import { LinuxMachine } from ${JSON.stringify(new URL('../../src/clock/machine.ts', import.meta.url).href)};
    const machine = new LinuxMachine({ trustSystem: false });
    process.stdout.write(JSON.stringify([machine.boot, machine.read().bootMs, machine.monotonic()]));
  `;
  const before = machine.read().bootMs;
  const started = machine.monotonic();
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  const [boot, bootMs, monotonic] = JSON.parse(out) as [string, number, number];
  const after = machine.read().bootMs;
  assert.equal(boot, machine.boot);
  // The uptime counts hundredths of a second.
  assert.ok(bootMs > before - 20 && bootMs < after + 20, `${before} < ${bootMs} < ${after}`);
  assert.ok(Math.abs(after - before - (machine.monotonic() - started)) < 20);
  assert.ok(monotonic < bootMs, 'which counts from the start of the process');
  assert.ok(Math.abs(machine.read().systemMs - Date.now()) < 1_000);
});
