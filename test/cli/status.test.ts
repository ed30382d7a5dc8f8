import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { emptyCounts } from '../../src/buffer/ledger.ts';
import { main } from '../../src/cli/main.ts';
import { statusText } from '../../src/cli/status-text.ts';
import type { GatewayStatus, LaneReport } from '../../src/instrumentation/status.ts';
import { newRun, statusOf as runStatus } from '../../src/pipeline/redecode/status.ts';
import type { ModbusBusStatus, ModbusUnitStatus } from '../../src/sources/modbus/status.ts';
import type { SerialPortStatus } from '../../src/sources/serial/status.ts';
import { someHistory, healthyParts as well } from '../support/status.ts';

const now = Date.UTC(2026, 10, 22, 12, 0, 0);

const iso = (ms: number) => new Date(ms).toISOString();

const lane = (rule: string, rest: Partial<LaneReport> = {}): LaneReport => ({
  lane: `${rule}.00000000`,
  rule,
  priority: 'normal',
  durability: 'local',
  gate: 'open',
  waitingRecords: 0,
  waitingBytes: 0,
  diskBytes: 0,
  oldestWaitingAt: null,
  ledger: emptyCounts(),
  ...rest,
});

const serialPort = (rest: Partial<SerialPortStatus>): SerialPortStatus => ({
  ...{
    name: 'dust',
    path: '/dev/ttyUSB0',
    profile: 'nova/sds011',
    state: 'open',
    reason: null,
    line: '9600 8N1',
    hint: null,
  },
  ...{ isPaused: false, opened: 1, bytes: 20, frames: 2, lost: 0, requests: 0, unanswered: 0 },
  ...{ acknowledged: 0, repeated: 0, refused: 0 },
  discarded: { bytes: { noise: 0, checksum: 0, malformed: 0, cutOff: 0, tooLong: 0 }, sample: null },
  ...rest,
});

const unitOf = (unit: number, state: ModbusUnitStatus['state']): ModbusUnitStatus => ({
  ...{ unit, topic: `meters/${unit}`, profile: 'eastron/sdm630', state, reason: null, refused: [] },
  ...{ asked: 9, answered: 8, unanswered: 1, damaged: 0, exceptions: 0, late: 0, stray: 0 },
  ...{ lastAnswerAgeMs: 20, responseMs: 15, nextTryInMs: null },
});

const modbusBus = (rest: Partial<ModbusBusStatus>): ModbusBusStatus => ({
  ...{ name: 'meters', path: '/dev/ttyUSB1', address: null, state: 'open', reason: null, line: '9600 8N1' },
  ...{ isPaused: false, opened: 1, receivedBytes: 20, strayBytes: 0 },
  ...{ messages: 1200, lost: 0, written: 0, notWritten: 0 },
  units: [unitOf(1, 'answering'), unitOf(2, 'silent')],
  ...rest,
});
const running = { id: 'hg-1', epoch: 'e-1', version: '0.1.0', notice: null };
const busy: GatewayStatus = {
  gateway: { ...running, startedAt: iso(now - 90_061_000), uptimeSeconds: 90_061 },
  health: {
    state: 'degraded',
    summary:
      'The uplink is down (no route), trying again in 12 s. 52,000 records wait safely on disk. 1 MQTT client, 1500 messages/s in.',
  },
  clock: {
    quality: 'estimated',
    source: 'collector',
    now: iso(now),
    boot: 'b-1',
    aheadOfSystemSeconds: 0.004,
    lastJump: null,
    contradictions: [],
  },
  serial: {
    ports: [
      serialPort({}),
      serialPort({ name: 'meter', state: 'waiting', reason: 'There is no /dev/a.' }),
      serialPort({ name: 'gps', hint: 'Only noise comes. Try another `baud`.' }),
    ],
  },
  modbus: { buses: [modbusBus({}), modbusBus({ name: 'pv', state: 'waiting', reason: 'There is no /dev/b.' })] },
  bridges: [],
  mqtt: {
    ...{ address: '127.0.0.1:1883', tls: null },
    connections: 1,
    connectionsTotal: 3,
    refused: { 'too many connections': 2 },
    skippedDeliveries: {},
    duplicates: 0,
  },
  flow: {
    received: 1_234_567,
    confirmed: 1_234_560,
    refused: 7,
    undecoded: 3,
    receivedPerSecond: 1500.4,
    confirmedPerSecond: 1500,
  },
  profiles: {
    loaded: 3,
    errors: [],
    failedMessages: 0,
    failures: {},
    topics: { templates: 0, forgotten: 0, postponed: 0, decisions: 0, adoptions: 0, unkept: 0 },
  },
  redecode: runStatus(newRun()),
  buffer: {
    state: 'open',
    waitingRecords: 52_000,
    waitingBytes: 4_200_000,
    oldestWaitingAt: iso(now - 65_000),
    oldestWaitingSeconds: 65,
    lastSequence: 1_234_560,
    pendingBytes: 0,
    commits: 12,
    commitMs: { last: 1.25, max: 40 },
    diskBytes: 6_000_000,
    ...{ maxBytes: 2e9, roomBytes: 2e9 },
    ledger: {
      received: 1_234_560,
      delivered: 1_182_552,
      waiting: 52_000,
      dropped: { ...emptyCounts().dropped, 'disk-failed': 4, thinned: 4 },
    },
    lanes: [
      lane('alarms', { priority: 'critical', waitingRecords: 12 }),
      lane('default', { waitingRecords: 51_988 }),
      lane('idle'),
    ],
    flashBytes: { local: 0, anywhere: 0, relaxed: 0, memory: 0 },
    damages: [],
    refused: 0,
  },
  uplink: {
    state: 'waiting',
    reason: 'no route',
    retryAt: iso(now + 12_000),
    url: 'http://127.0.0.1:50052',
    since: iso(now - 61_000),
    lastAcknowledgedAt: iso(now - 62_000),
    acknowledgedRecords: 1,
    acknowledgedBytes: 80,
    acknowledgedByPriority: { critical: 0, normal: 1, bulk: 0 },
    problem: null,
    acknowledgedPerSecond: 2.5,
    inFlightBytes: 0,
    compression: 'none',
    wireBytes: 4_321,
    plan: null,
    connections: 1,
    attempts: 1,
    address: null,
    collectors: [{ url: 'http://127.0.0.1:50052', isCurrent: true, problem: 'no route' }],
    leftRecords: null,
    etaSeconds: null,
    canary: null,
  },
  devices: {
    total: 1_234,
    online: 1_200,
    stale: 0,
    offline: 30,
    unknown: 4,
    ignored: 2,
    unregisteredMessages: 0,
    lessons: { topics: 0, bytes: 0, refused: 0 },
  },
  ...{ history: someHistory, load: well.load, live: well.live, alarms: well.alarms },
  commands: {
    queued: 2,
    sent: 1,
    total: { queued: 10, sent: 8, acknowledged: 6, failed: 0, expired: 0, unknown: 1 },
    strayAnswers: 0,
    remoteConfig: 'trial',
  },
  ...{ tls: { http: null, grpc: null }, collector: { address: '127.0.0.1:50052', sink: 'file:/tmp/x' } },
  process: { pid: 1, rssBytes: 98_000_000, cpuSeconds: 75, eventLoopDelayMs: { p50: 1, p99: 12.34, max: 40 } },
};

const noCommands = { queued: 0, sent: 0, acknowledged: 0, failed: 0, expired: 0, unknown: 0 };

test('a status for people', () => {
  assert.deepEqual(statusText(busy, now).split('\n'), [
    'Gateway     hg-1, version 0.1.0, running for 1 d 1 h',
    'Health      DEGRADED: The uplink is down (no route), trying again in 12 s.',
    '            52,000 records wait safely on disk. 1 MQTT client, 1500 messages/s',
    '            in.',
    'Clock       2026-11-22T12:00:00.000Z, known from the collector',
    'MQTT        on 127.0.0.1:1883, 1 client',
    "Serial      dust open, 2 frames, meter WAITS: There is no /dev/a, gps CAN'T BE",
    '            READ: Only noise comes. Try another `baud`',
    'Modbus      meters open, 1,200 answers, meters/2 NOT HEARD, pv WAITS: There is',
    '            no /dev/b',
    'Received    1,234,567 messages, 1,500/s now',
    'Devices     1,234 known: 1,200 online, 30 offline, 4 unknown',
    'Problems    messages refused: 7, payloads kept raw: 3, records lost',
    '            (disk-failed): 4, connections refused (too many connections): 2',
    'Backlog     52,000 records, 4.2 MB, oldest from 1 min 5 s ago, by rule: alarms',
    '            12, default 51,988',
    'Ledger      1,234,560 received = 1,182,552 delivered + 52,000 waiting + 8',
    '            dropped (thinned 4, disk-failed 4)',
    'Disk        6.0 MB of 2.0 GB, 12 commits, last 1.3 ms, slowest 40.0 ms',
    'History     12 fields, 5.0 MB of 1.0 GB, since 2025-11-22',
    'Uplink      waiting for 1 min 1 s, http://127.0.0.1:50052, no route, next try in',
    '            12 s',
    'Delivered   1 record, 2.5/s now, last acknowledgement 1 min 2 s ago',
    'Commands    2 queued, 1 sent, 6 acknowledged, 1 unknown, rules from the',
    '            collector are on trial',
    'Collector   on 127.0.0.1:50052, writes file:/tmp/x',
    'Process     memory 98.0 MB, CPU 1 min 15 s, event-loop delay p99 12.3 ms',
  ]);
});

test('a status tells of messages that are being decoded again', () => {
  const run = runStatus({ ...newRun({ fromMs: 0, toMs: now }, now), throughMs: now - 60_000 });
  const rowOf = (rest: Partial<GatewayStatus['redecode']>) =>
    statusText({ ...busy, redecode: { ...run, messages: 1_200, superseded: 1_000, ...rest } }, now)
      .split('\n')
      .find((line) => line.startsWith('Redecode'));
  assert.equal(rowOf({}), 'Redecode    running, through 2026-11-22T11:59:00.000Z, 1,200 messages decoded');
  assert.match(rowOf({ state: 'waiting', reason: 'the buffer is full' }) ?? '', /waiting: the buffer is full, through/);
  assert.equal(rowOf({ state: 'done' }), undefined);
});

test('a status of a gateway that is new, well, or has a sick disk', () => {
  const fresh: GatewayStatus = {
    ...busy,
    health: { state: 'ready', summary: 'All good.' },
    mqtt: { ...busy.mqtt, refused: {} },
    serial: { ports: [] },
    modbus: { buses: [] },
    flow: { ...busy.flow, received: 0, refused: 0, undecoded: 0, receivedPerSecond: 0 },
    buffer: {
      ...busy.buffer,
      waitingRecords: 0,
      oldestWaitingAt: null,
      commits: 0,
      diskBytes: 0,
      ledger: emptyCounts(),
      lanes: [lane('default')],
    },
    uplink: {
      ...busy.uplink,
      state: 'live',
      reason: null,
      retryAt: null,
      lastAcknowledgedAt: null,
      acknowledgedRecords: 0,
      acknowledgedPerSecond: 0,
    },
    devices: { ...busy.devices, total: 0, online: 0, offline: 0, unknown: 0 },
    history: { ...someHistory, series: 0, storedSeries: 0 },
    commands: { ...busy.commands, queued: 0, sent: 0, total: noCommands, remoteConfig: 'none' },
    collector: null,
  };
  const lines = statusText(fresh, now).split('\n');
  assert.deepEqual(
    lines.map((line) => line.slice(0, 12).trim()),
    ['Gateway', 'Health', 'Clock', 'MQTT', 'Received', 'Backlog', 'Disk', 'Uplink', 'Delivered', 'Process'],
  );
  assert.ok(lines.includes('Health      ready: All good.'));
  assert.ok(lines.includes('Backlog     empty: the collector has everything'));
  assert.ok(lines.includes('Delivered   0 records, 0/s now, no acknowledgement yet'));
  const sick: GatewayStatus = { ...busy, buffer: { ...busy.buffer, state: 'failing', failure: 'disk I/O error' } };
  assert.match(statusText(sick, now), /^Disk {8}FAILING: disk I\/O error$/m);
});

test('what profiles could not read, and which are wrong, are problems that are named', () => {
  const profiles = {
    ...busy.profiles,
    loaded: 3,
    errors: ['a/b.yaml:1:1: no'],
    failedMessages: 2,
    failures: { 'tasmota/tasmota': 2 },
  };
  const text = statusText({ ...busy, profiles }, now).replaceAll(/\n {12}/g, ' ');
  assert.match(text, /payloads that their profile could not read \(tasmota\/tasmota\): 2/);
  assert.match(text, /profile left out: a\/b\.yaml:1:1: no/);
});

test('what a rule does for want of room, and what is damaged, are problems that are named', () => {
  const problemsOf = (buffer: Partial<GatewayStatus['buffer']>, uplink: Partial<GatewayStatus['uplink']> = {}) => {
    const calm = { ...busy, flow: { ...busy.flow, refused: 0, undecoded: 0 }, mqtt: { ...busy.mqtt, refused: {} } };
    const status = {
      ...calm,
      buffer: { ...busy.buffer, ledger: emptyCounts(), ...buffer },
      uplink: { ...busy.uplink, ...uplink },
    };
    const text = statusText(status, now).replaceAll(/\n {12}/g, ' ');
    return /^Problems {4}(.*)$/m.exec(text)?.[1];
  };
  const thinned = { ...emptyCounts(), received: 3, dropped: { ...emptyCounts().dropped, thinned: 3 } };
  const rows: readonly (readonly [Partial<GatewayStatus['buffer']>, string | undefined])[] = [
    [{}, undefined],
    [{ ledger: thinned }, undefined],
    [
      {
        lanes: [
          lane('alarms', { gate: 'blocked' }),
          lane('alarms', { gate: 'blocked' }),
          lane('doors', { gate: 'blocked' }),
        ],
      },
      'no room, so sources wait under alarms, doors',
    ],
    [{ lanes: [lane('video', { gate: 'dropping' })] }, 'no room, so new records are dropped under video'],
    [{ damages: ['One is damaged.'] }, 'One is damaged.'],
    [{ damages: ['One is damaged.', 'Two is, too.'] }, 'Two is, too. (the last of 2 such)'],
  ];
  for (const [buffer, expected] of rows) assert.equal(problemsOf(buffer), expected);
  assert.equal(problemsOf({}, { problem: 'A lane is stuck.' }), 'A lane is stuck.');
  const full: GatewayStatus = { ...busy, buffer: { ...busy.buffer, state: 'full' } };
  assert.match(statusText(full, now), /^Disk {8}FULL \(6\.0 MB of 2\.0 GB\): sources/m);
});

test('no line is wider than 80 columns, save for a word that is itself too long', () => {
  const long = { ...busy, uplink: { ...busy.uplink, reason: `${'word '.repeat(60)}${'x'.repeat(100)} end` } };
  for (const line of statusText(long, now).split('\n'))
    assert.ok(line.length <= 80 || line.trim() === `${'x'.repeat(100)}`, line);
});

async function serverFor(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function statusOf(...args: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = { out: (text: string) => out.push(text), err: (text: string) => err.push(text), environment: {} };
  const code = await main(['status', ...args], terminal);
  return { code, out: out.join('\n'), err: err.join('\n') };
}

test('the verb asks the gateway, and hands on its JSON', async (t) => {
  const asked: (string | undefined)[] = [];
  const url = await serverFor(t, (request, response) => {
    asked.push(request.url);
    response.setHeader('content-type', 'application/json').setHeader('connection', 'close').end(JSON.stringify(busy));
  });
  assert.match((await statusOf('--url', url)).out, /^Gateway {5}hg-1, /);
  assert.deepEqual(JSON.parse((await statusOf('--url', `${url}/`, '--json')).out), busy);
  assert.deepEqual(asked, ['/api/v1/status', '/api/v1/status']);
});

test('nobody, or someone else, answers', async (t) => {
  const url = await serverFor(t, (_, response) => response.writeHead(404, { connection: 'close' }).end('no'));
  const other = await statusOf('--url', url);
  assert.deepEqual([other.code, other.out], [1, '']);
  assert.match(
    other.err,
    /^headgate: What answers at http:\/\/127\.0\.0\.1:\d+ is no Headgate gateway: it said HTTP 404\.\n/,
  );
  const text = await serverFor(t, (_, response) => response.writeHead(200, { connection: 'close' }).end('<html>'));
  assert.match((await statusOf('--url', text)).err, /it said something that is no (answer to this|status)/);
  const json = await serverFor(t, (_, response) =>
    response.writeHead(200, { connection: 'close' }).end('{"status":"ok"}'),
  );
  assert.match((await statusOf('--url', json)).err, /it said something that is no (answer to this|status)/);
  // Port 1 of loopback: nothing listens there on any machine that runs tests.
  const nobody = await statusOf('--url', 'http://127.0.0.1:1');
  assert.equal(nobody.code, 1);
  assert.match(
    nobody.err,
    /^headgate: No gateway answers at http:\/\/127\.0\.0\.1:1: .+\.\nStart it with `npm start`, or name its address with --url\.$/,
  );
  const wrong = await statusOf('--url', 'localhost:8080');
  assert.equal(wrong.code, 2);
});

test('the line of a data plan', () => {
  const plan = {
    waitingFor: null,
    until: null,
    month: '2026-11-01',
    usedBytes: 312_400_000,
    allowedBytes: 550_000_000,
    carriedBytes: 50_000_000,
  };
  const lineOf = (one: GatewayStatus['uplink']['plan']) =>
    statusText({ ...busy, uplink: { ...busy.uplink, plan: one } }, now)
      .replaceAll(/\n {12}/g, ' ')
      .split('\n')
      .find((line) => line.startsWith('Data plan'));
  assert.equal(lineOf(plan), 'Data plan   312.4 MB of 550.0 MB used, since 2026-11-01, 50.0 MB of it carried over');
  assert.equal(
    lineOf({ ...plan, carriedBytes: 0, waitingFor: 'hours', until: '2026-11-25T22:00:00.000Z' }),
    'Data plan   312.4 MB of 550.0 MB used, since 2026-11-01, records wait for its hours until 2026-11-25T22:00:00.000Z',
  );
  const rateOnly = { ...plan, carriedBytes: 0, month: null, allowedBytes: null, waitingFor: 'rate' } as const;
  assert.equal(lineOf(rateOnly), 'Data plan   312.4 MB used, records wait for its rate');
  assert.equal(lineOf(null), undefined);
});
