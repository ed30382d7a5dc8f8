import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import { type HeadgateError, messageOf } from '../core/errors.ts';
import type { Clock } from '../core/time.ts';
import type { Interval } from '../lib/intervals.ts';
import type { Log } from '../lib/log.ts';
import { powerCut, powerCutSoon } from '../lib/power-cut.ts';
import { MalformedError } from '../lib/proto-cursor.ts';
import { ConnectResponse } from '../wire/generated/headgate/v1/uplink.ts';
import type { Committer, Owner, Settled } from './committer.ts';
import type { CollectorMessage, Companion, GatewayMessage, Line } from './companion.ts';
import type { Proposal } from './lineage.ts';
import type { Lineages } from './lineages.ts';
import { type Request, readRequest } from './request.ts';
import type { Evidence, Verdict } from './security/authorise.ts';
import {
  type Peer,
  type SessionEffect,
  type SessionInput,
  type SessionLimits,
  type SessionState,
  step,
} from './session.ts';
import { patienceWith, Silence } from './silence.ts';

/** Runs that a welcome names at most; what lies beyond is sent again, and known for a duplicate. */
const maxWelcomeRuns = 10_000;

/** What a stream needs from the collector. */
export interface StreamContext {
  readonly limits: SessionLimits;
  readonly committer: Committer;
  readonly clock: Clock;
  readonly log: Log;
  readonly companions: readonly Companion[];
  /** Over what time gateways should come back that lose this collector, in whole milliseconds. */
  readonly reconnectSpreadMs: () => number;
  /** Whether who shows this may speak for a gateway. @throws HeadgateError `sink.failed` */
  authorise(gateway: string, evidence: Evidence, from: string): Promise<Verdict>;
  /** A gateway has said who it is: whoever spoke for it before is superseded. */
  greeted(stream: GatewayStream, peer: Peer): void;
  /** Which copy of a gateway's data goes on. */
  readonly lineages: Pick<Lineages, 'propose' | 'confirm'>;
  /** The stream is over. */
  gone(stream: GatewayStream): void;
}

/** The shell of one session: carries what the gRPC stream and the sink say into {@link step}, and its effects out. */
export class GatewayStream implements Owner {
  readonly #call: ServerDuplexStream<Buffer, Uint8Array>;
  readonly #evidence: Evidence;
  readonly #context: StreamContext;
  #state: SessionState = { name: 'greeting' };
  #helloTimer: NodeJS.Timeout | undefined;
  readonly #silence: Silence;
  #peer: Peer | undefined;
  /** What the companions know this stream by; undefined before the welcome, and for gateways that know none of them. */
  #line: Line | undefined;
  #proposal: Proposal | undefined;
  #lineage: string | undefined;
  #isClosed = false;

  /** @param evidence by what the other end shows who it is */
  constructor(call: ServerDuplexStream<Buffer, Uint8Array>, evidence: Evidence, context: StreamContext) {
    this.#call = call;
    this.#evidence = evidence;
    this.#context = context;
    this.#silence = new Silence({
      clock: context.clock,
      isDeaf: () => call.isPaused(),
      probe: () => call.write(ConnectResponse.encode({ message: { $case: 'ping', value: { nonce: 0n } } }).finish()),
      silent: (seconds) => this.input({ name: 'silent', seconds }),
    });
  }

  /** Starts to listen to the stream. */
  open(): void {
    const call = this.#call;
    this.#helloTimer = setTimeout(() => this.input({ name: 'hello-timeout' }), this.#context.limits.helloTimeoutMs);
    call.on('data', (bytes: Buffer) => {
      this.#silence.heard();
      this.input(inputOf(bytes));
    });
    call.on('end', () => this.input({ name: 'finished' }));
    call.on('cancelled', () => this.#close());
    call.on('close', () => this.#close());
    // An end with a status comes as an error too; what went wrong with the connection, the close says as well.
    call.on('error', () => {});
  }

  get peer(): Peer | undefined {
    return this.#peer;
  }

  /** The one that the gateway has confirmed; undefined before, and for those that know nothing of lineages. */
  get lineage(): string | undefined {
    return this.#lineage;
  }

  input(input: SessionInput): void {
    const { state, effects } = step(this.#state, input, this.#context.limits);
    this.#state = state;
    if (state.name !== 'greeting') clearTimeout(this.#helloTimer);
    for (const effect of effects) this.#perform(effect);
  }

  settled(settled: Settled): void {
    this.input({ name: 'settled', settled });
    powerCutSoon('collector: acknowledgement sent');
  }

  failed(error: HeadgateError): void {
    this.input({ name: 'sink-failed', reason: error.message });
  }

  #perform(effect: SessionEffect): void {
    switch (effect.name) {
      case 'send':
        this.#call.write(effect.bytes);
        return;
      case 'ask':
        this.#silence.start(patienceWith(effect.hello.heardEverySeconds));
        void this.#ask(effect);
        return;
      case 'adopt':
        void this.#adopt(effect.lineage);
        return;
      case 'welcomed':
        this.#welcomed(effect.peer, effect.version);
        return;
      case 'hand-on':
        this.#handOn(effect.message);
        return;
      case 'commit':
        powerCut('collector: upload received');
        this.#context.committer.add(this, { ...effect.peer, upload: effect.upload }, effect.plainBytes);
        return;
      case 'pause':
        this.#call.pause();
        return;
      case 'resume':
        this.#call.resume();
        return;
      case 'end':
        this.#end(effect);
    }
  }

  #welcomed(peer: Peer, version: number): void {
    if (version < 2) return;
    const send = (message: CollectorMessage): void => {
      if (this.#line === line) this.#call.write(ConnectResponse.encode({ message }).finish());
    };
    const line: Line = { peer, send };
    this.#line = line;
    for (const companion of this.#context.companions) companion.connected?.(line);
  }

  #handOn(message: GatewayMessage): void {
    const line = this.#line;
    if (line !== undefined) this.#context.companions.some((companion) => companion.received?.(line, message) === true);
  }

  #hangUp(): void {
    const line = this.#line;
    this.#line = undefined;
    if (line !== undefined) for (const companion of this.#context.companions) companion.gone?.(line);
  }

  async #ask({ peer, from, hello, version }: SessionEffect & { name: 'ask' }): Promise<void> {
    const { committer, lineages, clock, log, reconnectSpreadMs } = this.#context;
    const where = this.#call.getPeer();
    powerCut('collector: hello received');
    let durable: readonly Interval[];
    try {
      // Before anything else: who only says that it is a gateway must not supersede it, nor hear anything of it.
      const verdict = await this.#context.authorise(peer.gateway, this.#evidence, where);
      if (verdict.name === 'refused') {
        this.input({ ...verdict, name: 'denied' });
        return;
      }
      if (this.#state.name !== 'welcoming') return;
      this.#peer = peer;
      log.info({ ...peer, agent: hello.agent, from: where }, 'A gateway connected.');
      // Before anything is told of what is durable: a copy would take its own records for delivered.
      if (version >= 2) {
        const { lineages: said, takesOver } = hello;
        const decision = await lineages.propose({ ...peer, lineages: said, takesOver }, where);
        if (decision.name === 'refused') {
          this.input(decision);
          return;
        }
        this.#proposal = decision.proposal;
        powerCut('collector: lineage proposed');
      }
      if (this.#state.name !== 'welcoming') return;
      this.#context.greeted(this, peer);
      durable = await committer.progress(peer.gateway, peer.epoch, from, maxWelcomeRuns);
    } catch (error) {
      this.input({ name: 'sink-failed', reason: messageOf(error) });
      return;
    }
    const lineage = this.#proposal;
    const progress = { name: 'progress', durable, now: clock.now(), reconnectSpreadMs: reconnectSpreadMs() } as const;
    this.input(lineage === undefined ? progress : { ...progress, lineage });
    powerCutSoon('collector: welcome sent');
  }

  async #adopt(confirmed: string): Promise<void> {
    if (this.#proposal === undefined) return;
    powerCut('collector: confirmation received');
    try {
      const decision = await this.#context.lineages.confirm(this.#proposal, confirmed, this.#call.getPeer());
      if (decision.name === 'accepted') this.#lineage = confirmed;
      powerCut('collector: lineage adopted');
      this.input(decision.name === 'accepted' ? { name: 'adopted' } : decision);
    } catch (error) {
      this.input({ name: 'sink-failed', reason: messageOf(error) });
    }
  }

  #end({ status: name, reason }: SessionEffect & { name: 'end' }): void {
    this.#hangUp();
    // Who was not let in is told of once, not each time that it asks.
    const isStranger = this.#peer === undefined && (name === 'PERMISSION_DENIED' || name === 'UNAUTHENTICATED');
    if (!isStranger) this.#context.log.info({ ...this.#peer, status: name, reason }, 'A gateway’s stream ends.');
    if (name === 'OK') this.#call.end();
    // grpc-js takes a status from an error: it ends the call with it.
    else this.#call.emit('error', { code: status[name], details: reason });
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#hangUp();
    const wasOpen = this.#state.name !== 'ended';
    clearTimeout(this.#helloTimer);
    this.#silence.stop();
    this.input({ name: 'closed' });
    if (wasOpen && this.#peer !== undefined)
      this.#context.log.info({ ...this.#peer }, 'A gateway’s connection is gone.');
    this.#context.gone(this);
  }
}

function inputOf(bytes: Buffer): SessionInput {
  let request: Request;
  try {
    request = readRequest(bytes);
  } catch (error) {
    if (error instanceof MalformedError) return { name: 'malformed', reason: error.message };
    throw error;
  }
  return { name: 'request', request };
}
