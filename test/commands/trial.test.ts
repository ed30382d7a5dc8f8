import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Command } from '../../src/core/command.ts';
import { CommandSite, commandOf } from './site.ts';

const rules = (id: string, text: string): Command =>
  commandOf(id, { deviceId: '', name: 'rules', payload: Buffer.from(text) });

async function site(): Promise<CommandSite> {
  const at = new CommandSite();
  at.overlay = 'before';
  await at.start();
  at.connect();
  return at;
}

test('rules from the collector hold once a new connection has proved that the collector can be reached', async () => {
  const at = await site();
  at.commands.take(rules('a', 'after'));
  await at.settle();
  assert.deepEqual([at.overlay, at.redials, at.commands.status().remoteConfig], ['after', 1, 'trial']);
  at.commands.confirmed('a', 2);
  assert.deepEqual(at.commands.status().remoteConfig, 'trial', 'the connection of before proves nothing');
  at.commands.disconnected();
  at.reports.length = 0;
  at.connect();
  assert.deepEqual(at.told('a'), ['2 sent'], 'told again, although it was confirmed on the connection of before');
  at.commands.confirmed('a', 2);
  await at.settle();
  assert.deepEqual(at.told('a'), ['2 sent', '3 acknowledged']);
  await at.pass(3_600_000);
  assert.deepEqual([at.overlay, at.commands.status().remoteConfig], ['after', 'holds']);
});

test('rules with which the collector is not reached in time are taken back, and reported when it is', async () => {
  const at = await site();
  at.commands.take(rules('a', 'after'));
  await at.settle();
  at.commands.disconnected();
  await at.pass(119_000);
  assert.equal(at.overlay, 'after');
  await at.pass(1_000);
  assert.equal(at.overlay, 'before');
  at.connect();
  assert.deepEqual(at.lastReport, {
    id: 'a',
    deviceId: '',
    revision: 3,
    state: 'failed',
    reason: 'the uplink was not live again within 120 s',
    at: at.wallMs,
  });
});

test('a trial outlives its process: what was before comes back when its time is over, all runs together', async () => {
  const at = await site();
  at.commands.take(rules('a', 'after'));
  await at.settle();
  await at.pass(60_000);
  await at.crash();
  assert.deepEqual([at.overlay, at.commands.status().remoteConfig], ['after', 'trial']);
  await at.pass(59_000);
  assert.equal(at.overlay, 'after');
  await at.crash();
  await at.pass(1_000);
  assert.equal(at.overlay, 'before');
  await at.crash();
  assert.deepEqual([at.overlay, at.commands.status().remoteConfig], ['before', 'holds']);
  at.connect();
  assert.equal(at.lastReport?.state, 'failed');
});

test('a trial whose process died before the change was in force goes on, and is confirmed in the next run', async () => {
  const at = await site();
  at.commands.take(rules('a', 'after'));
  await at.settle();
  // As if it had died between the note and the file.
  at.overlay = 'before';
  await at.crash();
  assert.equal(at.overlay, 'after');
  at.connect();
  at.commands.confirmed('a', 2);
  await at.settle();
  assert.equal(at.lastReport?.state, 'acknowledged');
});

test('what is wrong changes nothing and is told; one trial at a time', async () => {
  const at = await site();
  at.commands.take(rules('bad', 'wrong at rules:1:1'));
  at.commands.take(rules('a', 'one'));
  at.commands.take(rules('b', 'two'));
  await at.settle();
  assert.deepEqual(at.told('bad').at(-1), '2 failed');
  assert.deepEqual(at.told('b'), ['1 queued']);
  assert.equal(at.overlay, 'one');
  at.connect();
  at.commands.confirmed('a', 2);
  await at.settle();
  assert.deepEqual(at.told('a').at(-1), '3 acknowledged');
  assert.equal(at.overlay, 'two');
  await at.pass(120_000);
  assert.equal(at.overlay, 'one', 'what was before is what held then');
});

test('a change that the disk refuses is taken back at once', async () => {
  const at = await site();
  at.commands.take(rules('a', 'unwritable'));
  await at.settle();
  assert.equal(at.overlay, 'before');
  assert.deepEqual([at.lastReport?.state, at.lastReport?.reason], ['failed', 'the disk is full']);
});
