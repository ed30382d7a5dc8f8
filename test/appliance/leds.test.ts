import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';
import { block } from './places.ts';

const program = join(import.meta.dirname, '../../deploy/image/root/usr/lib/headgate/leds');

/** A machine with a light, whose service manager says what it is told to. */
function site(t: TestContext) {
  const root = tempDir(t);
  const light = join(root, 'leds/ACT');
  for (const directory of [light, join(root, 'state'), join(root, 'bin')]) mkdirSync(directory, { recursive: true });
  for (const name of ['trigger', 'delay_on', 'delay_off']) writeFileSync(join(light, name), '');
  const say = (state: string, text = '') =>
    writeFileSync(join(root, 'bin/systemctl'), `#!/bin/sh\n[ "$1" = show ] && echo '${text}' || echo '${state}'\n`, {
      mode: 0o755,
    });
  writeFileSync(join(root, 'cmdline'), 'quiet headgate.slot=B\n');
  writeFileSync(join(root, 'bin/modprobe'), '#!/bin/sh\n', { mode: 0o755 });
  const env = {
    PATH: `${join(root, 'bin')}:${process.env.PATH}`,
    HEADGATE_LEDS: join(root, 'leds'),
    HEADGATE_MACHINE_STATE: join(root, 'state'),
    HEADGATE_BOOT_STATE_COPY: join(root, 'boot.env'),
    HEADGATE_COMMAND_LINE: join(root, 'cmdline'),
  };
  return {
    say,
    put: (name: string, text: string) => writeFileSync(join(root, name), text),
    take: (name: string) => rmSync(join(root, name)),
    says: (): string => {
      const { stdout }: SpawnSyncReturns<string> = spawnSync(program, ['says'], { env, encoding: 'utf8' });
      return stdout.trim();
    },
    start: () => {
      const child = spawn(program, { env, stdio: 'ignore' });
      t.after(() => child.kill('SIGKILL'));
    },
    shows: () =>
      ['trigger', 'delay_on', 'delay_off'].map((name) => readFileSync(join(light, name), 'utf8').trim()).join(' '),
  };
}

test('what the light of the machine says', (t) => {
  const one = site(t);
  one.say('activating');
  assert.equal(one.says(), 'starting');
  one.say('active', 'All good. The collector has everything.');
  assert.equal(one.says(), 'well');
  one.put('boot.env', block('ORDER=B A', 'A_GOOD=1', 'B_GOOD=0'));
  assert.equal(one.says(), 'trial');
  one.put('boot.env', block('ORDER=B A', 'A_GOOD=0', 'B_GOOD=1'));
  one.put('state/problems', 'headgate.yaml:1:1: x\n');
  assert.equal(one.says(), 'wrong');
  one.put('state/problems', '');
  assert.equal(one.says(), 'well');
  one.put('state/data-trouble', 'the data partition can not be mounted\n');
  assert.equal(one.says(), 'wrong');
  one.take('state/data-trouble');
  for (const [state, text] of [
    ['failed', ''],
    ['active', 'Offline for 3 minutes.'],
    ['active', 'The gateway did not start: x'],
  ] as const) {
    one.say(state, text);
    assert.equal(one.says(), 'wrong', text);
  }
});

test('it is shown on the light', async (t) => {
  const one = site(t);
  one.say('active', 'All good.');
  one.start();
  await eventually('the light shows it', () => one.shows() === 'timer 60 2940');
});
