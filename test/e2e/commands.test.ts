import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { timestampOf } from '../../src/wire/timestamp.ts';
import { recordsOf } from '../support/collector.ts';
import { CommandSite, given } from '../support/command-site.ts';
import { statusOf } from '../support/gateway.ts';
import { HeadgateProcess } from '../support/headgate-process.ts';
import { MosquittoSub, mosquittoPub } from '../support/mosquitto.ts';
import { rounds } from '../support/random.ts';
import { eventually, within } from '../support/wait.ts';

async function headgate(t: TestContext, ...args: string[]): Promise<void> {
  const [verb = '', ...rest] = args;
  const process = HeadgateProcess.spawn(t, verb, { args: rest, isQuiet: true });
  assert.equal((await within(30_000, verb, process.exited)).code, 0, process.said());
}

test('a command goes from the command line to a device and its answer back, and neither is a record', async (t) => {
  const site = await CommandSite.start(t);
  const device = await site.device();
  const cli = HeadgateProcess.spawn(t, 'collector', {
    args: [
      'command',
      'gw',
      'pump',
      '--name',
      'set',
      '--payload',
      '{"valve": 40}',
      '--wait',
      '--json',
      '--id',
      'c1',
    ].concat(['--sink', site.sink, '--url', `http://127.0.0.1:${site.collector.port('collector')}`]),
    isQuiet: true,
  });
  await eventually('the command', () => device.lines.length > 0, { timeoutMs: 10_000 });
  const [line = ''] = device.lines;
  const { expiresAt, ...told } = JSON.parse(line.slice(line.indexOf('{')));
  assert.deepEqual(told, { id: 'c1', name: 'set', payload: { valve: 40 } });
  assert.ok(Math.abs(Date.parse(expiresAt) - Date.now() - 300_000) < 60_000, expiresAt);
  await site.answer('c1', '{"status":"ok","result":{"valve":40}}');
  assert.equal((await within(10_000, 'the end of the verb', cli.exited)).code, 0, cli.said());
  const lines = cli.output.map((text) => JSON.parse(text));
  assert.deepEqual(lines[0], { gateway: 'gw', command: 'c1', wasKnown: false });
  // Who watches is told of what is when it comes, and of each change from then on.
  const states = lines.slice(1).map(({ state, revision }) => `${revision} ${state}`);
  const all = ['0 accepted', '1 queued', '2 sent', '3 acknowledged'];
  assert.deepEqual(states, all.slice(-states.length));
  assert.equal(lines.at(-1).result, '{"valve":40}');
  const { commands } = (await statusOf(site.gateway)) as unknown as { commands: { total: object; queued: number } };
  assert.deepEqual(commands.total, { queued: 1, sent: 1, acknowledged: 1, failed: 0, expired: 0, unknown: 0 });
  const metrics = await (await fetch(`http://127.0.0.1:${site.gateway.port('http')}/metrics`)).text();
  assert.match(metrics, /^headgate_commands_total\{state="acknowledged"\} 1$/m);
  assert.equal(await site.send('c1'), true, 'the same id is known');
  assert.deepEqual(given(device), ['c1']);
  await site.send('c2');
  await eventually('the next command', () => device.lines.length > 1);
  await site.answer('c2', '{"status":"failed","reason":"jammed"}');
  const { last } = await site.watch('c2');
  assert.equal(last.reason, 'jammed');
  assert.deepEqual(await recordsOf(t, site.sink), []);
});

test('a command waits for its device or expires, one that is not answered is unknown until a late answer', async (t) => {
  const site = await CommandSite.start(t, { 'commands.answerTimeout': '300ms' });
  await site.send('late', { expiresAt: timestampOf(Date.now() + 500) });
  await site.send('waits');
  await site.until('waits', 'queued');
  assert.deepEqual((await site.watch('late')).states.at(-1), 'expired');
  const device = await site.device();
  assert.deepEqual((await site.watch('waits')).states.at(-1), 'unknown');
  assert.deepEqual(given(device), ['waits']);
  await site.answer('waits', 'done after all');
  await site.until('waits', 'acknowledged');
});

test('a gateway that is restored from a backup does not give out what the original may have given out since', async (t) => {
  const site = await CommandSite.start(t);
  await site.send('a');
  await site.until('a', 'queued');
  await headgate(t, 'backup', join(site.dir, 'copy'), '--url', `http://127.0.0.1:${site.gateway.port('http')}`);
  const before = await site.device();
  await eventually('the command', () => given(before).length > 0);
  await site.gateway.kill();
  await before.kill();
  await headgate(t, 'restore', join(site.dir, 'copy'), '--data-dir', join(site.dir, 'restored'));
  await site.startGateway('restored');
  const after = await site.device();
  assert.equal((await site.watch('a')).states.at(-1), 'unknown');
  await site.send('b');
  await eventually('the next command', () => given(after).length > 0);
  assert.deepEqual(given(after), ['b']);
});

test('rules from the collector hold after it has confirmed them over a new connection, and survive a restart', async (t) => {
  const site = await CommandSite.start(t);
  await site.sendRules('r1', '- name: far\n  match: { topic: "a/#" }\n  priority: critical\n');
  const { states } = await site.watch('r1');
  assert.equal(states.at(-1), 'acknowledged');
  assert.deepEqual(await site.rulesInForce(), ['far']);
  await site.restartGateway();
  assert.deepEqual(await site.rulesInForce(), ['far']);
  await site.sendRules('r2', '- name: far\n  prioritty: critical\n');
  const { last } = await site.watch('r2');
  assert.match(
    last.reason,
    /^rules:2:3: There is no key `rules\[0\]\.prioritty`; did you mean `rules\[0\]\.priority`\?$/,
  );
  assert.deepEqual(await site.rulesInForce(), ['far']);
});

// Killed is the harder case of the two.
for (const isKilled of rounds(0, 1) === 0 ? [true] : [false, true]) {
  const how = isKilled ? ', also by a gateway that was killed meanwhile' : '';
  test(`rules with which the collector can not be reached any more are taken back${how}`, async (t) => {
    // Long enough to cut the link between the old connection and the new one.
    const slow = { 'uplink.retryMin': '1s', 'uplink.retryMax': '1s', 'commands.confirmWithin': '2s' };
    const site = await CommandSite.start(t, slow);
    const remote = join(site.dir, 'gateway', 'remote.yaml');
    await site.sendRules('r1', '- name: far\n');
    await eventually('the rules to be in force', async () => (await site.rulesInForce()).includes('far'));
    await site.link.set({ kind: 'refuse' });
    assert.ok(existsSync(remote));
    if (isKilled) {
      await site.restartGateway();
      assert.deepEqual(await site.rulesInForce(), ['far'], 'the trial goes on');
    }
    await eventually('the rules of before', async () => (await site.rulesInForce()).length === 0, {
      timeoutMs: 10_000,
    });
    assert.ok(!existsSync(remote));
    await site.link.set({ kind: 'none' });
    const { states, last } = await site.watch('r1');
    assert.equal(states.at(-1), 'failed');
    assert.equal(last.reason, 'the uplink was not live again within 2 s');
  });
}

test('a device with a profile is told in its own words, on its own topic', async (t) => {
  const site = await CommandSite.start(t, { 'commands.answerTimeout': '300ms' });
  const port = site.gateway.port('mqtt');
  const device = await MosquittoSub.start(t, port, ['-q', '1', '-t', 'cmnd/desk/+']);
  await mosquittoPub(port, ['-q', '1', '-t', 'tele/desk/STATE', '-m', '{"Time":"2026-01-01T00:00:00","POWER":"OFF"}']);
  await site.send('on', { deviceId: 'tasmota:desk', name: 'power', payload: Buffer.from('true') });
  await eventually('the command', () => device.lines.length > 0, { timeoutMs: 10_000 });
  assert.match(device.lines[0] ?? '', /^cmnd\/desk\/POWER 1 0 ON$/);
  // Such a device does not say to whom it answers: nobody knows whether it was done.
  await site.until('on', 'unknown');
  await site.send('wrong', { deviceId: 'tasmota:desk', name: 'dimmer', payload: Buffer.from('200') });
  const { last } = await site.watch('wrong');
  assert.equal(last.reason, 'its value is "200", but must be a number from 0 to 100');
});
