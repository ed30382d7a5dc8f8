import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { EmbeddedCollector } from '../../src/collector/embedded.ts';
import { HeadgateError } from '../../src/core/errors.ts';
import { type Log, silentLog } from '../../src/lib/log.ts';
import { NatsServer } from '../support/nats-server.ts';
import { collectorDefaults } from '../support/options.ts';
import { freePort } from '../support/tcp-port.ts';
import { TestGateway } from './client.ts';
import { range, sinkIn, storedNames, temporaryDirectory } from './fixtures.ts';

const never = new AbortController().signal;
const options = { ...collectorDefaults, port: 0 };

test('in a process of its own it does what a collector does, and stops when told', async (t) => {
  const sink = sinkIn(temporaryDirectory(t), 'sqlite');
  const collector = new EmbeddedCollector({ ...options, sink }, silentLog);
  t.after(() => collector.stop(never));
  await collector.start(never);
  const { pid } = collector;
  const gateway = new TestGateway(collector.address);
  t.after(() => gateway.close());
  await gateway.greet();
  gateway.upload([range(1, 100)]);
  await gateway.acknowledged(1, 100);
  gateway.close();
  await collector.stop(never);
  assert.equal(isAlive(pid!), false);
  assert.equal(storedNames(sink).length, 100);
});

test('killed, it comes back on the same port, and knows what it has', async (t) => {
  const lines: string[] = [];
  const restarted = Promise.withResolvers<void>();
  const log: Log = {
    ...silentLog,
    error: (_, message) => void lines.push(message),
    info: (_, message) => {
      lines.push(message);
      restarted.resolve();
    },
  };
  const collector = new EmbeddedCollector({ ...options, sink: sinkIn(temporaryDirectory(t), 'file') }, log);
  t.after(() => collector.stop(never));
  await collector.start(never);
  const { address, pid } = collector;
  const before = new TestGateway(address);
  t.after(() => before.close());
  await before.greet();
  before.upload([range(1, 100)]);
  await before.acknowledged(1, 100);
  process.kill(pid!, 'SIGKILL');
  await restarted.promise;
  assert.equal(collector.address, address);
  assert.notEqual(collector.pid, pid);
  const after = new TestGateway(address);
  t.after(() => after.close());
  assert.equal(await after.greet(), '1-100');
  assert.deepEqual(lines, ['The embedded collector died.', 'The embedded collector runs again.']);
});

test('stopped while it waits to start again, it stays stopped', async (t) => {
  const died = Promise.withResolvers<void>();
  const log: Log = { ...silentLog, error: () => died.resolve() };
  const collector = new EmbeddedCollector({ ...options, sink: sinkIn(temporaryDirectory(t), 'file') }, log);
  await collector.start(never);
  process.kill(collector.pid!, 'SIGKILL');
  await died.promise;
  await collector.stop(never);
  assert.equal(collector.pid, undefined);
});

test('its gateway killed, it commits what has come and goes too', async (t) => {
  const sink = sinkIn(temporaryDirectory(t), 'sqlite');
  const entry = fileURLToPath(new URL('./embedded-parent.ts', import.meta.url));
  const parent = spawn(process.execPath, [entry, sink], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = (await once(parent.stdout, 'data')) as [Buffer];
  const [address = '', pid = ''] = String(said).trim().split(' ');
  const gateway = new TestGateway(address);
  t.after(() => gateway.close());
  await gateway.greet();
  assert.ok(isAlive(Number(pid)));
  parent.kill('SIGKILL');
  // The collector says farewell: so it has seen that its gateway is gone.
  assert.match((await gateway.status).details, /stopping/);
  // Its end of the pipe to us closes when the process ends, a moment before it counts as ended.
  await once(parent, 'close');
  while (isAlive(Number(pid))) await new Promise((resolve) => setImmediate(resolve));
});

test('a start that fails says why', async (t) => {
  const sink = sinkIn(temporaryDirectory(t), 'sqlite');
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.after(() => taken.close());
  const { port } = taken.address() as AddressInfo;
  const collector = new EmbeddedCollector({ ...options, port, sink }, silentLog);
  await assert.rejects(collector.start(never), (error: unknown) => {
    assert.ok(error instanceof HeadgateError);
    assert.equal(error.code, 'port.taken');
    assert.match(error.message, new RegExp(`127.0.0.1:${port}`));
    return true;
  });
  await collector.stop(never);
});

test('a start can be called off, and a stop past its deadline kills', async (t) => {
  const sink = sinkIn(temporaryDirectory(t), 'sqlite');
  const abort = new AbortController();
  const first = new EmbeddedCollector({ ...options, sink }, silentLog);
  const started = first.start(abort.signal);
  abort.abort();
  await assert.rejects(started, /ended before it was ready/);
  const second = new EmbeddedCollector({ ...options, sink }, silentLog);
  await second.start(never);
  const { pid } = second;
  process.kill(pid!, 'SIGSTOP');
  await second.stop(AbortSignal.abort());
  assert.equal(isAlive(pid!), false);
});

/** Whether there is such a process, other than one that has ended and waits for init to notice. */
function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

test('while its NATS does not answer, the gateway starts without it, and gets it later', async (t) => {
  const server = await NatsServer.start(t);
  await server.kill();
  const port = await freePort();
  const running = Promise.withResolvers<void>();
  const log: Log = { ...silentLog, info: () => running.resolve() };
  const settings = { ...options, port, sink: server.url, directory: temporaryDirectory(t) };
  const collector = new EmbeddedCollector(settings, log);
  t.after(() => collector.stop(never));
  await collector.start(never);
  assert.equal(collector.address, `127.0.0.1:${port}`);
  await server.start();
  await running.promise;
  const gateway = new TestGateway(collector.address);
  t.after(() => gateway.close());
  await gateway.greet();
  gateway.upload([range(1, 10)]);
  await gateway.acknowledged(1, 10);
});
