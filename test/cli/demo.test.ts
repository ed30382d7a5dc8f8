import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectTcp, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { connectAsync } from 'mqtt';
import { demoDevices } from '../../src/cli/demo/devices.ts';
import { type DemoEvent, type FleetOptions, runFleet, withoutPassword } from '../../src/cli/demo/fleet.ts';
import { main } from '../../src/cli/main.ts';
import { freePort } from '../support/tcp-port.ts';
import { eventually, within } from '../support/wait.ts';
import { searchPath } from '../system-programs.ts';

const mainFile = new URL('../../src/main.ts', import.meta.url).pathname;
const timeout = 30_000;

/** A real Mosquitto that answers; on loopback only, which is what it does without a configuration. */
async function mosquitto(t: TestContext, port: number): Promise<ChildProcess> {
  const child = spawn('mosquitto', ['-p', String(port)], { stdio: 'ignore', env: { PATH: searchPath() } });
  t.after(() => kill(child));
  await eventually('mosquitto', async () => {
    const socket = connectTcp(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.destroy();
  });
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** Everything that the broker passes on, as `topic payload`. */
async function listener(t: TestContext, port: number) {
  const heard: string[] = [];
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { clientId: 'listener', reconnectPeriod: 0 });
  t.after(() => client.endAsync(true));
  client.on('message', (topic, payload) => heard.push(`${topic} ${payload}`));
  await client.subscribeAsync('#', { qos: 1 });
  return heard;
}

/** Runs the command line in this process. */
async function headgate(...args: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = { out: (line: string) => out.push(line), err: (line: string) => err.push(line), environment: {} };
  const code = await main(['demo', ...args], terminal);
  return { code, out, err };
}

function fleet(port: number, more: Partial<FleetOptions>): FleetOptions {
  return { url: `mqtt://127.0.0.1:${port}`, devices: demoDevices, rate: 400, seed: 1, retryMs: 50, ...more };
}

const offline = demoDevices.flatMap(({ availability: a }) => (a ? [`${a.topic} ${a.offline}`] : []));
const online = demoDevices.flatMap(({ availability: a }) => (a ? [`${a.topic} ${a.online}`] : []));

test('--count: what is acknowledged is what arrives, no more and no less', { timeout }, async (t) => {
  const port = await freePort();
  await mosquitto(t, port);
  const heard = await listener(t, port);
  const { code, out, err } = await headgate(
    '--url',
    `mqtt://127.0.0.1:${port}`,
    '--count',
    '60',
    '--rate',
    '400',
    '--json',
  );
  assert.deepEqual({ code, err }, { code: 0, err: [] });
  const events = out.map((line) => JSON.parse(line));
  const { published, acknowledged, goodbyes, reason } = events.at(-1);
  assert.deepEqual(
    { published, acknowledged, goodbyes, reason },
    { published: 60 + offline.length, acknowledged: 60 + offline.length, goodbyes: offline.length, reason: 'count' },
  );
  await eventually('every message', () => heard.length >= acknowledged);
  assert.equal(heard.length, acknowledged);
  assert.deepEqual(heard.slice(-offline.length).sort(), [...offline].sort(), 'goodbyes come last');
  for (const hello of online) assert.equal(heard.filter((line) => line === hello).length, 1, hello);

  const introduced = events.filter(({ event }) => event === 'device');
  assert.deepEqual(introduced.map(({ topic }) => topic).sort(), demoDevices.map(({ topic }) => topic).sort());
  for (const { topic, payload } of introduced) assert.ok(heard.includes(`${topic} ${payload}`), topic);
  // Its payload changes a few times a minute, and it takes its turn with the others.
  const fromDoor = heard.filter((line) => line.startsWith('zigbee2mqtt/front_door {'));
  assert.ok(
    fromDoor.every((line, at) => line !== fromDoor[at - 1]),
    'the door speaks only on change',
  );
});

test('for people: a line per device, and what became of it all', { timeout }, async (t) => {
  const port = await freePort();
  await mosquitto(t, port);
  const url = `mqtt://127.0.0.1:${port}`;
  const { code, out, err } = await headgate('--url', url, '--duration', '400ms', '--rate', '200');
  assert.deepEqual({ code, err }, { code: 0, err: [] });
  assert.equal(out[0], `${demoDevices.length} simulated devices publish to ${url}, 200 messages a second.`);
  for (const { name, topic } of demoDevices)
    assert.equal(out.filter((line) => line.startsWith(`  ${name} `) && line.includes(topic)).length, 1, name);
  assert.match(
    out.at(-1) ?? '',
    /^Done after 0\.\d s: (\d+) published \(6 of them to say goodbye\), \1 acknowledged by the gateway\.$/,
  );
  assert.equal(out.length, demoDevices.length + 2);
});

test('a count that the duration does not allow is a failure', { timeout }, async (t) => {
  const port = await freePort();
  await mosquitto(t, port);
  const url = `mqtt://127.0.0.1:${port}`;
  const { code, err } = await headgate('--url', url, '--duration', '100ms', '--count', '1000', '--rate', '10');
  assert.deepEqual(
    { code, err },
    { code: 1, err: ['headgate: The time was over before 1000 messages were acknowledged.'] },
  );
});

test('SIGTERM and SIGINT end it in good order, with everything acknowledged', { timeout }, async (t) => {
  const port = await freePort();
  await mosquitto(t, port);
  const heard = await listener(t, port);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    heard.length = 0;
    const args = [mainFile, 'demo', '--url', `mqtt://127.0.0.1:${port}`, '--rate', '200', '--json'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => kill(child));
    const exited = once(child, 'exit');
    const events: Record<string, unknown>[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      events.push(JSON.parse(line));
      if (events.length === demoDevices.length) child.kill(signal);
    }
    assert.deepEqual(await exited, [0, null], signal);
    const { event, reason, published, acknowledged } = events.at(-1) ?? {};
    assert.deepEqual({ event, reason, acknowledged }, { event: 'end', reason: 'asked', acknowledged: published });
    await eventually('every message', () => heard.length >= Number(acknowledged));
    // Each by its own connection: one may have said goodbye before another's last value was heard.
    assert.deepEqual(heard.filter((line) => offline.includes(line)).sort(), [...offline].sort());
  }
});

test('it outlives the gateway: says so once, dials again, and goes on to its count', { timeout }, async (t) => {
  const port = await freePort();
  const first = await mosquitto(t, port);
  const events: DemoEvent[] = [];
  const told = Promise.withResolvers<void>();
  const introduced = Promise.withResolvers<void>();
  const running = runFleet(fleet(port, { count: 300 }), new AbortController().signal, (event) => {
    events.push(event);
    if (event.event === 'device') introduced.resolve();
    if (event.event === 'unreachable') told.resolve();
  });
  await within(5_000, 'a device', introduced.promise);
  await kill(first);
  await within(5_000, 'the bad news', told.promise);
  await mosquitto(t, port);
  const end = await within(15_000, 'the end', running);
  assert.deepEqual(
    events.filter(({ event }) => event !== 'device' && event !== 'progress').map(({ event }) => event),
    ['unreachable', 'reachable', 'end'],
  );
  assert.equal(end.acknowledged, 300 + end.goodbyes, 'what was on its way is sent again and counted once');
  assert.equal(end.published, end.acknowledged);
});

test('without a gateway: a failure with a count or a duration, patience without', { timeout }, async (t) => {
  const port = await freePort();
  const url = `mqtt://127.0.0.1:${port}`;
  for (const bound of [
    ['--count', '5'],
    ['--duration', '5s'],
  ]) {
    const { code, out, err } = await headgate('--url', url, ...bound, '--json');
    assert.deepEqual(
      { code, out, err },
      {
        code: 1,
        out: [],
        err: [
          `headgate: No gateway can be reached at ${url}: connect ECONNREFUSED 127.0.0.1:${port}.`,
          'Start it with `npm start`, or name its address with --url.',
        ],
      },
    );
  }
  const stopping = new AbortController();
  const told = Promise.withResolvers<void>();
  const introduced = Promise.withResolvers<void>();
  const events: DemoEvent[] = [];
  const running = runFleet(fleet(port, {}), stopping.signal, (event) => {
    events.push(event);
    if (event.event === 'unreachable') told.resolve();
    if (event.event === 'device') introduced.resolve();
  });
  await within(5_000, 'the bad news', told.promise);
  await mosquitto(t, port);
  await within(5_000, 'a device', introduced.promise);
  stopping.abort();
  const end = await running;
  assert.deepEqual(
    events.slice(0, 2).map(({ event }) => event),
    ['unreachable', 'reachable'],
  );
  assert.equal(end.reason, 'asked');
  assert.equal(end.published, end.acknowledged);
});

test('a stop while nobody answers is quick, and a server that hangs up is no gateway', { timeout }, async (t) => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => sockets.add(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  const stopping = new AbortController();
  const running = runFleet(fleet(port, { count: 1 }), stopping.signal, () => {});
  await eventually('every device to dial', () => sockets.size === demoDevices.length);
  stopping.abort();
  const { published, elapsedMs } = await within(1_000, 'the end', running);
  assert.deepEqual({ published, elapsedMs }, { published: 0, elapsedMs: 0 });

  server.removeAllListeners('connection').on('connection', (socket) => socket.destroy());
  const { code, err } = await headgate('--url', `mqtt://127.0.0.1:${port}`, '--count', '1');
  assert.equal(code, 1);
  assert.match(err[0] ?? '', /^headgate: No gateway can be reached at mqtt:\S+: .*(closed the connection|ECONNRESET)/);
});

test('a broker that takes messages and acknowledges none: the summary says so', { timeout }, async (t) => {
  // CONNACK for everything that comes first, and then silence.
  const server = createServer((socket) => {
    socket.once('data', () => socket.write(Buffer.from([0x20, 0x02, 0x00, 0x00])));
    socket.on('data', () => {}).on('error', () => {});
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  const options = fleet(port, { count: 30, durationMs: 300, graceMs: 100, progressMs: 40 });
  const events: DemoEvent[] = [];
  const end = await runFleet(options, new AbortController().signal, (event) => events.push(event));
  const { acknowledged, published, reason, goodbyes } = end;
  assert.deepEqual(
    { acknowledged, published, reason },
    { acknowledged: 0, published: 30 + goodbyes, reason: 'duration' },
    'never more on the way than the count allows',
  );
  assert.ok(events.some(({ event }) => event === 'progress'));
});

test('wrong usage is said before anything is sent', async () => {
  const rows: [args: string[], message: string][] = [
    [['--url', 'localhost'], '--url takes an address such as mqtt://127.0.0.1:1883, not localhost.'],
    [['--url', 'http://a'], '--url takes an address such as mqtt://127.0.0.1:1883, not http://a.'],
    [['--rate', '0'], '--rate takes a number from 0.01 to 10000, not 0.'],
    [['--rate', '1e9'], '--rate takes a number from 0.01 to 10000, not 1e9.'],
    [['--count', '1.5'], '--count takes a whole number from 1 on, not 1.5.'],
    [['--duration', '10'], '--duration takes a time from 1ms to 24d, such as 30s, not 10.'],
    [['--duration', '30d'], '--duration takes a time from 1ms to 24d, such as 30s, not 30d.'],
    [['--seed', 'x'], '--seed takes a whole number of at most nine digits, not x.'],
  ];
  for (const [args, message] of rows) {
    const { code, out, err } = await headgate(...args);
    assert.deepEqual({ code, out, err: err[0] }, { code: 2, out: [], err: `headgate: demo: ${message}` });
  }
  assert.equal(withoutPassword('mqtt://me:secret@gate:1883'), 'mqtt://me:***@gate:1883');
});
