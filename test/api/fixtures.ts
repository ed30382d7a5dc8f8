import assert from 'node:assert/strict';
import { RuleBook } from '../../src/admission/rule-book.ts';
import { ruleTermsOf } from '../../src/alarms/rule.ts';
import type { AlarmsApi } from '../../src/api/alarms-routes.ts';
import type { BufferApi } from '../../src/api/buffer-routes.ts';
import type { CommandsApi } from '../../src/api/commands-routes.ts';
import type { DevicesApi } from '../../src/api/devices-routes.ts';
import type { HttpDependencies } from '../../src/api/http-api.ts';
import type { HistoryApi } from '../../src/api/measurements/history-routes.ts';
import type { PublishApi } from '../../src/api/measurements/routes.ts';
import type { RedecodeApi } from '../../src/api/redecode-routes.ts';
import type { RulesApi } from '../../src/api/rules-routes.ts';
import type { TopicsApi } from '../../src/api/topics-routes.ts';
import type { UpkeepApi } from '../../src/api/upkeep-routes.ts';
import { ApplianceDesk } from '../../src/appliance/desk.ts';
import { Certificates } from '../../src/auth/tls/certificates.ts';
import type { HistoryBatch, Window } from '../../src/buffer/history.ts';
import type { ConfigView } from '../../src/config/desk.ts';
import type { Deliver, Message, RecentDelivery } from '../../src/core/message.ts';
import { systemClock, type UnixMs } from '../../src/core/time.ts';
import { Welcome, type WelcomeDependencies } from '../../src/first-run/welcome.ts';
import { composeStatus, type StatusParts } from '../../src/instrumentation/status.ts';
import { silentLog } from '../../src/lib/log.ts';
import { LogLevels } from '../../src/lib/log-levels.ts';
import { LogTail } from '../../src/lib/log-tail.ts';
import { Restart } from '../../src/lib/restart.ts';
import { LiveHub } from '../../src/live/hub.ts';
import { createDecoder } from '../../src/profiles/decoder.ts';
import { draftFor, tryProfile } from '../../src/profiles/workbench.ts';
import { RecordEncoder } from '../../src/wire/record-encoder.ts';
import { MemoryDisk, shelfOn } from '../support/memory-shelf.ts';
import { healthyParts, someTimeMs } from '../support/status.ts';

/** A gateway's rules: one for alarms, and the built-in ones. */
export function rulesApi(): RulesApi {
  const book = new RuleBook([
    { name: 'alarms', match: { topic: 'alarm/#' }, priority: 'critical', ttl: 60_000, forward: true },
  ]);
  const decode = createDecoder({
    deviceTopics: [],
    maxDepth: 8,
    maxFields: 200,
    maxBytes: 1e6,
    profiles: false,
    profileDirs: [],
  });
  return {
    describe: () => book.describe(),
    explain: (message) => book.explainMessage(message, decode(message, 0)),
  };
}

/** A batch whose records, one for each time, were taken in then. */
export function batchOf(
  firstSequence: number,
  times: readonly UnixMs[],
  rest: Partial<HistoryBatch> = {},
): HistoryBatch {
  const encoder = new RecordEncoder();
  const records = times.map((receivedAtMs, index) => {
    const { bytes, start, end } = encoder.encode(
      { deviceId: 'd', fields: [{ name: 'n', value: firstSequence + index }] },
      { source: 'mqtt', topic: 'd', receivedAtMs, clockQuality: 'estimated', priority: 'normal' },
      undefined,
    );
    return Buffer.from(bytes.subarray(start, end));
  });
  return {
    lane: 'default.00000000',
    firstSequence,
    count: times.length,
    records: Buffer.concat(records),
    position: firstSequence - 1,
    takenAtMs: times[0] ?? 0,
    ...rest,
  };
}

/** A buffer that has some batches, and notes what it is asked for. */
export class FakeBuffer implements BufferApi {
  readonly windows: Window[] = [];
  readonly replayed: HistoryBatch[] = [];
  readonly backups: string[] = [];
  readonly batches: readonly HistoryBatch[];
  failure: Error | undefined;
  /** Readers that have not come to their end. */
  reading = 0;

  constructor(batches: readonly HistoryBatch[] = []) {
    this.batches = batches;
  }

  readonly identity = () => ({ gateway: 'hg-1', epoch: 'e-1' });
  readonly replayingRecords = () => 7;

  readonly history = (window: Window) => this.#within(window);

  readonly replay = async (batches: AsyncIterable<HistoryBatch>) => {
    let records = 0;
    for await (const batch of batches) {
      this.replayed.push(batch);
      records += batch.count;
    }
    return records;
  };

  readonly backup = async (directory: string) => {
    if (this.failure !== undefined) throw this.failure;
    this.backups.push(directory);
    return { format: 1, gateway: 'hg-1', epoch: 'e-1', createdAt: '2026-11-22T18:35:13.000Z', version: '1', files: [] };
  };

  async *backupArchive() {
    if (this.failure !== undefined) throw this.failure;
    yield Buffer.from('a');
  }

  async *#within(window: Window) {
    this.windows.push(window);
    this.reading++;
    try {
      if (this.failure !== undefined) throw this.failure;
      for (const batch of this.batches) {
        if (batch.takenAtMs >= window.fromMs && batch.takenAtMs < window.toMs) yield batch;
      }
    } finally {
      this.reading--;
    }
  }
}

/** A way in that takes everything, and keeps it. */
export class FakePublish implements PublishApi {
  readonly taken: Message[] = [];
  failure: Error | undefined;
  readonly identity = () => ({ gateway: 'hg-1', epoch: 'e-1' });
  recentDeliveries: () => readonly RecentDelivery[] = () => [];

  readonly deliver: Deliver = async (message) => {
    if (this.failure !== undefined) throw this.failure;
    this.taken.push(message);
    return message.topic.startsWith('early/') ? {} : { sequence: this.taken.length };
  };
}

const emptyView: ConfigView = {
  ...{ config: {}, revision: 1, overlay: '', keys: {}, pending: [], trial: null, file: null, problem: null },
  restart: { isPossible: false, reason: 'It is a test.' },
};

const noUpkeep: UpkeepApi = {
  ...{ restart: new Restart(false), levels: new LogLevels() },
  about: async () => assert.fail('Nobody asks.'),
  certificates: new Certificates({ listeners: new Map(), directory: '/nowhere', uplink: () => undefined }),
  support: async () => ({ name: 'x', content: Buffer.alloc(0) }),
};

const noCommands: CommandsApi = {
  send: async ({ id, deviceId, name, by }) => ({ id, deviceId, name, ...(by && { by }), revision: 1, state: 'queued' }),
  get: () => undefined,
  ofDevice: () => [],
  watch: () => () => {},
  over: async () => undefined,
};

const noAlarms: AlarmsApi = {
  all: () => [],
  find: () => undefined,
  acknowledge: async () => assert.fail('There are no alarms.'),
  ruleTermsOf,
  builtIn: () => [],
  rules: () => [],
  rule: () => undefined,
  addRule: async () => assert.fail('There are no rules.'),
  replaceRule: async () => assert.fail('There are no rules.'),
  removeRule: async () => {},
};

const noHistory: HistoryApi = {
  maxPoints: 2_000,
  maxPointsOfMany: 200,
  nowMs: someTimeMs,
  oldestMs: 0,
  finestSince: () => 10_000,
  query: async () => ({ kind: 'raw', series: [], leftSeries: 0, losses: [] }),
};

const noDevices: DevicesApi = {
  summaries: () => [],
  describe: () => undefined,
  change: async () => undefined,
  forget: async () => false,
  messages: () => undefined,
};

const noDemo = { isRunning: false, devices: [] };

const noRedecoding: RedecodeApi = {
  status: () => healthyParts.redecode,
  begin: () => healthyParts.redecode,
  cancel: async () => healthyParts.redecode,
};

const refusal = async () => ({ kind: 'refused', status: 404, detail: 'There are no topics.' }) as const;
const noTopics: TopicsApi = { summaries: () => [], adopt: refusal, ignore: refusal, reset: refusal };

/** The first run of a gateway that nobody has ever set up. */
export function welcome(rest: Partial<WelcomeDependencies> = {}): Welcome {
  return new Welcome({
    shelf: shelfOn(new MemoryDisk()),
    now: () => someTimeMs,
    hasPeople: () => false,
    hasUpstream: () => false,
    hasDevices: () => false,
    isKnown: () => true,
    configuredName: undefined,
    id: () => 'hg-1',
    version: '1',
    timeZone: 'UTC',
    network: () => ({ interfaces: {}, hostname: 'pi', hasMdns: false }),
    addresses: () => ({ http: '127.0.0.1:8080', isHttpTls: false, mqtt: '127.0.0.1:1883', mqttTls: null }),
    ...rest,
  });
}

/** What an HTTP API needs, of a gateway that is well. */
export function dependencies(parts: Partial<StatusParts> = {}, rest: Partial<HttpDependencies> = {}): HttpDependencies {
  return {
    options: { host: '127.0.0.1', port: 0, allowedOrigins: [], maxLiveConnections: 50 },
    status: () => composeStatus({ ...healthyParts, ...parts }, someTimeMs),
    metrics: async () => ({ body: 'up 1\n', contentType: 'text/plain; version=0.0.4' }),
    rules: rulesApi(),
    devices: noDevices,
    topics: noTopics,
    editor: {
      draft: draftFor,
      tryOut: tryProfile,
      text: () => undefined,
      save: () => ({ file: '', profiles: 0, changed: [], errors: [] }),
      remove: () => undefined,
    },
    profiles: {
      profiles: () => [],
      profile: () => undefined,
      reload: () => ({ profiles: 0, changed: [], errors: [] }),
    },
    redecode: noRedecoding,
    serial: {
      list: async () => [],
      scan: async () => ({ line: { baud: 9600, format: '8N1' }, bytes: Buffer.alloc(0), guesses: [] }),
    },
    buffer: new FakeBuffer(),
    publish: new FakePublish(),
    commands: noCommands,
    config: {
      view: () => emptyView,
      schema: {},
      ...{ change: () => {}, check: () => {}, changeRules: () => {}, reset: () => {}, confirm: () => {} },
    },
    upkeep: noUpkeep,
    appliance: new ApplianceDesk({ directory: '/nowhere', log: silentLog }),
    history: noHistory,
    alarms: noAlarms,
    live: { feed: new LiveHub({ clock: systemClock, utilisation: () => 0 }), take: () => {}, watch: () => () => {} },
    clock: { status: () => healthyParts.clock, heard: () => ({ name: 'agrees' }) },
    mqtt: { maxPacketSize: 1024, maxUnsentPerClient: 1024, accept: (stream) => stream.destroy() },
    welcome: welcome(),
    demo: { status: () => noDemo, begin: async () => noDemo, end: async () => {} },
    uplinkTest: {
      test: async ({ url }) => ({ url, isOk: true, stages: [], addresses: [], certificate: null, collector: null }),
      plan: () => ({ isEnrolled: false, settings: { uplink: {} }, carryOut: async () => {} }),
    },
    canary: { ask: async () => ({ sequence: 17 }) },
    attempts: { status: () => healthyParts.mqtt, attempts: () => ({ attempts: [], silent: [], silentTotal: 0 }) },
    logs: new LogTail(),
    log: silentLog,
    ...rest,
  };
}
