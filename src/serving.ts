import { join } from 'node:path';
import type { RuleBook } from './admission/rule-book.ts';
import { GrpcApi } from './api/grpc/grpc-api.ts';
import type { HttpApi } from './api/http-api.ts';
import { connectionLimit } from './api/load-hook.ts';
import { puttingOff } from './api/measurements/history-routes.ts';
import type { TlsStatus } from './api/tls-status.ts';
import { ApplianceDesk } from './appliance/desk.ts';
import type { Auth } from './auth/auth.ts';
import type { RecordBuffer } from './buffer/buffer.ts';
import type { GatewayClock } from './clock/clock.ts';
import type { LocalCommands } from './commands/local-commands.ts';
import type { ConfigDesk } from './config/desk.ts';
import type { Config } from './config/schema.ts';
import type { Take } from './core/message.ts';
import { localPrincipal } from './core/principal.ts';
import type { Decoding } from './decoding.ts';
import { Demo } from './first-run/demo.ts';
import { thisNetwork } from './first-run/reach.ts';
import { Welcome } from './first-run/welcome.ts';
import { httpApi } from './http-parts.ts';
import type { Metrics } from './instrumentation/metrics.ts';
import type { Reporter } from './instrumentation/reporter.ts';
import type { Log, RootLog } from './lib/log.ts';
import { LogLevels } from './lib/log-levels.ts';
import { LogTail } from './lib/log-tail.ts';
import type { Restart } from './lib/restart.ts';
import type { Service } from './lib/service.ts';
import { Load } from './load/load.ts';
import type { LoadStatus } from './load/status.ts';
import { LocalPublish } from './pipeline/local-publish.ts';
import type { MqttSource } from './sources/mqtt/mqtt.ts';
import type { SerialSource } from './sources/serial/serial.ts';
import type { Canary } from './uplink/canary.ts';
import { identityDirectory } from './uplink/credentials.ts';
import { ProbeDesk } from './uplink/probe-desk.ts';
import { agent, version } from './version.ts';
import type { Watching } from './watching.ts';

export interface ServingDependencies {
  readonly config: Config;
  readonly dataDir: string;
  readonly auth: Auth;
  readonly buffer: RecordBuffer;
  readonly rules: RuleBook;
  readonly clock: GatewayClock;
  readonly decoding: Decoding;
  readonly watching: Watching;
  readonly mqtt: MqttSource;
  readonly serial: SerialSource;
  readonly commands: LocalCommands;
  readonly configDesk: ConfigDesk;
  readonly canary: Pick<Canary, 'ask'>;
  /** The way into the flow. */
  readonly take: Take;
  readonly reporter: Reporter;
  readonly metrics: Metrics;
  readonly identity: () => { readonly gateway: string; readonly epoch: string };
  /** What the log keeps, and what is written of it. */
  readonly root: Pick<RootLog, 'tail' | 'verbosity'>;
  readonly restart: Restart;
  /** The log of a part. */
  readonly log: (part: string) => Log;
}

/** What people and programs beside the gateway reach: the third part of the composition root. */
export class Serving {
  readonly http: HttpApi;
  readonly grpc: GrpcApi;
  readonly load: Load;
  readonly welcome: Welcome;
  readonly services: readonly Service[];
  readonly demo: Demo;

  constructor(deps: ServingDependencies) {
    const { config, dataDir, buffer, rules, clock, decoding, mqtt, serial, reporter, metrics, identity, log } = deps;
    const { maxPendingBytes } = config.buffer;
    this.load = new Load({
      options: config.limits,
      pendingShare: () => buffer.status().pendingBytes / maxPendingBytes,
      isFull: () => buffer.status().lanes.some(({ gate }) => gate === 'blocked'),
      shedSlow: () => deps.watching.live.shedSlow(),
      now: () => clock.monotonic(),
      log: log('load'),
    });
    const watch = this.load.counted(({ id }, end) => deps.auth.book.watch(id, end));
    const live = this.load.guarded(deps.watching.live);
    const publish = new LocalPublish({
      take: deps.take,
      handOn: mqtt.requests.handOn,
      maxTopicLevels: config.mqtt.maxTopicLevels,
      maxPayloadBytes: config.mqtt.maxPacketSize,
      refusalOfBulk: this.load.refusalOfBulk,
    });
    this.welcome = welcomeOf(deps, () => this.http);
    const appliance = new ApplianceDesk({ directory: join(dataDir, 'update'), log: log('appliance') });
    this.services = [this.load, this.welcome, appliance];
    this.demo = demoOf(deps);
    this.http = httpApi({
      ...{ config, auth: deps.auth, identity, metrics, clock, rules, decoding, mqtt, serial, buffer, publish, live },
      ...{ commands: deps.commands, restart: deps.restart, watch },
      ...{ logs: deps.root.tail ?? new LogTail(), levels: deps.root.verbosity ?? new LogLevels() },
      configDesk: deps.configDesk,
      load: this.load,
      welcome: this.welcome,
      ...{ demo: this.demo, appliance },
      history: deps.watching.history,
      alarms: deps.watching.alarms,
      uplinkTest: new ProbeDesk({
        ...{ options: config.uplink, directory: identityDirectory(dataDir), agent, now: clock.now },
        gateway: () => identity().gateway,
      }),
      canary: deps.canary,
      bufferDirectory: join(dataDir, 'buffer'),
      status: () => reporter.status(),
      log: log('http'),
    });
    this.grpc = new GrpcApi({
      options: config.grpc,
      certificate: deps.auth.tls(config.grpc.tls, 'grpc.tls')?.certificate,
      identify: ({ address, authorization }) => deps.auth.ofCall(address, authorization),
      watch,
      isServing: () => ['ready', 'degraded'].includes(reporter.status().health.state),
      publish: publish.take,
      admit: this.load.admitMessage,
      admitCall: (principal, address) => this.load.take('requests', 1, principal, address),
      mayConnect: connectionLimit(config.limits.connectionsPerAddress, () => this.load.connectionRefused()),
      devices: decoding.registry,
      history: puttingOff(deps.watching.history.queries, () => this.load.admitRead()),
      commands: deps.commands,
      feed: live,
      log: log('grpc'),
    });
  }

  status(): TlsStatus & { readonly load: LoadStatus } {
    const tls = { http: this.http.certificate ?? null, grpc: this.grpc.certificate ?? null };
    return { load: this.load.status(), tls };
  }
}

/** Simulated devices: who looks on sees them, and the buffer does not. */
function demoOf({ buffer, clock, decoding: { registry }, watching, log }: ServingDependencies): Demo {
  return new Demo({
    ...{ shelf: buffer.shelf, clock, heard: registry.heard, log: log('demo') },
    devices: async () => (await import('./cli/demo/simulated.ts')).simulatedDevices(1),
    onlooker: () => watching.onlooker,
    known: () => registry.summaries(),
    forget: (id) => registry.forget(id),
  });
}

/** What pages have to know first. @param http asked when somebody asks */
function welcomeOf(
  { config, auth, buffer, clock, decoding, mqtt, identity }: ServingDependencies,
  http: () => HttpApi,
) {
  return new Welcome({
    shelf: buffer.shelf,
    now: clock.now,
    hasPeople: () => auth.book.hasPeople,
    hasUpstream: () => config.uplink.url !== undefined,
    hasDevices: () => decoding.registry.status().total > 0,
    isKnown: (id) => id === localPrincipal.id || auth.book.find(id) !== undefined,
    configuredName: config.gateway.name,
    id: () => identity().gateway,
    version,
    timeZone: new Intl.DateTimeFormat().resolvedOptions().timeZone,
    network: thisNetwork,
    addresses: () => {
      const { address, tls } = mqtt.status();
      const { publicPort, tls: httpTls } = config.http;
      return { http: http().address, isHttpTls: httpTls.enabled, publicPort, mqtt: address, mqttTls: tls };
    },
  });
}
