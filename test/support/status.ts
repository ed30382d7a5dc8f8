import { emptyCounts } from '../../src/buffer/ledger.ts';
import type { LaneStatus } from '../../src/buffer/status.ts';
import type { DropReason } from '../../src/core/handling.ts';
import type { HistoryStatus } from '../../src/history/status.ts';
import type { StatusParts } from '../../src/instrumentation/status.ts';
import { newRun, statusOf } from '../../src/pipeline/redecode/status.ts';

/** 2026-11-22T18:35:13.000Z */
export const someTimeMs = Date.UTC(2026, 10, 22, 18, 35, 13);

/** Of a history with something in it. */
export const someHistory: HistoryStatus = {
  state: 'ready',
  failure: null,
  series: 12,
  storedSeries: 15,
  points: 1_200,
  leftPoints: { late: 0, ahead: 0, duplicate: 3, unusable: 4, 'too-many-series': 0, disk: 0 },
  evictedSeries: 1,
  recentBytes: 65_536,
  diskBytes: 5_000_000,
  usedBytes: 4_000_000,
  maxBytes: 1e9,
  writtenBytes: 6_000_000,
  commits: 7,
  lastCommitMs: 3.5,
  tiers: {
    '10s': { bytes: 1_000_000, blocks: 100, oldest: '2026-11-21T18:00:00.000Z' },
    '1m': { bytes: 900_000, blocks: 100, oldest: '2026-11-15T18:00:00.000Z' },
    '15m': { bytes: 800_000, blocks: 100, oldest: '2026-11-01T00:00:00.000Z' },
    '1h': { bytes: 700_000, blocks: 100, oldest: '2025-11-22T00:00:00.000Z' },
  },
  expiredBlocks: 8,
  evictedBlocks: 9,
  damagedRows: 0,
  putAside: null,
};

/** What the parts of a healthy, idle gateway say. */
export const healthyParts: StatusParts = {
  id: 'hg-1',
  epoch: 'e-1',
  version: '0.1.0',
  startedAtMs: someTimeMs - 60_000,
  phase: 'running',
  clock: {
    quality: 'synced',
    source: 'ntp',
    now: someTimeMs,
    boot: 'b-1',
    aheadOfSystemMs: 0,
    contradictions: [],
  },
  serial: { ports: [] },
  modbus: { buses: [] },
  bridges: [],
  mqtt: {
    tls: null,
    address: '127.0.0.1:1883',
    connections: 3,
    connectionsTotal: 5,
    refused: { 'keepalive-timeout': 2 },
    skippedDeliveries: {},
    duplicates: 1,
  },
  flow: { received: 100, confirmed: 99, refused: 1, undecoded: 7 },
  profiles: {
    loaded: 3,
    errors: [],
    failedMessages: 0,
    failures: {},
    topics: { templates: 0, forgotten: 0, postponed: 0, decisions: 0, adoptions: 0, unkept: 0 },
  },
  redecode: statusOf(newRun()),
  history: someHistory,
  tls: { http: null, grpc: null },
  buffer: {
    state: 'open',
    waitingRecords: 0,
    waitingBytes: 0,
    lastSequence: 99,
    pendingBytes: 0,
    commits: 42,
    diskBytes: 61_808,
    maxBytes: 1e9,
    roomBytes: 1e9,
    commitMs: { last: 1.5, max: 20 },
    ledger: { ...emptyCounts(), received: 99, delivered: 99 },
    lanes: [],
    flashBytes: { local: 0, anywhere: 0, relaxed: 0, memory: 0 },
    damages: [],
    refused: 0,
  },
  uplink: {
    state: { name: 'live' },
    url: 'http://127.0.0.1:50052',
    address: '127.0.0.1:50052',
    collectors: [{ url: 'http://127.0.0.1:50052', isCurrent: true }],
    attempts: 1,
    since: someTimeMs - 50_000,
    lastAcknowledgedAt: someTimeMs - 1_000,
    acknowledgedRecords: 99,
    acknowledgedBytes: 9_900,
    acknowledgedByPriority: { critical: 0, normal: 99, bulk: 0 },
    inFlightBytes: 0,
    compression: 'none',
    wireBytes: 12_345,
    connections: 1,
  },
  live: {
    subscriptions: 2,
    audiences: 1,
    full: 1,
    queued: 5,
    events: 70,
    kept: 60,
    keptBytes: 6_000,
    delivered: 120,
    missed: { coalesced: 3, overrun: 4 },
    gaps: 2,
    lost: { silent: 0, unread: 1, garbage: 0 },
    resets: { epoch: 1, expired: 0, unknown: 0 },
    frozen: 1,
  },
  alarms: {
    active: { info: 0, warning: 0, critical: 0 },
    acknowledged: { info: 0, warning: 0, critical: 0 },
    pending: 2,
    critical: [],
    rules: 3,
    raised: 6,
    cleared: 4,
    left: 0,
    values: { unusable: 1, late: 0 },
    told: { records: 12, owed: 0, dropped: 0 },
    webhook: null,
  },
  devices: {
    total: 9,
    online: 5,
    stale: 1,
    offline: 2,
    unknown: 1,
    ignored: 3,
    unregisteredMessages: 4,
    lessons: { topics: 2, bytes: 300, refused: 0 },
  },
  load: {
    level: 'normal',
    reason: null,
    shed: { reads: 1, publishes: 2, live: 3 },
    limited: { requests: 3, messages: 4, bytes: 5, connections: 6 },
  },
  commands: {
    queued: 0,
    sent: 0,
    total: { queued: 0, sent: 0, acknowledged: 0, failed: 0, expired: 0, unknown: 0 },
    strayAnswers: 0,
    remoteConfig: 'none',
  },
  collector: { address: '127.0.0.1:50052', sink: 'sqlite:/data/records.db' },
  process: { pid: 1, rssBytes: 1e8, cpuSeconds: 2, eventLoopDelayMs: { p50: 0, p99: 1, max: 2 } },
  rates: { receivedPerSecond: 12.5, confirmedPerSecond: 12, acknowledgedPerSecond: 11 },
};

/** An idle lane, but for what is said. */
export function laneStatus(
  rule: string,
  { dropped, ...rest }: Partial<LaneStatus> & { readonly dropped?: Partial<Record<DropReason, number>> } = {},
): LaneStatus {
  const counts = emptyCounts();
  return {
    lane: `${rule}.00000000`,
    rule,
    priority: 'normal',
    durability: 'local',
    gate: 'open',
    waitingRecords: 0,
    waitingBytes: 0,
    diskBytes: 0,
    ledger: { ...counts, dropped: { ...counts.dropped, ...dropped } },
    ...rest,
  };
}
