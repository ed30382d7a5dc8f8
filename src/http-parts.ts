import { dirname, join } from 'node:path';
import type { RuleBook } from './admission/rule-book.ts';
import type { Alarms } from './alarms/alarms.ts';
import type { BufferApi } from './api/buffer-routes.ts';
import { withBuses } from './api/bus-ports.ts';
import { HttpApi } from './api/http-api.ts';
import type { LiveApi } from './api/live/live-routes.ts';
import { rulesApi } from './api/rules-api.ts';
import type { ApplianceDesk } from './appliance/desk.ts';
import type { Auth } from './auth/auth.ts';
import { backUp } from './buffer/backup.ts';
import { backupArchive } from './buffer/backup-archive.ts';
import type { RecordBuffer } from './buffer/buffer.ts';
import type { GatewayClock } from './clock/clock.ts';
import type { LocalCommands } from './commands/local-commands.ts';
import type { ConfigDesk } from './config/desk.ts';
import type { Config } from './config/schema.ts';
import type { LiveFeed } from './core/live.ts';
import type { Decoding } from './decoding.ts';
import type { Demo } from './first-run/demo.ts';
import type { Welcome } from './first-run/welcome.ts';
import type { History } from './history/history.ts';
import type { Metrics } from './instrumentation/metrics.ts';
import type { GatewayStatus } from './instrumentation/status.ts';
import type { Log } from './lib/log.ts';
import type { LogLevels } from './lib/log-levels.ts';
import type { LogTail } from './lib/log-tail.ts';
import type { Restart } from './lib/restart.ts';
import type { Load } from './load/load.ts';
import type { LocalPublish } from './pipeline/local-publish.ts';
import type { MqttSource } from './sources/mqtt/mqtt.ts';
import type { SerialSource } from './sources/serial/serial.ts';
import { setFiles } from './upkeep/set-files.ts';
import { upkeepOf } from './upkeep-parts.ts';
import type { Canary } from './uplink/canary.ts';
import type { ProbeDesk } from './uplink/probe-desk.ts';
import { version } from './version.ts';

/** What HTTP shows and changes. */
export interface HttpParts {
  readonly config: Config;
  readonly identity: () => { readonly gateway: string; readonly epoch: string };
  readonly status: () => GatewayStatus;
  readonly metrics: Metrics;
  readonly clock: GatewayClock;
  readonly rules: RuleBook;
  readonly decoding: Decoding;
  readonly serial: SerialSource;
  readonly mqtt: MqttSource;
  readonly publish: LocalPublish;
  readonly commands: LocalCommands;
  readonly load: Load;
  readonly welcome: Welcome;
  readonly uplinkTest: ProbeDesk;
  readonly canary: Pick<Canary, 'ask'>;
  readonly demo: Demo;
  readonly configDesk: ConfigDesk;
  readonly history: History;
  readonly live: LiveFeed;
  /** Of connections that stay open. */
  readonly watch: LiveApi['watch'];
  readonly alarms: Alarms;
  readonly appliance: ApplianceDesk;
  readonly buffer: RecordBuffer;
  /** Where its files are. */
  readonly bufferDirectory: string;
  readonly auth: Auth;
  readonly logs: LogTail;
  readonly levels: LogLevels;
  readonly restart: Restart;
  readonly log: Log;
}

/** The HTTP server, wired to the parts. */
export function httpApi(parts: HttpParts): HttpApi {
  const { config, identity, status, metrics, clock, rules, decoding, serial, buffer, publish, auth, log } = parts;
  return new HttpApi({
    options: config.http,
    redirectPort: config.http.tls.redirectPort,
    certificate: auth.tls(config.http.tls, 'http.tls')?.certificate,
    status,
    metrics: () => metrics.text(),
    rules: rulesApi(rules, decoding.decodeAside),
    devices: decoding.registry,
    profiles: decoding.api,
    editor: decoding.editor,
    topics: decoding.topics,
    redecode: decoding.redecoder,
    serial: withBuses(serial, () => status().modbus.buses),
    buffer: bufferApi(parts),
    commands: parts.commands,
    load: parts.load,
    welcome: parts.welcome,
    attempts: parts.mqtt,
    uplinkTest: parts.uplinkTest,
    canary: parts.canary,
    demo: parts.demo,
    connectionsPerAddress: config.limits.connectionsPerAddress,
    config: parts.configDesk,
    publish: {
      ...{ identity, deliver: publish.deliver, admit: parts.load.admitMessage },
      recentDeliveries: () => buffer.deliveries,
    },
    history: parts.history.queries,
    alarms: parts.alarms,
    live: {
      feed: parts.live,
      take: publish.take,
      admit: parts.load.admitMessage,
      watch: parts.watch,
    },
    clock: { status: () => clock.status(), heard: (...told) => clock.heard(...told) },
    mqtt: { ...config.mqtt, accept: (stream) => parts.mqtt.accept(stream) },
    auth,
    ...{ logs: parts.logs, log },
    upkeep: upkeepOf(parts),
    appliance: parts.appliance,
  });
}

function bufferApi({ buffer, bufferDirectory, config, identity, clock }: HttpParts): BufferApi {
  const about = { version, now: clock.now, set: () => setFiles(dirname(bufferDirectory)) };
  return {
    identity,
    replayingRecords: () => buffer.archive.replayingRecords,
    history: (window) => buffer.archive.history(window),
    replay: (batches) => buffer.archive.replay(batches),
    backup: (directory) => backUp(buffer, { ...about, directory, bufferDirectory, bytes: buffer.status().diskBytes }),
    backupArchive: () =>
      backupArchive(buffer, {
        directory: join(dirname(bufferDirectory), 'backup.part'),
        pieceBytes: config.buffer.segmentBytes,
        ...about,
      }),
  };
}
