import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { type BootState, nextSlot, parseBootState, slotInCommandLine } from '../../src/appliance/boot-state.ts';
import { markBad, markGood, readBootState, runningSlot } from '../../src/appliance/slots.ts';
import { anAppliance, block } from './places.ts';

const slot = (triesLeft: number, isProven: boolean, version?: string) => ({ triesLeft, isProven, version });

test('what the boot loader knows is read from its block, whatever that holds', () => {
  const rows: [lines: string[], expected: BootState, next: string][] = [
    [['ORDER=A B', 'A_LEFT=7', 'B_LEFT=0'], { order: ['A', 'B'], slots: { A: slot(7, true), B: slot(0, false) } }, 'A'],
    [
      ['ORDER=B A', 'A_LEFT=8', 'B_LEFT=2', 'A_GOOD=1', 'B_GOOD=0', 'A_VERSION=0.1.0'],
      { order: ['B', 'A'], slots: { A: slot(8, true, '0.1.0'), B: slot(2, false) } },
      'B',
    ],
    [['ORDER=B A', 'A_LEFT=8', 'B_LEFT=0'], { order: ['B', 'A'], slots: { A: slot(8, true), B: slot(0, false) } }, 'A'],
    [
      ['ORDER=B A', 'A_LEFT=0', 'B_LEFT=0'],
      { order: ['B', 'A'], slots: { A: slot(0, false), B: slot(0, false) } },
      'B',
    ],
    [['A_LEFT=1', 'A_GOOD=1', 'B_LEFT=-3'], { order: ['A', 'B'], slots: { A: slot(1, true), B: slot(0, false) } }, 'A'],
    [[], { order: ['A', 'B'], slots: { A: slot(0, false), B: slot(0, false) } }, 'A'],
    [
      ['ORDER=C', 'A_LEFT=many', '#B_LEFT=8'],
      { order: ['A', 'B'], slots: { A: slot(0, false), B: slot(0, false) } },
      'A',
    ],
  ];
  for (const [lines, expected, next] of rows) {
    const found = parseBootState(block(...lines));
    assert.deepEqual(found, expected, lines.join(' '));
    assert.equal(nextSlot(found), next, lines.join(' '));
  }
});

test('the kernel was told which slot runs', () => {
  assert.equal(slotInCommandLine('ro quiet headgate.slot=B\n'), 'B');
  assert.equal(slotInCommandLine('headgate.slot=A ro'), 'A');
  assert.equal(slotInCommandLine('headgate.slot=C ro'), undefined);
  assert.equal(slotInCommandLine('xheadgate.slot=A headgate.slots=B'), undefined);
});

const installed = ['ORDER=B A', 'A_LEFT=8', 'A_GOOD=1', 'A_VERSION=0.0.9', 'B_LEFT=2', 'B_GOOD=0'];

test('a slot on trial that is marked good is proven, and its version is known from then on', async (t) => {
  const places = anAppliance(t, 'B');
  writeFileSync(places.bootState, block(...installed));
  assert.deepEqual(await runningSlot(places), { name: 'B', version: '0.1.0', isOnTrial: true, triesLeft: 2 });
  await markGood(places);
  assert.deepEqual(await runningSlot(places), { name: 'B', version: '0.1.0', isOnTrial: false, triesLeft: 8 });
  const after = await readBootState(places);
  assert.deepEqual(after, { order: ['B', 'A'], slots: { A: slot(8, true, '0.0.9'), B: slot(8, true, '0.1.0') } });
  rmSync(places.bootState);
  assert.deepEqual(await readBootState(places), after, 'who may not read the partition reads the copy');
});

test('a slot that is marked bad is not started again as long as the other one can be', async (t) => {
  const places = anAppliance(t, 'B');
  writeFileSync(places.bootState, block(...installed));
  await markBad(places);
  const after = await readBootState(places);
  assert.deepEqual(after, { order: ['A', 'B'], slots: { A: slot(8, true, '0.0.9'), B: slot(0, false) } });
});

test('a proven slot that lost tries to power cuts is not on trial', async (t) => {
  const places = anAppliance(t);
  writeFileSync(places.bootState, block('ORDER=A B', 'A_LEFT=1', 'A_GOOD=1', 'B_LEFT=0'));
  assert.deepEqual(await runningSlot(places), { name: 'A', version: '0.1.0', isOnTrial: false, triesLeft: 1 });
});

test('a machine that is no appliance, and one that does not say what it is, say so', async (t) => {
  const places = anAppliance(t);
  writeFileSync(places.commandLine, 'ro quiet\n');
  await assert.rejects(markGood(places), { code: 'appliance.failed', message: /headgate\.slot=/ });
  writeFileSync(places.marker, '{"version": 3}');
  await assert.rejects(runningSlot(places), { code: 'appliance.failed', message: /does not say which version/ });
  rmSync(places.marker);
  await assert.rejects(runningSlot(places), { code: 'appliance.none' });
});

test("boot-state is what RAUC expects of a boot loader's backend, and writes in place", (t) => {
  const places = anAppliance(t);
  writeFileSync(places.bootState, block('ORDER=A B', 'A_LEFT=7', 'B_LEFT=0', 'splash=off'));
  const { ino } = statSync(places.bootState);
  const run = (line: string) => {
    const done = spawnSync(places.bootStateProgram, line.split(' '), { encoding: 'utf8' });
    return done.status === 0 ? done.stdout.trim() : `${done.status} ${done.stderr.trim()}`;
  };
  const rows: [call: string, answer: string | RegExp][] = [
    ['get-current', 'A'],
    ['get-primary', 'A'],
    ['get-state A', 'good'],
    ['get-state B', 'bad'],
    // As RAUC installs: the target is bad while it is written over.
    ['set-state B bad', ''],
    ['get-primary', 'A'],
    ['set-primary B', ''],
    ['get-primary', 'B'],
    ['tries B', '3'],
    ['tries A', '7'],
    ['get-state B', 'good'],
    ['set-state A good', ''],
    ['get-primary', 'B'],
    ['set-state B bad', ''],
    ['get-primary', 'A'],
    ['get-state C', /^1 .*slots A and B, not "C"/],
    ['set-state A fine', /^1 .*good or bad, not "fine"/],
    ['', /^1 .*get-primary/],
  ];
  for (const [call, answer] of rows) {
    if (typeof answer === 'string') assert.equal(run(call), answer, call);
    else assert.match(run(call), answer, call);
  }
  const text = readFileSync(places.bootState, 'latin1');
  assert.equal(text.length, 1024);
  assert.equal(statSync(places.bootState).ino, ino);
  assert.match(
    text,
    /^# GRUB Environment Block\nORDER=A B\nA_LEFT=8\nB_LEFT=0\nA_GOOD=1\nB_GOOD=0\nA_VERSION=0\.1\.0\nsplash=off\n#+$/,
  );
  assert.ok(text.indexOf('\n##') < 512, 'what counts is in the first sector');
});
