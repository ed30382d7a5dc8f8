import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyCounts } from '../../src/buffer/ledger.ts';
import { Metrics } from '../../src/instrumentation/metrics.ts';
import { composeStatus } from '../../src/instrumentation/status.ts';
import { healthyParts, laneStatus, someTimeMs } from '../support/status.ts';

/** Reads the text format strictly: every sample under a HELP and TYPE of its own, nothing twice. */
function parse(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  let family = '';
  let type = '';
  assert.ok(text.endsWith('\n'));
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const help = /^# HELP ([a-z0-9_]+) \S.*$/.exec(line);
    const typed = /^# TYPE ([a-z0-9_]+) (counter|gauge|histogram)$/.exec(line);
    const sample = /^([a-z0-9_]+)(\{[^}]*\})? (\S+)$/.exec(line);
    if (help !== null) family = help[1]!;
    else if (typed !== null) {
      assert.equal(typed[1], family);
      type = typed[2]!;
      assert.equal(type === 'counter', family.endsWith('_total'), `${family} is a ${type}`);
    } else if (sample !== null) {
      const [, name, labels = '', value] = sample;
      const names = type === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => family + end) : [family];
      assert.ok(names.includes(name!), line);
      assert.ok(!samples.has(name + labels), `${line} comes twice`);
      assert.ok(Number.isFinite(Number(value)), line);
      samples.set(name + labels, Number(value));
    } else assert.fail(`not the text format: ${line}`);
  }
  return samples;
}

test('metrics say what the status says, in the text format', async () => {
  const status = composeStatus(
    {
      ...healthyParts,
      buffer: {
        ...healthyParts.buffer,
        waitingRecords: 12,
        ledger: { ...emptyCounts(), dropped: { ...emptyCounts().dropped, 'disk-failed': 3 } },
        lanes: [
          laneStatus('alarms', { priority: 'critical', gate: 'blocked', waitingRecords: 2, waitingBytes: 90 }),
          // What was stored before the rule was changed, and what came after.
          laneStatus('default', { waitingRecords: 3 }),
          laneStatus('default', { lane: 'default.2', waitingRecords: 7 }),
          laneStatus('odd "name"\n', { gate: 'dropping', dropped: { full: 5 } }),
        ],
      },
    },
    someTimeMs,
  );
  const metrics = new Metrics(() => status);
  for (const seconds of [0.0004, 0.004, 0.004, 99]) metrics.observeCommit(seconds);
  const { body, contentType } = await metrics.text();
  assert.match(contentType, /^text\/plain/);
  const samples = parse(body);
  for (const [name, value] of [
    ['headgate_flow_received_messages_total', 100],
    ['headgate_flow_refused_messages_total', 1],
    ['headgate_buffer_waiting_records', 12],
    ['headgate_buffer_dropped_records_total{reason="disk-failed"}', 3],
    ['headgate_buffer_rule_waiting_records{rule="alarms",priority="critical"}', 2],
    ['headgate_buffer_rule_waiting_bytes{rule="alarms",priority="critical"}', 90],
    ['headgate_buffer_rule_waiting_records{rule="default",priority="normal"}', 10],
    ['headgate_buffer_rule_blocked{rule="alarms",priority="critical"}', 1],
    ['headgate_buffer_rule_blocked{rule="default",priority="normal"}', 0],
    ['headgate_buffer_rule_dropping{rule="odd \\"name\\"\\n",priority="normal"}', 1],
    ['headgate_buffer_rule_dropped_records_total{rule="odd \\"name\\"\\n",reason="full"}', 5],
    ['headgate_buffer_rule_dropped_records_total{rule="default",reason="full"}', 0],
    ['headgate_buffer_full', 0],
    ['headgate_uplink_acknowledged_priority_records_total{priority="normal"}', 99],
    ['headgate_mqtt_refused_total{reason="keepalive-timeout"}', 2],
    ['headgate_uplink_state{state="live"}', 1],
    ['headgate_uplink_state{state="waiting"}', 0],
    ['headgate_uplink_last_acknowledged_timestamp_seconds', someTimeMs / 1000 - 1],
    ['headgate_buffer_commit_seconds_bucket{le="0.0005"}', 1],
    ['headgate_buffer_commit_seconds_bucket{le="0.005"}', 3],
    ['headgate_buffer_commit_seconds_bucket{le="2.5"}', 3],
    ['headgate_buffer_commit_seconds_bucket{le="+Inf"}', 4],
    ['headgate_buffer_commit_seconds_count', 4],
  ] as const) {
    assert.equal(samples.get(name), value, name);
  }
  const states = [...samples].filter(([name]) => name.startsWith('headgate_uplink_state{'));
  assert.equal(states.length, 7);
  assert.equal(
    states.reduce((sum, [, value]) => sum + value, 0),
    1,
    'one state at a time',
  );
  assert.ok(samples.get('headgate_process_open_fds')! > 2);
});

test('a second scrape does not add to the first', async () => {
  const metrics = new Metrics(() => composeStatus(healthyParts, someTimeMs));
  await metrics.text();
  assert.equal(parse((await metrics.text()).body).get('headgate_flow_received_messages_total'), 100);
});

test('a rule that is gone has no series any more', async () => {
  const buffers = [[laneStatus('old')], [laneStatus('new')]].map((lanes) => ({ ...healthyParts.buffer, lanes }));
  const metrics = new Metrics(() => composeStatus({ ...healthyParts, buffer: buffers.shift()! }, someTimeMs));
  assert.match((await metrics.text()).body, /rule="old"/);
  assert.doesNotMatch((await metrics.text()).body, /rule="old"/);
});

test('canaries have figures only where they are sent, and an age only once one has come back', async () => {
  const canary = { state: { name: 'overdue', waitedMs: 40_000 }, intervalMs: 60_000, sent: 2, returned: 0 } as const;
  const textWith = async (found: object) => {
    const metrics = new Metrics(() =>
      composeStatus({ ...healthyParts, uplink: { ...healthyParts.uplink, ...found } }, someTimeMs),
    );
    metrics.observeCanary(0.3);
    return parse((await metrics.text()).body);
  };
  assert.ok([...(await textWith({})).keys()].every((name) => !name.includes('canary')));
  const overdue = await textWith({ canary });
  assert.equal(overdue.get('headgate_uplink_canary_overdue'), 1);
  assert.equal(overdue.get('headgate_uplink_canary_age_seconds'), undefined);
  assert.equal(overdue.get('headgate_uplink_canary_seconds_bucket{le="0.25"}'), 0);
  assert.equal(overdue.get('headgate_uplink_canary_seconds_bucket{le="0.5"}'), 1);
  const returned = await textWith({
    canary: {
      ...canary,
      state: { name: 'returned' },
      returned: 1,
      lastRoundTripMs: 300,
      lastReturnedAt: someTimeMs - 9_000,
    },
  });
  assert.equal(returned.get('headgate_uplink_canary_age_seconds'), 9);
  assert.equal(returned.get('headgate_uplink_canary_overdue'), 0);
});

test('a data plan has its figures, and a link that is not metered none', async () => {
  const plan = { month: '2026-11-01', usedBytes: 700, carriedBytes: 50, waiting: { for: 'hours', until: 0 } } as const;
  const figures = async (allowedBytes?: number) => {
    const uplink = { ...healthyParts.uplink, plan: { ...plan, ...(allowedBytes && { allowedBytes }) } };
    const status = composeStatus({ ...healthyParts, uplink }, someTimeMs);
    return parse((await new Metrics(() => status).text()).body);
  };
  const limited = await figures(1_050);
  assert.equal(limited.get('headgate_uplink_wire_bytes_total'), 12_345);
  assert.equal(limited.get('headgate_uplink_plan_used_bytes'), 700);
  assert.equal(limited.get('headgate_uplink_plan_allowed_bytes'), 1_050);
  assert.equal(limited.get('headgate_uplink_plan_waiting{for="hours"}'), 1);
  assert.equal(limited.get('headgate_uplink_plan_waiting{for="month"}'), 0);
  assert.equal((await figures()).has('headgate_uplink_plan_allowed_bytes'), false);
  const { body } = await new Metrics(() => composeStatus(healthyParts, someTimeMs)).text();
  assert.doesNotMatch(body, /_plan_/);
});

test('what profiles could not read is counted by profile, whatever its file is called', async () => {
  const failures = { 'a/b': 2, 'x/"y"': 1 };
  const status = composeStatus(
    { ...healthyParts, profiles: { ...healthyParts.profiles, failedMessages: 3, failures } },
    someTimeMs,
  );
  const { body } = await new Metrics(() => status).text();
  assert.equal(parse(body).get('headgate_profile_failures_total{profile="a/b"}'), 2);
  assert.equal(parse(body).get('headgate_topics_postponed_total'), 0);
  assert.match(body, /^headgate_profile_failures_total\{profile="x\/\\"y\\""\} 1$/m);
});
