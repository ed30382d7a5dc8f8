import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LaneStatus } from '../../src/buffer/status.ts';
import type { NoRoom } from '../../src/core/no-room.ts';
import { composeStatus, type StatusParts } from '../../src/instrumentation/status.ts';
import type { PlanStatus } from '../../src/uplink/data-plan.ts';
import type { UplinkState } from '../../src/uplink/status.ts';
import { append, local, openBuffer } from '../support/buffer.ts';
import { healthyParts, laneStatus, someTimeMs } from '../support/status.ts';
import { tempDir } from '../support/temp-dir.ts';

const uplink = (state: UplinkState): Partial<StatusParts> => ({ uplink: { ...healthyParts.uplink, state } });
const retryAt = someTimeMs + 12_000;
const waiting = {
  ...healthyParts.buffer,
  waitingRecords: 48_210,
  waitingBytes: 5e6,
  oldestWaitingAt: someTimeMs - 7_000,
};

/** A data plan that holds records back. */
const planned = (plan: Partial<PlanStatus>, state: UplinkState = { name: 'live' }): Partial<StatusParts> => ({
  uplink: {
    ...healthyParts.uplink,
    state,
    plan: { month: '2026-11-01', usedBytes: 5, carriedBytes: 0, allowedBytes: 5, ...plan },
  },
});

const blocked = (rule: string) => laneStatus(rule, { gate: 'blocked' });
/** A buffer without room, some of whose lanes have their sources wait. */
const full = (why: NoRoom, ...lanes: readonly LaneStatus[]): Partial<StatusParts> => ({
  buffer: { ...waiting, state: 'full', full: why, diskBytes: 1.9e9, maxBytes: 2e9, lanes },
});

type Row = readonly [parts: Partial<StatusParts>, state: string, summary: RegExp];
const rows: readonly Row[] = [
  [{}, 'ready', /^All good\. The uplink is live\. Nothing waits\. 3 MQTT clients, 12\.5 messages\/s in\.$/],
  [{ phase: 'starting' }, 'starting', /^The gateway is starting\.$/],
  [{ phase: 'stopping' }, 'stopping', /^The gateway is stopping\.$/],
  [uplink({ name: 'draining', leftRecords: 5 }), 'ready', /^All good\. The uplink is catching up\./],
  [uplink({ name: 'draining', leftRecords: 5, etaMs: 90_000 }), 'ready', /catching up, for about 1 min 30 s more\./],
  [
    {
      uplink: {
        ...healthyParts.uplink,
        canary: { state: { name: 'overdue', waitedMs: 45_000 }, intervalMs: 60_000, sent: 1, returned: 0 },
      },
    },
    'degraded',
    /^The uplink is live\. A canary record has not come back for 45 s\./,
  ],
  [
    {
      uplink: {
        ...healthyParts.uplink,
        collectors: [
          { url: 'http://a:1', isCurrent: false, problem: 'nobody listens there' },
          { url: 'http://b:1', isCurrent: true },
        ],
      },
    },
    'ready',
    /^All good\. The uplink is live, at collector 2 of 2 \(http:\/\/a:1: nobody listens there\)\./,
  ],
  [
    planned({ waiting: { for: 'month', until: Date.UTC(2026, 11, 1) } }),
    'ready',
    /live\. The data plan holds records back until 2026-12-01T00:00:00\.000Z: its bytes of this month are used up\./,
  ],
  [
    planned({ waiting: { for: 'hours', until: Date.UTC(2026, 10, 22, 22) } }, { name: 'draining', leftRecords: 5 }),
    'ready',
    /catching up\. The data plan holds records back until 2026-11-22T22:00:00\.000Z: it is outside its hours\./,
  ],
  [planned({ waiting: { for: 'clock' } }), 'ready', /holds records back: it has hours, and the clock is not set\./],
  [planned({ waiting: { for: 'rate', ms: 20 } }), 'ready', /^All good\. The uplink is live\. Nothing waits\./],
  [uplink({ name: 'connecting' }), 'degraded', /^The uplink is connecting\./],
  [
    uplink({ name: 'connecting', reason: 'refused' }),
    'degraded',
    /^The uplink is down \(refused\), trying again now\./,
  ],
  [uplink({ name: 'offline' }), 'degraded', /^The uplink is off\./],
  [uplink({ name: 'stalled' }), 'degraded', /stopped confirming/],
  [
    { ...uplink({ name: 'waiting', retryAt, reason: 'connection refused' }), buffer: waiting },
    'degraded',
    /^The uplink is down \(connection refused\), trying again in 12 s\. 48,210 records wait safely on disk\./,
  ],
  [
    uplink({ name: 'rejected', retryAt, reason: 'unknown gateway' }),
    'degraded',
    /^The collector refuses this gateway \(unknown gateway\)/,
  ],
  [{ buffer: { ...waiting, waitingRecords: 1 } }, 'ready', /1 record waits safely/],
  [{ buffer: { ...waiting, state: 'closed' } }, 'failing', /^No message is acknowledged/],
  [
    { buffer: { ...waiting, state: 'failing', failure: 'disk full' } },
    'failing',
    /^The disk refuses records.*disk full/,
  ],
  [
    full({ of: 'budget' }, blocked('alarms'), blocked('doors'), blocked('doors')),
    'failing',
    /^The buffer is full: messages of the rules alarms, doors wait at their source\. It takes 1\.9 GB of the 2\.0 GB .*raise `buffer\.maxBytes`\.$/,
  ],
  [
    full({ of: 'rule' }, blocked('doors')),
    'failing',
    /^The buffer is full: messages of the rule doors wait at their source\. .* all that their rule may.*raise its `maxBytes`\.$/,
  ],
  // Others have filled the disk. Where it is, is not told to whoever asks.
  [
    full({ of: 'disk', directory: '/secret', freeBytes: 4_096 }, blocked('alarms')),
    'failing',
    /^The disk is full: messages of the rule alarms wait at their source\. The disk of `dataDir` has 4\.1 kB left, and the buffer takes 1\.9 GB of the 2\.0 GB .*Raising `buffer\.maxBytes` does not help\.$/,
  ],
  [
    full({ of: 'disk', directory: '/secret', freeBytes: 0 }),
    'failing',
    /^The disk is full: messages that have to be durable may be refused\. The disk of `dataDir` has 0 B left/,
  ],
  [
    { buffer: { ...waiting, lanes: [laneStatus('video', { gate: 'dropping' })] } },
    'degraded',
    /^There is no room for new records of the rule video: they are dropped, and counted\. .*48,210 records wait/,
  ],
  [{ buffer: { ...waiting, damages: ['Old.', 'A file is damaged.'] } }, 'degraded', /^A file is damaged\. .*48,210/],
  [
    { uplink: { ...healthyParts.uplink, problem: 'A lane is stuck.' } },
    'degraded',
    /^The uplink is live\. A lane is stuck\. /,
  ],
];

test('health is said as it is, and nothing is called live but what is', () => {
  for (const [parts, state, summary] of rows) {
    const { health } = composeStatus({ ...healthyParts, ...parts }, someTimeMs);
    assert.equal(health.state, state, health.summary);
    assert.match(health.summary, summary);
    const { name } = (parts.uplink ?? healthyParts.uplink).state;
    if (name !== 'live') assert.doesNotMatch(health.summary, /live/);
  }
});

test('times are ISO 8601, ages are seconds, and what is not known is null', () => {
  const idle = composeStatus(healthyParts, someTimeMs);
  assert.equal(idle.gateway.uptimeSeconds, 60);
  assert.equal(idle.uplink.lastAcknowledgedAt, '2026-11-22T18:35:12.000Z');
  assert.deepEqual([idle.buffer.oldestWaitingAt, idle.buffer.oldestWaitingSeconds], [null, 0]);
  assert.deepEqual([idle.uplink.reason, idle.uplink.retryAt], [null, null]);
  const state: UplinkState = { name: 'waiting', retryAt, reason: 'refused' };
  const lanes = [laneStatus('old', { oldestWaitingAt: someTimeMs - 7_000 }), laneStatus('idle')];
  const buffer = { ...waiting, lanes };
  const behind = composeStatus({ ...healthyParts, ...uplink(state), buffer, collector: null }, someTimeMs);
  assert.deepEqual(
    behind.buffer.lanes.map((lane) => lane.oldestWaitingAt),
    ['2026-11-22T18:35:06.000Z', null],
  );
  assert.deepEqual(
    [behind.buffer.oldestWaitingAt, behind.buffer.oldestWaitingSeconds],
    ['2026-11-22T18:35:06.000Z', 7],
  );
  assert.deepEqual(
    [behind.uplink.state, behind.uplink.reason, behind.uplink.retryAt],
    ['waiting', 'refused', '2026-11-22T18:35:25.000Z'],
  );
  assert.equal(behind.collector, null);
  // It is what JSON makes of it: nothing gets lost on the way out.
  assert.deepEqual(JSON.parse(JSON.stringify(behind)), behind);
});

test('a clock that was set back gives no negative ages', () => {
  const status = composeStatus({ ...healthyParts, buffer: waiting }, someTimeMs - 1e9);
  assert.equal(status.buffer.oldestWaitingSeconds, 0);
  assert.equal(status.gateway.uptimeSeconds, 0);
});

test('fifty rules make no status that is felt', async (t) => {
  const buffer = await openBuffer(t, tempDir(t));
  const handlings = Array.from({ length: 50 }, (_, n) => ({ ...local, rule: `rule-${n}` }));
  await Promise.all(handlings.map((handling) => append(buffer, handling, 'a')));
  const times = Array.from({ length: 30 }, () => {
    const begun = performance.now();
    const text = JSON.stringify(composeStatus({ ...healthyParts, buffer: buffer.status() }, someTimeMs));
    assert.ok(text.includes('"rule":"rule-49"'));
    return performance.now() - begun;
  });
  // The quickest: what else the machine does is not asked here.
  const quickest = Math.min(...times);
  t.diagnostic(`${quickest.toFixed(2)} ms`);
  assert.ok(quickest < 2, `${quickest} ms`);
});

test('a data plan in the status', () => {
  const parts = { ...healthyParts, ...planned({ waiting: { for: 'month', until: Date.UTC(2026, 11, 1) } }) };
  assert.deepEqual(composeStatus(parts, someTimeMs).uplink.plan, {
    waitingFor: 'month',
    until: '2026-12-01T00:00:00.000Z',
    month: '2026-11-01',
    usedBytes: 5,
    allowedBytes: 5,
    carriedBytes: 0,
  });
  assert.equal(composeStatus(healthyParts, someTimeMs).uplink.plan, null);
});
