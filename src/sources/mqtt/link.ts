import type { ClientWindow, Redelivery } from '../redelivery.ts';
import type { Throttle } from './connections.ts';

/** What belongs to one connection. */
export class Link {
  readonly throttle: Throttle;
  readonly #redelivery: Redelivery;
  #window: ClientWindow | undefined;
  #isOpen = true;

  constructor(throttle: Throttle, redelivery: Redelivery) {
    this.throttle = throttle;
    this.#redelivery = redelivery;
  }

  /** False once the connection has ended. */
  get isOpen(): boolean {
    return this.#isOpen;
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
