import type { ClientWindow, Redelivery } from '../redelivery.ts';
import type { Throttle } from './connections.ts';
import type { ClientLimits, Outgoing } from './outgoing.ts';
import type { Session } from './session.ts';

/** Topics up to this length are not counted, in characters: a connection has few aliases. */
const maxPlainTopic = 1024;
/** Of all longer topics that aliases of a connection have stood for. */
const maxAliasedLength = 65_536;

/** What belongs to one connection. */
export class Link {
  readonly throttle: Throttle;
  /** What its client said of itself; undefined before CONNECT. */
  limits: ClientLimits | undefined;
  /** Undefined before CONNACK. */
  session: Session | undefined;
  outgoing: Outgoing | undefined;
  /** Counts a message of so many bytes; tells for how long, in ms, no more is to be read. Undefined: its client may send as much as it likes. */
  meter: ((bytes: number) => number) | undefined;
  /** Settled when its last change of subscriptions is through. */
  lastChange: Promise<void> = Promise.resolve();
  /** What it has published, allowed or not. */
  messages = 0;
  readonly #redelivery: Redelivery;
  #window: ClientWindow | undefined;
  #isOpen = true;
  #aliasedLength = 0;

  constructor(throttle: Throttle, redelivery: Redelivery) {
    this.throttle = throttle;
    this.#redelivery = redelivery;
  }

  /** False once the connection has ended. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Its client has published. */
  published(bytes: number): void {
    this.messages++;
    if (this.meter === undefined || !this.#isOpen) return;
    const ms = this.meter(bytes);
    if (ms > 0) this.throttle.rest(ms);
  }

  /** Another topic that an alias stands for. @returns whether all of them together are short enough to be kept */
  remembers(topic: string): boolean {
    this.#aliasedLength += topic.length > maxPlainTopic ? topic.length : 0;
    return this.#aliasedLength <= maxAliasedLength;
  }

  /** What its client has sent lately. Most clients that listen, and those that send with QoS 0, never need one. */
  windowOf(clientId: string): ClientWindow {
    if (this.#window === undefined) {
      this.#window = this.#redelivery.of(clientId);
      this.#window.connected();
    }
    return this.#window;
  }

  /** Something came from the client that is no message. */
  heard(): void {
    this.#window?.heard();
  }

  closed(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#window?.disconnected();
  }
}
