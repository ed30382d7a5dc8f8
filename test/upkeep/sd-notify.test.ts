import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { spareGateway } from '../../deploy/spare-gateway.ts';
import { SdNotify } from '../../src/upkeep/sd-notify.ts';
import { HeadgateProcess } from '../support/headgate-process.ts';
import { NotifySocket } from '../support/notify-socket.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

const own = { 'mqtt.port': 0, 'http.port': 0, 'grpc.port': 0, 'collector.port': 0 };
const patient = { timeoutMs: 20_000 };

function environmentOf(socket: NotifySocket, watchdogMs?: number): Record<string, string> {
  return {
    NOTIFY_SOCKET: socket.path,
    ...(watchdogMs !== undefined && { WATCHDOG_USEC: String(watchdogMs * 1000) }),
  };
}

test('a gateway tells systemd that it is ready, how it is, and that it stops', async (t) => {
  const socket = await NotifySocket.open(t);
  const gateway = await HeadgateProcess.start(t, 'run', {
    set: { ...own, dataDir: tempDir(t) },
    args: ['--stay'],
    env: environmentOf(socket, 600),
  });
  await eventually('the watchdog to be fed three times', () => socket.count('WATCHDOG=1') >= 3, patient);
  assert.deepEqual(socket.heard[0], ['READY=1']);
  assert.match(socket.heard[1]?.[1] ?? '', /^STATUS=.*Nothing waits\./);
  await gateway.stop();
  await eventually('STOPPING=1', () => socket.count('STOPPING=1') === 1, patient);
});

test('one that cannot start is ready to tell why, and the watchdog leaves it alone', async (t) => {
  const socket = await NotifySocket.open(t);
  HeadgateProcess.spawn(t, 'run', {
    set: { ...own, dataDir: join('/proc', 'headgate') },
    args: ['--stay'],
    env: environmentOf(socket, 600),
  });
  await eventually('the watchdog to be fed twice', () => socket.count('WATCHDOG=1') >= 2, patient);
  assert.deepEqual(socket.heard[0], ['READY=1']);
  assert.match(socket.heard[1]?.[1] ?? '', /^STATUS=The gateway did not start: .*\/proc\/headgate/);
});

test('a collector tells it as well', async (t) => {
  const socket = await NotifySocket.open(t);
  const set = { 'collector.port': 0, 'collector.sink': `file:${join(tempDir(t), 'records.ndjson')}` };
  await HeadgateProcess.start(t, 'collector', { set, env: environmentOf(socket) });
  await eventually('READY=1', () => socket.heard.length >= 2, patient);
  assert.deepEqual(socket.heard[0], ['READY=1']);
  // Nobody watches.
  assert.match(socket.heard[1]?.join() ?? '', /^STATUS=Takes records at /);
});

test('whoever does not answer is not fed, and whoever fails has answered', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const socket = await NotifySocket.open(t);
  const { notify, troubles } = notifier({ ...process.env, ...environmentOf(socket, 60_000) });
  let asked = 0;
  notify.ready(() => {
    asked++;
    return new Promise(() => {});
  });
  for (let beat = 0; beat < 5; beat++) t.mock.timers.tick(20_000);
  assert.equal(asked, 1);
  // Started anew: the one that is stuck counts no more.
  notify.ready(() => Promise.reject(new Error('The disk\nis gone.')));
  await eventually('a status', () => socket.heard.length === 3);
  t.mock.timers.tick(20_000);
  await eventually('another one', () => socket.heard.length === 4);
  await notify.stopping();
  const state = ['WATCHDOG=1', 'STATUS=The disk is gone.'];
  const expected = [['READY=1'], ['READY=1'], state, state, ['STOPPING=1', 'STATUS=Stopping.']];
  assert.deepEqual(socket.heard, expected);
  assert.deepEqual(troubles, []);
});

test('a watchdog of another process is not ours to feed, and a long start asks for patience', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const socket = await NotifySocket.open(t);
  const environment = { ...process.env, ...environmentOf(socket, 60_000), WATCHDOG_PID: '1' };
  const { notify } = notifier(environment);
  notify.starting();
  t.mock.timers.tick(30_000);
  notify.ready(async () => 'Fine.');
  await eventually('all of it', () => socket.heard.length === 3);
  assert.deepEqual(socket.heard, [['EXTEND_TIMEOUT_USEC=120000000'], ['READY=1'], ['STATUS=Fine.']]);
  await notify.stopping();
});

test('without systemd-notify it is told once, and nothing else happens', async () => {
  const { notify, troubles } = notifier({ NOTIFY_SOCKET: '/nowhere', PATH: '/nowhere' });
  notify.ready(async () => 'Fine.');
  await notify.stopping();
  assert.equal(troubles.length, 1);
  assert.match(troubles[0] ?? '', /^systemd can't be told how the service is: .*ENOENT/);
});

test("a gateway's pulse waits for the disk", async (t) => {
  const gateway = spareGateway(tempDir(t), { commitDelayMs: 500 });
  t.after(() => gateway.stop(AbortSignal.timeout(5_000)));
  await gateway.start(AbortSignal.timeout(10_000));
  assert.match(await gateway.pulse(), /Nothing waits/);
  const order: string[] = [];
  const body = JSON.stringify({ topic: 'a', payload: { value: 1 } });
  const url = `http://${gateway.addresses.http}/api/v1/measurements`;
  const published = fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
  const isTaken = () => gateway.reporter.status().buffer.pendingBytes > 0;
  await eventually('a record that waits for the disk', isTaken, { everyMs: 1 });
  await new Promise((resolve) => setImmediate(resolve));
  const commits = () => gateway.reporter.status().buffer.commits;
  order.push(`${commits()} before`);
  await gateway.pulse();
  order.push(`${commits()} after`);
  assert.deepEqual(order, ['0 before', '1 after']);
  assert.ok((await published).ok);
});

function notifier(environment: NodeJS.ProcessEnv): { notify: SdNotify; troubles: string[] } {
  const troubles: string[] = [];
  return { notify: new SdNotify({ environment, onTrouble: (message) => troubles.push(message) }), troubles };
}
