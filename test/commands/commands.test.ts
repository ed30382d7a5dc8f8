import assert from 'node:assert/strict';
import { test } from 'node:test';
import { copiedEntry } from '../../src/commands/copied.ts';
import { CommandSite, commandOf } from './site.ts';

async function site(...args: ConstructorParameters<typeof CommandSite>): Promise<CommandSite> {
  const made = new CommandSite(...args);
  await made.start();
  made.connect();
  return made;
}

test('a command is durable before it is told of, noted before it is handed over, and told of until it is confirmed', async () => {
  const at = await site();
  at.disk.hold();
  at.commands.take(commandOf('a'));
  await at.settle();
  assert.deepEqual([at.reports, at.given], [[], []], 'nothing happens before the disk has it');
  at.disk.release();
  await at.settle();
  assert.deepEqual(at.told('a'), ['1 queued', '2 sent']);
  assert.deepEqual(at.given, ['a']);
  await at.commands.answered('pump', 'a', Buffer.from('{"status":"ok","result":7}'));
  assert.deepEqual(at.told('a'), ['1 queued', '2 sent', '3 acknowledged']);
  assert.equal(Buffer.from(at.lastReport!.result!).toString(), '7');
  at.commands.disconnected();
  at.reports.length = 0;
  at.connect();
  assert.deepEqual(at.told('a'), ['3 acknowledged'], 'what is not confirmed is told on the next connection');
  await at.pass(29_000);
  assert.equal(at.reports.length, 1);
  await at.pass(1_000);
  assert.equal(at.reports.length, 2, 'and again on the same one after a while');
  at.commands.confirmed('a', 3);
  at.connect();
  await at.pass(60_000);
  assert.equal(at.reports.length, 2, 'what is confirmed is not told again');
});

test('an answer is durable before it is acknowledged, and refused when the disk refuses it', async () => {
  const at = await site();
  at.commands.take(commandOf('a'));
  await at.settle();
  at.disk.refusal = 'full';
  await assert.rejects(at.commands.answered('pump', 'a', Buffer.from('ok')), /full/);
  assert.deepEqual(at.told('a'), ['1 queued', '2 sent'], 'nothing is told that is not durable');
  at.disk.refusal = undefined;
  await at.commands.answered('pump', 'a', Buffer.from('ok'));
  await at.pass();
  assert.deepEqual(at.told('a'), ['1 queued', '2 sent', '3 acknowledged']);
});

test('a disk that refuses holds a command back, and it goes when the disk takes it', async () => {
  const at = await site();
  at.disk.refusal = 'full';
  at.commands.take(commandOf('a'));
  await at.settle();
  assert.deepEqual([at.reports, at.given], [[], []]);
  at.disk.refusal = undefined;
  await at.pass(1_000);
  assert.deepEqual([at.told('a'), at.given], [['1 queued', '2 sent'], ['a']]);
});

test('an id that comes again does nothing again, also when it was settled before a crash', async () => {
  const at = await site();
  at.commands.take(commandOf('a'));
  await at.settle();
  await at.commands.answered('pump', 'a', Buffer.from('ok'));
  at.commands.confirmed('a', 3);
  await at.pass();
  await at.crash();
  at.connect();
  at.reports.length = 0;
  at.commands.take(commandOf('a'));
  await at.settle();
  assert.deepEqual(at.given, ['a']);
  assert.deepEqual(at.told('a'), ['3 acknowledged'], 'but what became of it is told');
});

test('a command whose process died after it was noted as sent is unknown, not sent again; a late answer clears it up', async () => {
  const at = await site();
  at.commands.take(commandOf('a'));
  await at.settle();
  await at.crash();
  at.connect();
  await at.pass(29_000);
  assert.deepEqual(at.told('a'), ['1 queued', '2 sent']);
  await at.pass(1_000);
  assert.deepEqual(at.told('a').at(-1), '3 unknown');
  assert.deepEqual(at.given, ['a']);
  await at.commands.answered('pump', 'a', Buffer.from('{"status":"failed","reason":"late"}'));
  assert.deepEqual(at.told('a').at(-1), '4 failed');
  assert.equal(at.lastReport!.reason, 'late');
});

test('without a listener a command waits, until one comes or its time is over', async () => {
  const at = await site();
  at.isThere = false;
  at.commands.take(commandOf('a'));
  at.commands.take(commandOf('b', { expiresInMs: 5_000 }));
  at.commands.take(commandOf('c', { expiresAt: at.wallMs! + 5_000 }));
  await at.pass(4_999);
  assert.deepEqual(at.commands.status().queued, 3);
  await at.pass(1);
  assert.deepEqual([at.told('b').at(-1), at.told('c').at(-1)], ['2 expired', '2 expired']);
  at.isThere = true;
  at.commands.devicesChanged();
  await at.settle();
  assert.deepEqual(at.given, ['a']);
});

test('a command whose time is over once it is noted on a slow disk is given to nobody, others for as long as they are good', async () => {
  const at = await site();
  at.disk.hold();
  at.commands.take(commandOf('a', { expiresInMs: 5_000 }));
  at.commands.take(commandOf('b', { expiresAt: at.wallMs! + 7_000 }));
  at.commands.take(commandOf('c'));
  await at.pass(5_000);
  at.disk.release();
  await at.settle();
  assert.deepEqual(at.given, ['b', 'c']);
  assert.deepEqual(at.within, [2_000, Number.POSITIVE_INFINITY]);
  await at.settle();
  assert.deepEqual(at.told('a').at(-1), '3 expired');
});

test('a clock that was never set neither expires a command nor keeps it for ever', async () => {
  const at = await site();
  at.wallMs = undefined;
  at.isThere = false;
  at.commands.take(commandOf('a', { expiresAt: 1, expiresInMs: 60_000 }));
  await at.pass(59_000);
  assert.deepEqual(at.told('a'), ['1 queued']);
  await at.pass(1_000);
  assert.deepEqual(at.told('a'), ['1 queued', '2 expired']);
  assert.equal(at.lastReport!.at, undefined);
});

test('the urgent go first, the others in the order in which they came, and one device has so many under way', async () => {
  const at = await site();
  at.isThere = false;
  for (let i = 0; i < 20; i++) at.commands.take(commandOf(`n${i}`));
  at.commands.take(commandOf('bulk', { priority: 'bulk' }));
  at.commands.take(commandOf('now', { priority: 'critical' }));
  at.isThere = true;
  await at.pass();
  assert.deepEqual(at.given, ['now', ...Array.from({ length: 15 }, (_, i) => `n${i}`)]);
  await at.commands.answered('pump', 'now', Buffer.from('ok'));
  await at.settle();
  assert.equal(at.given.at(-1), 'n15');
});

test('what does not fit, has no topic, or is not in its profile fails with the reason, and is remembered', async () => {
  const at = await site({ maxQueued: 2, maxQueuedBytes: 100 });
  at.isThere = false;
  at.commands.take(commandOf('big', { payload: Buffer.alloc(101) }));
  at.commands.take(commandOf('a'));
  at.commands.take(commandOf('b'));
  at.commands.take(commandOf('c'));
  at.commands.take(commandOf('x', { deviceId: 'a/#' }));
  at.commands.take(commandOf('no/id'));
  await at.settle();
  const reasonOf = (id: string): string | undefined => at.reports.find((one) => one.id === id)?.reason;
  assert.match(reasonOf('big')!, /more than 100 bytes \(commands.maxQueuedBytes\)/);
  assert.match(reasonOf('c')!, /^2 commands wait at the gateway already/);
  assert.match(reasonOf('no/id')!, /letters, digits/);
  await at.crash();
  at.isThere = true;
  at.connect();
  at.commands.take(commandOf('c'));
  at.commands.take(commandOf('x', { deviceId: 'a/#' }));
  at.commands.take(commandOf('y', { name: 'fly' }));
  await at.pass();
  assert.deepEqual(at.given.toSorted(), ['a', 'b'], 'one that failed stays failed');
  assert.equal(reasonOf('y'), 'a pump does not fly');
});

test('ids of settled commands are forgotten when their time is over, oldest first when there are too many', async () => {
  const at = await site({ rememberFor: 60_000, maxRemembered: 2, maxQueued: 1 });
  for (const id of ['a', 'b', 'c']) {
    at.commands.take(commandOf(id));
    await at.settle();
    await at.commands.answered('pump', id, Buffer.from('ok'));
    at.commands.confirmed(id, 3);
    at.operatingMs++;
  }
  await at.pass(60_000);
  await at.saved();
  assert.deepEqual(at.disk.keys('commands.entries'), [], 'all of them are over for long enough');
  for (const id of ['d', 'e', 'f', 'g']) {
    at.commands.take(commandOf(id));
    await at.settle();
    await at.commands.answered('pump', id, Buffer.from('ok'));
    if (id !== 'd') at.commands.confirmed(id, 3);
    at.operatingMs++;
  }
  await at.pass(60_000 - 10);
  await at.saved();
  assert.deepEqual(at.disk.keys('commands.entries').slice(0, 1), ['d'], 'what the collector does not know goes last');
  assert.equal(at.disk.keys('commands.entries').length, 2);
});

test('a command that for certain nobody was given goes back to wait, and one of which nobody knows does not', async () => {
  const at = await site();
  at.delivery = 'not-given';
  at.commands.take(commandOf('a'));
  at.isThere = false;
  await at.pass();
  assert.deepEqual(at.told('a'), ['1 queued', '2 sent', '3 queued']);
  at.isThere = true;
  at.delivery = 'broken';
  await at.pass();
  await at.pass(30_000);
  await at.pass(30_000);
  assert.deepEqual(at.told('a').slice(3), ['4 sent', '5 unknown']);
  assert.deepEqual(at.given, ['a']);
});

test('answers to commands that are not known, or are of another device, change nothing and are counted', async () => {
  const at = await site();
  at.commands.take(commandOf('a'));
  await at.settle();
  await at.commands.answered('pump', 'other', Buffer.from('ok'));
  await at.commands.answered('door', 'a', Buffer.from('ok'));
  assert.deepEqual(at.told('a'), ['1 queued', '2 sent']);
  assert.equal(at.commands.status().strayAnswers, 2);
});

test('in a copy of the data what was under way is unknown, and nobody is given it: the original may have done it', async () => {
  const at = await site();
  at.isThere = false;
  at.commands.take(commandOf('waits'));
  at.commands.take(commandOf('config', { deviceId: '', name: 'rules' }));
  await at.settle();
  await at.disk.apply([copiedEntry()]);
  at.isThere = true;
  await at.crash();
  at.connect();
  await at.pass();
  assert.deepEqual([at.told('waits').at(-1), at.told('config').at(-1), at.given], ['1001 unknown', '1002 unknown', []]);
  at.commands.take(commandOf('new'));
  await at.saved();
  await at.crash();
  await at.pass();
  assert.deepEqual(at.given, ['new'], 'it is a copy once');
});
