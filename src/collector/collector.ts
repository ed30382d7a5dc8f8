import { type Clock, systemClock } from '../core/time.ts';
import type { Log } from '../lib/log.ts';
import type { Service } from '../lib/service.ts';
import type { AdminHandlers } from './admin/handlers.ts';
import type { AdminContext } from './admin/service.ts';
import { ensureAdminToken } from './admin/token.ts';
import { CollectorCommands } from './commands/collector-commands.ts';
import { commandHandlers } from './commands/command-handlers.ts';
import { Committer, type SinkHealth } from './committer.ts';
import type { Companion } from './companion.ts';
import { Farewell } from './farewell.ts';
import { Lineages } from './lineages.ts';
import { OpenStreams } from './open-streams.ts';
import type { CollectorSettings } from './options.ts';
import { ownFile } from './own-file.ts';
import { reconnectSpreadMs } from './reconnect-spread.ts';
import type { Verdict } from './security/authorise.ts';
import { Security } from './security/security.ts';
import type { GrpcServer } from './server.ts';
import type { Peer } from './session.ts';
import { parseSink, sinkText } from './sink.ts';
import { SinkThread } from './sink-thread.ts';
import type { StateStore } from './state-store.ts';
import type { GatewayStream, StreamContext } from './stream.ts';

export interface CollectorStatus {
  readonly address: string;
  readonly sink: string;
  readonly health: SinkHealth;
  /** Gateways that have said hello and are connected. */
  readonly gateways: readonly Peer[];
  /** New records made durable since the start; duplicates don't count. */
  readonly records: number;
  /** Transactions or fsyncs since the start. */
  readonly commits: number;
}

/** How long a gateway that does not answer may hold up a stop, once all that it is owed has been written to it. */
const farewellMs = 1000;
/** How long a command that is over is remembered when nothing is configured: a week. */
const keepCommandsMs = 7 * 86_400_000;

/**
 * The cloud side of the uplink: takes records from gateways over gRPC, makes them durable in its sink, and acknowledges
 * them then, not before.
 */
export class Collector implements Service {
  readonly name = 'collector';
  readonly #options: CollectorSettings;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #helloTimeoutMs: number;
  readonly #streams = new OpenStreams<GatewayStream>();
  #sink: SinkThread | undefined;
  #committer: Committer | undefined;
  #state: StateStore | undefined;
  #stopWatching: (() => void) | undefined;
  readonly #farewell = new Farewell();
  #commands: CollectorCommands | undefined;
  #server: GrpcServer | undefined;
  /** Gateways that had ever been here when it started. */
  #knownGateways = 0;

  /** @param helloTimeoutMs how long a stream's first message may take */
  constructor(options: CollectorSettings, log: Log, clock: Clock = systemClock, helloTimeoutMs = 10_000) {
    this.#options = options;
    this.#log = log;
    this.#clock = clock;
    this.#helloTimeoutMs = helloTimeoutMs;
  }

  /** @throws HeadgateError `config.invalid`, `data.*`, `port.*` or `address.*` */
  async start(): Promise<void> {
    const { host, port, sink, nats } = this.#options;
    const note = (message: string) => this.#log.warn({ sink: sinkText(sink) }, message);
    this.#sink = new SinkThread(parseSink(sink), note, nats);
    this.#committer = new Committer(this.#sink, this.#log, this.#clock);
    try {
      // grpc-js takes its time to load: the sink opens meanwhile.
      const [{ serve }] = await Promise.all([import('./server.ts'), this.#sink.open()]);
      this.#state = await openState(this.#options, this.#log);
      const security = await Security.open(this.#options, this.#state, this.#clock, this.#log);
      const lineages = new Lineages(this.#state, this.#clock);
      this.#knownGateways = await lineages.count();
      const watches = [
        lineages.watch(
          (gateway) => this.#streams.of(gateway),
          (stream) => stream.input({ name: 'superseded' }),
        ),
        security.watch((gateway, verdict) => this.#denied(gateway, verdict)),
      ];
      this.#stopWatching = () => {
        for (const stop of watches) stop();
      };
      const { keepCommands = keepCommandsMs } = this.#options;
      this.#commands = new CollectorCommands(this.#state, this.#clock, this.#log, keepCommands);
      this.#commands.start();
      const context = this.#context(this.#committer, lineages, security, this.#companions(security));
      const admin = await this.#admin(this.#state, security);
      this.#server = await serve(host, port, context, (stream) => this.#streams.opened(stream), admin, security);
    } catch (error) {
      await this.#letGo();
      throw error;
    }
  }

  /** Sends the gateways away, commits and acknowledges what has arrived, then ends every stream. */
  async stop(deadline: AbortSignal): Promise<void> {
    const late = aborted(deadline);
    const connectionsEnd = this.#server?.close();
    await Promise.race([this.#farewell.say(), late]);
    await Promise.race([this.#committer?.idle(), late]);
    for (const stream of this.#streams) stream.input({ name: 'stopping' });
    this.#server?.dismiss();
    const patience = setTimeout(() => this.#server?.destroy(), farewellMs);
    await Promise.race([connectionsEnd, late]);
    clearTimeout(patience);
    await Promise.race([this.#letGo(), late]);
  }

  /** `HOST:PORT` it listens on; empty when it is not started. */
  get address(): string {
    return this.#server?.address ?? '';
  }

  status(): CollectorStatus {
    return {
      address: this.address,
      sink: sinkText(this.#options.sink),
      health: this.#committer?.health ?? { name: 'working' },
      gateways: this.#streams.peers,
      records: this.#committer?.records ?? 0,
      commits: this.#committer?.commits ?? 0,
    };
  }

  /** What travels on gateways' streams beside records. */
  #companions(security: Security): readonly Companion[] {
    return [this.#farewell, security, ...(this.#commands === undefined ? [] : [this.#commands])];
  }

  /** What administrators may ask for. */
  #adminHandlers(state: StateStore, security: Security): readonly Partial<AdminHandlers>[] {
    const isConnected = (gateway: string): boolean => this.#streams.of(gateway).length > 0;
    const commands = this.#commands === undefined ? [] : [commandHandlers(this.#commands.store, this.#clock)];
    return [security.handlers(state, isConnected), ...commands];
  }

  async #admin(state: StateStore, security: Security): Promise<Omit<AdminContext, 'isSecure'>> {
    const tokenFile = this.#options.admin?.tokenFile ?? ownFile(this.#options, 'admin-token');
    if (this.#options.admin?.tokenFile === undefined) await ensureAdminToken(tokenFile);
    const handlers = Object.assign({}, ...this.#adminHandlers(state, security)) as Partial<AdminHandlers>;
    return { handlers, tokenFile, log: this.#log };
  }

  #context(
    committer: Committer,
    lineages: Lineages,
    security: Security,
    companions: readonly Companion[],
  ): StreamContext {
    return {
      limits: {
        windowBytes: this.#options.windowBytes,
        helloTimeoutMs: this.#helloTimeoutMs,
        agent: 'headgate-collector',
      },
      committer,
      clock: this.#clock,
      log: this.#log,
      companions,
      lineages,
      reconnectSpreadMs: () => reconnectSpreadMs(this.#gateways, this.#options.welcomesPerSecond),
      authorise: (gateway, evidence, from) => security.authorise(gateway, evidence, from),
      greeted: (stream, peer) => this.#greeted(stream, peer),
      gone: (stream) => this.#streams.gone(stream),
    };
  }

  /** How many gateways may come back at once. */
  get #gateways(): number {
    return Math.max(this.#knownGateways, this.#streams.mostGateways);
  }

  #greeted(stream: GatewayStream, peer: Peer): void {
    for (const before of this.#streams.greeted(stream, peer)) before.input({ name: 'superseded' });
  }

  /** A gateway is not let in any more. */
  #denied(gateway: string, verdict: Verdict & { readonly name: 'refused' }): void {
    for (const stream of this.#streams.of(gateway)) stream.input({ ...verdict, name: 'denied' });
  }

  async #letGo(): Promise<void> {
    this.#stopWatching?.();
    this.#server?.destroy();
    this.#server = undefined;
    await this.#sink?.close();
    this.#sink = undefined;
    await this.#commands?.close();
    this.#commands = undefined;
    await this.#state?.close();
    this.#state = undefined;
  }
}

/** What the collector remembers beside records lies beside them. */
async function openState({ sink, nats }: CollectorSettings, log: Log): Promise<StateStore> {
  const address = parseSink(sink);
  if (address.kind === 'nats') {
    const { openNatsState } = await import('./nats-state-store.ts');
    return await openNatsState(address, nats, log);
  }
  const { SqliteStateStore } = await import('./sqlite-state-store.ts');
  return new SqliteStateStore(`${address.path}.collector`);
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
