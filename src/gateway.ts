import { join, resolve } from 'node:path';
import { RuleBook } from './admission/rule-book.ts';
import { Auth } from './auth/auth.ts';
import { RecordBuffer } from './buffer/buffer.ts';
import { faultsFromEnvironment } from './buffer/disk-faults.ts';
import type { DiskFaults } from './buffer/worker-protocol.ts';
import { GatewayClock } from './clock/clock.ts';
import { LinuxMachine } from './clock/machine.ts';
import { EmbeddedCollector } from './collector/embedded.ts';
import { collectorSettings, embeddedSink } from './collector/own-file.ts';
import { sinkText } from './collector/sink.ts';
import { Commands } from './commands/commands.ts';
import { ConfigKeeper } from './config/keeper.ts';
import type { ConfigSources } from './config/load.ts';
import type { Config } from './config/schema.ts';
import type { Request } from './core/decoded.ts';
import type { Message } from './core/message.ts';
import { systemClock } from './core/time.ts';
import { Decoding } from './decoding.ts';
import { Metrics } from './instrumentation/metrics.ts';
import { type PartStatus, Reporter } from './instrumentation/reporter.ts';
import { noteFormats, prepareDataDirectory } from './lib/data-directory.ts';
import type { Log, RootLog } from './lib/log.ts';
import type { Restart } from './lib/restart.ts';
import { type Service, ServiceGroup } from './lib/service.ts';
import { Flow, type Own } from './pipeline/flow.ts';
import { Serving } from './serving.ts';
import { Bridges } from './sources/bridge/bridges.ts';
import { ModbusSource } from './sources/modbus/modbus.ts';
import { MqttSource } from './sources/mqtt/mqtt.ts';
import { SerialSource } from './sources/serial/serial.ts';
import { type Canary, canaryOf } from './uplink/canary.ts';
import { CollectorClock } from './uplink/collector-clock.ts';
import { CommandLink } from './uplink/command-link.ts';
import { Credentials, identityDirectory } from './uplink/credentials.ts';
import { enrolOnce } from './uplink/first-enrolment.ts';
import { Lineage } from './uplink/lineage.ts';
import { Renewal } from './uplink/renewal.ts';
import { Uplink } from './uplink/uplink.ts';
import { wireMeter } from './uplink/wire-meter.ts';
import { agent, version } from './version.ts';
import { tellingOf, Watching } from './watching.ts';
import { encodeGap } from './wire/gap-encoder.ts';

/** The composition root: makes every part from the configuration and wires them, left to right. */
export class Gateway {
  readonly #config: Config;
  readonly #log: RootLog;
  readonly #dataDir: string;
  readonly #clock: GatewayClock;
  readonly #buffer: RecordBuffer;
  readonly #rules: RuleBook;
  readonly #decoding: Decoding;
  readonly #watching: Watching;
  readonly #flow: Flow;
  readonly #mqtt: MqttSource;
  readonly #serial: SerialSource;
  readonly #modbus: ModbusSource;
  readonly #bridges: Bridges;
  readonly #commands: Commands;
  readonly #uplink: Uplink;
  readonly #canary: Canary;
  readonly #collector: EmbeddedCollector | undefined;
  readonly reporter: Reporter;
  /** How it is, once the thread that writes to the disk has answered. */
  readonly pulse = () => this.#buffer.shelf.entries('pulse').then(() => this.reporter.status().health.summary);
  readonly #serving: Serving;
  readonly #auth: Auth;
  readonly #services: ServiceGroup;

  /**
   * @param sources where the configuration is read again while the gateway runs; without them, it stays as it is
   * @param restart what starts it again, if something does
   * @param faults what tests ask of the disk
   */
  constructor(
    config: Config,
    log: RootLog,
    sources: ConfigSources | undefined,
    restart: Restart,
    faults: DiskFaults = faultsFromEnvironment(),
  ) {
    this.#config = config;
    this.#log = log;
    this.#dataDir = resolve(config.dataDir);
    const part = (name: string): Log => log.child({ part: name });
    const clock = new GatewayClock({
      machine: new LinuxMachine(config.clock),
      buffer: () => this.#buffer,
      log: part('clock'),
    });
    this.#clock = clock;
    const metrics = new Metrics(() => this.reporter.status());
    this.#buffer = new RecordBuffer({
      options: config.buffer,
      directory: join(this.#dataDir, 'buffer'),
      clock,
      log: part('buffer'),
      encodeGap: (gap, nowMs) => encodeGap(gap, { receivedAtMs: nowMs, clockQuality: clock.quality() }),
      corrections: clock.corrections,
      uplink: {
        isLive: () => this.#uplink.isLive(),
        acknowledgeMs: () => this.#uplink.acknowledgeMs(),
        underWay: (lane) => this.#uplink.underWay(lane),
      },
      faults,
      onCommit: (ms) => metrics.observeCommit(ms / 1000),
    });
    const identity = identityDirectory(this.#dataDir);
    const whoMay = { options: config.auth, directory: identity, clock, buffer: this.#buffer, log: part('auth') };
    this.#auth = new Auth(whoMay);
    this.#rules = new RuleBook(config.rules);
    this.#buffer.rulesChanged(this.#rules.handlings);
    this.#decoding = new Decoding({
      config,
      buffer: this.#buffer,
      rules: this.#rules,
      clock,
      report: (topic, payload) => this.#flow.report(topic, payload),
      log: part,
    });
    const { decode, registry, words, serial: profiles, modbus } = this.#decoding;
    const { heard } = registry;
    const publish = (request: Request, to: Message): void => {
      if (!this.#bridges.request(request, to)) this.#mqtt.requests.publish(request);
    };
    const stores = { buffer: this.#buffer, rules: this.#rules, clock };
    const own = { mqtt: () => this.#mqtt.own, tell: (said: Own) => this.#flow.tell(said) };
    const told = { decoding: this.#decoding, ...own, status: () => this.reporter.status() };
    this.#watching = new Watching({ ...stores, ...told, config, dataDir: this.#dataDir, log: part });
    this.#flow = new Flow({ ...stores, decode, heard, publish, onlooker: this.#watching.onlooker });
    const recentDeliveries = () => this.#buffer.deliveries;
    const devicesChanged = () => this.#commands.devicesChanged();
    const intake = { take: this.#flow.take, shelf: this.#buffer.shelf, recentDeliveries, devicesChanged };
    this.#mqtt = new MqttSource({
      ...intake,
      ...this.#auth.forMqtt(config.mqtt),
      ...{ options: config.mqtt, load: () => this.#serving.load },
      operatingMs: () => this.#buffer.operatingMs,
      commands: {
        answered: (device, id, payload) => this.#commands.answered(device, id, payload),
        devicesChanged,
        native: words,
      },
      telling: tellingOf(registry, () => this.reporter.status()),
      log: part('mqtt'),
    });
    this.#serial = new SerialSource({ ...intake, options: config.serial, profiles, log: part('serial') });
    this.#modbus = new ModbusSource({ ...intake, options: config.modbus, profiles: modbus, log: part('modbus') });
    this.#bridges = new Bridges({
      ...intake,
      options: config.bridges,
      gateway: () => this.#identity().gateway,
      ownBroker: () => [this.#mqtt.address, this.#serving.http.address],
      native: words,
      topicsOf: (deviceId) => registry.describe(deviceId)?.topics ?? [],
      log: part('bridge'),
    });
    const settings = new ConfigKeeper({
      ...{ sources, running: config, restart, log: part('config') },
      onRules: (rules) => this.#changeRules(rules),
      onReread: () => this.#decoding.reload(),
      follow: ({ serial, log: { level } }) => {
        log.verbosity?.setUsual(level);
        return ['log.level', ...(this.#serial.follow(serial) ? ['serial.ports'] : [])];
      },
      isOnTrial: () => this.#commands.status().remoteConfig === 'trial',
    });
    this.#commands = new Commands({
      options: config.commands,
      shelf: this.#buffer.shelf,
      carriers: [this.#mqtt.devices, this.#bridges, this.#serial.devices, this.#modbus.devices],
      check: (deviceId, name, payload) => words.obstacle({ deviceId, name, payload }),
      remote: settings.remote,
      redial: () => this.#uplink.redial('a configuration is on trial'),
      operatingMs: () => this.#buffer.operatingMs,
      wallMs: () => (clock.quality() === 'unset' ? undefined : clock.now()),
      log: part('commands'),
    });
    this.#watching.follow(this.#commands.local);
    const sink = embeddedSink(config, this.#dataDir);
    this.#collector =
      sink === undefined
        ? undefined
        : new EmbeddedCollector(collectorSettings(config.collector, sink, this.#dataDir), part('collector'));
    this.#canary = canaryOf(config.uplink, {
      send: (payload) => this.#flow.report('headgate/canary', payload),
      isConnected: () => this.#uplink.isConnected,
      clock,
      log: part('uplink'),
      onReturn: (ms) => metrics.observeCanary(ms / 1_000),
    });
    this.#uplink = new Uplink({
      options: config.uplink,
      urls: () => config.uplink.url ?? [this.#collector!.url],
      identity: () => this.#identity(),
      agent,
      buffer: this.#canary.watch(this.#buffer),
      credentials: new Credentials(config.uplink, identity),
      prepare: (url) => enrolOnce(config.uplink, url, this.#identity().gateway, identity, part('uplink')),
      lineage: new Lineage(this.#buffer.shelf, part('uplink')),
      meter: wireMeter(config.uplink.plan, this.#buffer.shelf, clock, part('uplink')),
      clock,
      log: part('uplink'),
      companions: [
        new CommandLink(this.#commands),
        // A collector on this machine has no clock of its own, and gives out no certificates.
        ...(config.uplink.url === undefined
          ? []
          : [
              new CollectorClock((...told) => clock.heard('collector', ...told)),
              new Renewal(identity, () => this.#identity().gateway, systemClock, part('uplink')),
            ]),
      ],
    });
    this.reporter = new Reporter(() => this.#parts(), clock);
    this.#serving = new Serving({
      ...{ ...stores, config, metrics, dataDir: this.#dataDir },
      watching: this.#watching,
      ...{ decoding: this.#decoding, mqtt: this.#mqtt, serial: this.#serial, reporter: this.reporter },
      ...{ auth: this.#auth, take: this.#flow.take, commands: this.#commands.local },
      ...{ configDesk: settings.desk, canary: this.#canary },
      ...{ identity: () => this.#identity(), log: part, root: log, restart },
    });
    const { http, grpc, demo } = this.#serving;
    // Started sink first and stopped source first: what a part hands on always has somewhere to go.
    const existing = (...all: (Service | undefined)[]): Service[] => all.filter((one) => one !== undefined);
    this.#services = new ServiceGroup([
      existing(this.#buffer, this.reporter, http, this.#collector),
      [clock, ...this.#serving.services],
      [this.#commands, this.#decoding, this.#decoding.redecoder, ...this.#watching.services],
      [this.#auth, this.#uplink], // Nobody is let in before all that they are told of is loaded.
      existing(this.#mqtt, this.#bridges, this.#serial, this.#modbus, grpc, demo, this.#canary, settings.watch),
      [settings.trial],
    ]);
  }

  async start(signal: AbortSignal): Promise<void> {
    prepareDataDirectory(this.#dataDir);
    await this.#services.start(signal);
    noteFormats(this.#dataDir);
    this.reporter.enter('running');
  }

  async stop(deadline: AbortSignal): Promise<void> {
    this.reporter.enter('stopping');
    await this.#services.stop(deadline, (name) => this.#log.warn({ stuck: name }, 'A part did not stop in time.'));
  }

  /** From the next message on; what is buffered stays under the rule that it came in with. */
  #changeRules(rules: Config['rules']): void {
    if (this.#rules.replace(rules)) this.#buffer.rulesChanged(this.#rules.handlings);
  }

  /** Where it listens, as `host:port`, once started. */
  get addresses(): { readonly [part in 'mqtt' | 'http' | 'grpc' | 'collector']?: string } {
    const { http, grpc } = this.#serving;
    return {
      mqtt: this.#mqtt.address,
      http: http.address,
      ...(grpc.address !== '' && { grpc: grpc.address }),
      ...(this.#collector && { collector: this.#collector.address }),
    };
  }

  #identity(): { readonly gateway: string; readonly epoch: string } {
    const { gateway, epoch } = this.#buffer.identity;
    return { gateway: this.#config.gateway.id ?? gateway, epoch };
  }

  #parts(): PartStatus {
    const { gateway: id, epoch } = this.#identity();
    const { sink } = this;
    return {
      id,
      epoch,
      version,
      clock: this.#clock.status(),
      mqtt: this.#mqtt.status(),
      serial: this.#serial.status(),
      modbus: this.#modbus.status(),
      bridges: this.#bridges.status(),
      flow: this.#flow.status(),
      buffer: this.#buffer.status(),
      uplink: { ...this.#uplink.status(), canary: this.#canary.told },
      devices: this.#decoding.registry.status(),
      profiles: this.#decoding.status(),
      redecode: this.#decoding.redecoder.status(),
      ...{ commands: this.#commands.status(), ...this.#serving.status() },
      ...this.#watching.status(),
      collector: (this.#collector && sink && { address: this.#collector.address, sink }) || null,
    };
  }

  /** Where the embedded collector writes, without passwords; undefined when it doesn't run. */
  get sink(): string | undefined {
    const sink = embeddedSink(this.#config, this.#dataDir);
    return sink && sinkText(sink);
  }
}
