import type { Outgoing } from './outgoing.ts';
import type { Subscriber } from './subscribers.ts';

/** What the broker knows of a client: while it is connected, and of one whose session outlives its connection, beyond. */
export class Session implements Subscriber {
  readonly id: string;
  /** Whether it outlives its connection. */
  isKept: boolean;
  /** The way to its client; undefined while that is away. */
  outgoing: Outgoing | undefined;

  constructor(id: string, isKept: boolean) {
    this.id = id;
    this.isKept = isKept;
  }

  get isConnected(): boolean {
    return this.outgoing !== undefined;
  }

  get isBusy(): boolean {
    return this.outgoing?.isBusy === true;
  }
}
