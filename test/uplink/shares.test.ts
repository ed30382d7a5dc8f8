import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Pace } from '../../src/uplink/pace.ts';
import { type Share, Shares } from '../../src/uplink/shares.ts';

/** Sends `count` uploads of these sizes while both shares have something, and says what each got. */
function race(liveShare: number, sizes: Record<Share, number>, count: number, before?: (shares: Shares) => void) {
  const shares = new Shares(liveShare);
  before?.(shares);
  const got = { live: 0, backlog: 0 };
  for (let n = 0; n < count; n++) {
    const [share] = shares.order;
    shares.sent(share, sizes[share]);
    got[share] += sizes[share];
  }
  return got;
}

test('while both have something, each gets its share of the bytes, whatever its uploads are', () => {
  const size = fc.integer({ min: 100, max: 300_000 });
  fc.assert(
    fc.property(fc.double({ min: 0.05, max: 0.95, noNaN: true }), size, size, (liveShare, live, backlog) => {
      const got = race(liveShare, { live, backlog }, 20_000);
      const slack = 2 * Math.max(live, backlog);
      assert.ok(Math.abs(got.live - liveShare * (got.live + got.backlog)) <= slack, JSON.stringify(got));
    }),
    { numRuns: 30 },
  );
});

test('live goes first with equal claims, and a share of 0 or 1 leaves the other what nobody wants', () => {
  assert.deepEqual(new Shares(0.5).order, ['live', 'backlog']);
  assert.equal(race(0, { live: 100, backlog: 100 }, 1_000).live, 100);
  assert.equal(race(1, { live: 100, backlog: 100 }, 1_000).backlog, 100);
  // The order always names both: whoever has nothing is passed over.
  assert.deepEqual([...new Shares(0).order].sort(), ['backlog', 'live']);
});

test('who had nothing for a while has neither saved it up nor lost its place', () => {
  const onlyBacklog = (shares: Shares): void => {
    for (let n = 0; n < 1_000; n++) shares.sent('backlog', 1_000);
  };
  const { live, backlog } = race(0.5, { live: 1_000, backlog: 1_000 }, 100, onlyBacklog);
  assert.ok(Math.abs(live - backlog) <= 2_000, `${live} ${backlog}`);
});

const mebibyte = 2 ** 20;
/** What a live record may take longer than twice its time: two by the pace itself, and one because it is milliseconds that count. */
const toleranceMs = 3;

/** What a new one allows while there are live records. */
function newLimit(): number {
  const pace = new Pace();
  pace.live(-1, 0);
  pace.live(0, 0);
  return pace.limitBytes(0);
}

/**
 * A link that carries so many bytes a millisecond, in the order in which they are sent, to a collector that takes 5 ms to
 * acknowledge. There is a live record of 100 bytes every 10 ms, and a backlog that takes all that it may, within a window
 * of 4 MiB.
 */
function paced(bytesPerMs: (now: number) => number, seconds: number, hasBacklog = true) {
  const pace = new Pace();
  pace.live(-10, 0);
  const took: number[] = [];
  const underWay: { share: Share; bytes: number; sentAt: number; dueAt: number }[] = [];
  let backlogBytes = 0;
  let freeAt = 0;
  let paused = 0;
  for (let now = 0; now < seconds * 1000; now++) {
    const send = (share: Share, bytes: number): void => {
      freeAt = Math.max(freeAt, now) + bytes / bytesPerMs(now);
      underWay.push({ share, bytes, sentAt: now, dueAt: freeAt + 5 });
      if (share === 'backlog') backlogBytes += bytes;
    };
    while (underWay.length > 0 && underWay[0]!.dueAt <= now) {
      const { share, bytes, sentAt } = underWay.shift()!;
      const before = backlogBytes;
      if (share === 'backlog') backlogBytes -= bytes;
      else pace.liveTook(now - sentAt, sentAt, now, before);
      if (share === 'live') took.push(now - sentAt);
    }
    if (now % 10 === 0) {
      pace.live(now, backlogBytes);
      send('live', 100);
    }
    if (pace.isPaused(now)) paused++;
    else if (hasBacklog) {
      const limit = Math.min(4 * mebibyte, pace.limitBytes(now));
      while (backlogBytes < limit) send('backlog', Math.floor(Math.min(256 * 1024, limit / 4)));
    }
  }
  return { pace, took, paused, limit: pace.limitBytes(seconds * 1000) };
}

const p95 = (all: readonly number[]): number => [...all].sort((a, b) => a - b)[Math.floor(all.length * 0.95)]!;

test('without live records a backlog has no limit of its own, and gets none back soon after the last', () => {
  const pace = new Pace();
  assert.equal(pace.limitBytes(0), Number.POSITIVE_INFINITY);
  pace.live(1_000, 0);
  // One alone, a canary perhaps, is nobody to be held up.
  assert.equal(pace.limitBytes(1_001), Number.POSITIVE_INFINITY);
  pace.live(1_100, 0);
  assert.ok(pace.limitBytes(2_999) < mebibyte);
  assert.equal(pace.limitBytes(3_000), Number.POSITIVE_INFINITY);
});

for (const bytesPerMs of [100, 2_000, 50_000, 500_000]) {
  test(`at ${bytesPerMs} bytes a millisecond live records take twice their time at the most, now and later`, () => {
    const { took, limit, paused } = paced(() => bytesPerMs, 600);
    for (const part of [took.slice(2_000, 5_000), took.slice(-3_000)]) {
      // The 4 KiB that are always allowed, on the slowest.
      assert.ok(p95(part) <= 2 * 5 + toleranceMs + 4_096 / bytesPerMs, `${p95(part)} ms`);
    }
    assert.ok(limit >= Math.max(4_096, 2 * bytesPerMs), `${limit} bytes`);
    assert.ok(paused <= 600 * 10, `${paused} ms of pauses`);
  });
}

test('a link that becomes slower or faster is noticed', () => {
  const slower = paced((now) => (now < 60_000 ? 50_000 : 5_000), 180);
  assert.ok(p95(slower.took.slice(-3_000)) <= 2 * 5 + toleranceMs);
  const faster = paced((now) => (now < 60_000 ? 5_000 : 50_000), 180);
  assert.ok(faster.limit >= 100_000, `${faster.limit} bytes`);
});

test('a pause ends, also when no acknowledgement or no further live record comes', () => {
  const pace = new Pace();
  pace.live(-10, 100);
  assert.equal(pace.isPaused(0), false);
  pace.live(0, 100);
  assert.equal(pace.isPaused(10), true);
  pace.live(1_500, 100);
  assert.equal(pace.isPaused(1_999), true);
  assert.equal(pace.isPaused(2_000), false);
  const silent = new Pace();
  silent.live(-10, 100);
  silent.live(0, 100);
  assert.equal(silent.isPaused(2_000), false);
});

test('what is not used does not grow, and does not shrink for delays that it has nothing to do with', () => {
  assert.equal(paced(() => 1e9, 60, false).limit, newLimit());
  const pace = new Pace();
  pace.live(-1, 0);
  pace.live(0, 0);
  pace.liveTook(5, 0, 5, 0);
  for (let now = 10; now < 1_000; now += 10) pace.liveTook(500, now, now + 5, 0);
  assert.equal(pace.limitBytes(1_000), newLimit());
});

test('where live records wait for processors and not for the link, the backlog is sent more slowly, and not at all slowly', () => {
  const pace = new Pace();
  pace.live(-10, 0);
  const capacity = 20_000;
  const took: number[] = [];
  const live: { sentAt: number; dueAt: number }[] = [];
  /** Bytes of the backlog that are acknowledged after a millisecond, whatever the load: little is ever under way. */
  let sentNow = 0;
  let busy = 0;
  let total = 0;
  for (let now = 0; now < 120_000; now++) {
    const before = sentNow;
    // How busy the processors have been over the last fifty milliseconds or so.
    busy += (before / capacity - busy) / 50;
    sentNow = 0;
    while (live.length > 0 && live[0]!.dueAt <= now)
      pace.liveTook(now - live[0]!.sentAt, live.shift()!.sentAt, now, before);
    if (now % 10 === 0) {
      pace.live(now, before);
      const delay = Math.round(3 + (busy > 0.5 ? 40 * (busy - 0.5) : 0));
      took.push(delay);
      live.push({ sentAt: now, dueAt: now + delay });
      live.sort((a, b) => a.dueAt - b.dueAt);
    }
    while (!pace.isPaused(now) && pace.restMs(now) === 0 && sentNow < capacity) {
      pace.backlog(2_000, now);
      sentNow += 2_000;
    }
    total += sentNow;
  }
  assert.ok(p95(took.slice(1_000)) <= 2 * 3 + toleranceMs, `${p95(took.slice(1_000))} ms`);
  assert.ok(total / 120_000 >= capacity * 0.4, `${Math.round(total / 120_000)} of ${capacity} bytes a millisecond`);
});

test('a backlog that has nobody beside it has no rate', () => {
  const pace = new Pace();
  for (let now = 0; now < 100; now++) {
    assert.equal(pace.restMs(now), 0);
    pace.backlog(10_000_000, now);
  }
});

test('live records that are late whatever the backlog does can not stop it', () => {
  const pace = new Pace();
  pace.live(-10, 0);
  pace.live(0, 0);
  pace.liveTook(1, 0, 1, 0);
  let sent = 0;
  for (let now = 10; now < 10_000; now++) {
    if (now % 10 === 0) {
      pace.live(now, 1);
      pace.liveTook(500, now, now, 1);
    }
    while (pace.restMs(now) === 0) {
      pace.backlog(4_000, now);
      sent += 4_000;
    }
  }
  assert.ok(sent >= 0.9 * 10_000 * 1_000, `${sent} bytes in ten seconds`);
});
