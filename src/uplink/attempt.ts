import { messageOf } from '../core/errors.ts';
import type { MonotonicMs } from '../core/time.ts';
import { formatDuration } from '../core/units.ts';
import { type Address, addressesOf, type Lookup, systemLookup } from './addresses.ts';
import { Conversation } from './conversation.ts';
import { urlFault } from './option-checks.ts';
import type { ConversationDependencies, ConversationEvents, Ending, Target } from './stage.ts';

export interface AttemptDependencies extends ConversationDependencies {
  /** Finds the addresses of a host name. Default: as the system does. */
  readonly lookup?: Lookup;
  /** What has to be done before a collector is dialled, see `first-enrolment.ts`; resolves to why it can't be. */
  readonly prepare?: (url: string) => Promise<Ending | undefined>;
}

/** `open`: to go on with it. `probe`: to see whether it is there, see {@link Conversation.probe}. */
export type Purpose = 'open' | 'probe';

type Step =
  /** Not begun, or over. */
  | { readonly name: 'closed' }
  | { readonly name: 'looking-up'; readonly timer: NodeJS.Timeout }
  /** At one of the addresses; `left` are those that come next, `reasons` is why others failed. */
  | {
      readonly name: 'trying';
      readonly conversation: Conversation;
      readonly left: readonly Address[];
      readonly reasons: readonly string[];
    }
  /** One of them has answered: the rest is the conversation's. */
  | { readonly name: 'standing'; readonly conversation: Conversation; readonly since: MonotonicMs };

/** A connection that stands for so long without being used is as good as one that was. */
const workedAfterMs = 30_000;

/**
 * One attempt at one collector: its name is looked up, and its addresses are tried one after the other until one answers.
 * From then on what happens in the conversation is handed on. It ends once, whichever way.
 */
export class Attempt {
  readonly #deps: AttemptDependencies;
  readonly #events: ConversationEvents;
  readonly url: string;
  /** Its place in the list, the preferred one being 0. */
  readonly collector: number;
  #step: Step = { name: 'closed' };
  #hasAcknowledged = false;
  #wasWelcomed = false;

  constructor(deps: AttemptDependencies, collector: number, url: string, events: ConversationEvents) {
    this.#deps = deps;
    this.collector = collector;
    this.url = url;
    this.#events = events;
  }

  start(purpose: Purpose): void {
    const { options, lookup = systemLookup, random = Math.random, prepare = ready } = this.#deps;
    const timer = setTimeout(() => {
      this.#end({
        kind: 'lost',
        reason: `the host name could not be looked up within ${formatDuration(options.connectTimeout)}`,
      });
    }, options.connectTimeout);
    const step: Step = { name: 'looking-up', timer };
    this.#step = step;
    const fault = urlFault(this.url);
    if (fault !== undefined) {
      this.#end({ kind: 'rejected', reason: `uplink.url is ${this.url}, ${fault}` });
      return;
    }
    const look = async (): Promise<void> => {
      const obstacle = await prepare(this.url);
      if (this.#step !== step) return;
      if (obstacle !== undefined) {
        this.#end(obstacle);
        return;
      }
      const addresses = await addressesOf(this.url, lookup, random);
      if (this.#step === step) this.#try(purpose, addresses, []);
    };
    look().catch((error: unknown) => {
      if (this.#step === step) this.#end({ kind: 'lost', reason: lookupReason(error) });
    });
  }

  /** Ends it at once; nothing more is told. */
  close(): void {
    const step = this.#step;
    this.#step = { name: 'closed' };
    if (step.name === 'looking-up') clearTimeout(step.timer);
    if (step.name === 'trying' || step.name === 'standing') step.conversation.close();
  }

  /** The conversation that is tried, or stands. */
  get conversation(): Conversation | undefined {
    return this.#step.name === 'trying' || this.#step.name === 'standing' ? this.#step.conversation : undefined;
  }

  /** A collector has answered. */
  get isStanding(): boolean {
    return this.#step.name === 'standing';
  }

  /** A collector has said welcome. */
  get wasWelcomed(): boolean {
    return this.#wasWelcomed;
  }

  /** It has done what it is for: something was acknowledged, or it stood for a while with nothing that had to be. */
  hasWorked(ending: Ending, now: MonotonicMs): boolean {
    return this.#hasAcknowledged || (ending.kind !== 'stalled' && this.stoodMs(now) >= workedAfterMs);
  }

  /** How long it has stood. */
  stoodMs(now: MonotonicMs): number {
    return this.#step.name === 'standing' ? now - this.#step.since : 0;
  }

  /** Over what time the collector wants its gateways to come back; 0 when it has not said. */
  get reconnectSpreadMs(): number {
    return this.conversation?.reconnectSpreadMs ?? 0;
  }

  #try(purpose: Purpose, [address, ...left]: readonly Address[], reasons: readonly string[]): void {
    if (this.#step.name === 'looking-up') clearTimeout(this.#step.timer);
    if (address === undefined) {
      // In an order that does not change with that of the attempts.
      const all = [...new Set(reasons)].sort().join('; ');
      this.#end({ kind: 'lost', reason: all === '' ? 'the host name has no address' : all });
      return;
    }
    const conversation = new Conversation(this.#deps, targetAt(this.url, address), {
      onThere: () => {
        this.#stand(conversation);
        this.#events.onThere?.();
      },
      onWelcome: () => {
        this.#wasWelcomed = true;
        this.#stand(conversation);
        this.#events.onWelcome();
      },
      onAcknowledged: (settled) => {
        this.#hasAcknowledged = true;
        this.#events.onAcknowledged(settled);
      },
      onChange: () => this.#events.onChange(),
      onEnd: (ending) => {
        // What one of its addresses refuses, the others would too.
        if (this.isStanding || ending.kind !== 'lost') this.#end(ending);
        else this.#try(purpose, left, [...reasons, ending.reason]);
      },
    });
    this.#step = { name: 'trying', conversation, left, reasons };
    try {
      if (purpose === 'probe') conversation.probe();
      else conversation.open();
    } catch (error) {
      this.#end({ kind: 'rejected', reason: messageOf(error) });
    }
  }

  #stand(conversation: Conversation): void {
    if (!this.isStanding) this.#step = { name: 'standing', conversation, since: this.#deps.clock.monotonic() };
  }

  #end(ending: Ending): void {
    if (this.#step.name === 'closed') return;
    // Whoever is told may still ask how it was.
    this.#events.onEnd(ending);
    this.close();
  }
}

/** Nothing has to be done first. */
const ready = async (): Promise<undefined> => undefined;

function targetAt(url: string, address: Address): Target {
  const { port, protocol } = new URL(url);
  const host = address.family === 6 ? `[${address.ip}]` : address.ip;
  return { url, address, at: `${host}:${port || (protocol === 'https:' ? 443 : 80)}` };
}

function lookupReason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ENOTFOUND' || code === 'ENODATA') return `the host name is unknown (${code})`;
  if (code === 'EAI_AGAIN') return `the host name can not be looked up at present (${code})`;
  return `the host name can not be looked up (${messageOf(error)})`;
}
