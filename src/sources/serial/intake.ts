import { HeadgateError } from '../../core/errors.ts';
import type { Bearer, DeliveryKey, Message, Take } from '../../core/message.ts';

export interface IntakeDependencies {
  /** The way in, as messages tell it. */
  readonly source: string;
  readonly take: Take;
  /** So many may be under way before the device has to wait. */
  readonly maxInFlight: number;
  /** When what was refused is offered again. */
  readonly retryMs: number;
  /** The device has to wait, or may go on. */
  readonly onPause: (isPaused: boolean) => void;
}

interface Held {
  readonly number: number;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly delivery: DeliveryKey | undefined;
  readonly taken: (() => void) | undefined;
}

/**
 * The way of a line's frames into the flow. A device on a line sends nothing twice, so a frame that was refused is held and
 * offered again, in its order, and meanwhile nothing more is read.
 */
export class Intake {
  readonly #deps: IntakeDependencies;
  #underWay = 0;
  #held: Held[] = [];
  #retry: NodeJS.Timeout | undefined;
  #isPaused = false;
  #isOver = false;
  #frames = 0;
  #lost = 0;

  constructor(deps: IntakeDependencies) {
    this.#deps = deps;
  }

  get frames(): number {
    return this.#frames;
  }

  /** Frames that were taken by nobody when the gateway stopped. */
  get lost(): number {
    return this.#lost;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** @param taken called when its record is as durable as its rule asks */
  push(topic: string, payload: Uint8Array, delivery?: DeliveryKey, taken?: () => void): void {
    const frame: Held = { number: this.#frames++, topic, payload, delivery, taken };
    if (this.#held.length > 0) this.#held.push(frame);
    else this.#offer(frame);
    this.#pace();
  }

  /** Nothing is offered again after this. */
  stop(): void {
    this.#isOver = true;
    clearTimeout(this.#retry);
    this.#lost += this.#held.length;
    this.#held = [];
  }

  #offer(frame: Held): void {
    this.#underWay++;
    const { topic, payload, delivery } = frame;
    const message: Message = { source: this.#deps.source, topic, payload, ...(delivery && { delivery }) };
    const bearer: Bearer = {
      taken: () => {
        frame.taken?.();
        this.#settled();
      },
      refused: (error) => this.#refused(frame, error),
    };
    this.#deps.take(message, bearer);
  }

  #settled(): void {
    this.#underWay--;
    this.#pace();
  }

  #refused(frame: Held, error: Error): void {
    this.#underWay--;
    if (this.#isOver || (error instanceof HeadgateError && error.code === 'buffer.closed')) {
      this.#lost++;
      return;
    }
    this.#held.push(frame);
    this.#retry ??= setTimeout(() => this.#offerAgain(), this.#deps.retryMs);
    this.#pace();
  }

  #offerAgain(): void {
    this.#retry = undefined;
    // Some may have come in between two that were refused one after the other.
    for (const frame of this.#held.splice(0).sort((a, b) => a.number - b.number)) this.#offer(frame);
    this.#pace();
  }

  #pace(): void {
    const { maxInFlight, onPause } = this.#deps;
    const isPaused = this.#isPaused
      ? this.#held.length > 0 || this.#underWay > maxInFlight / 2
      : this.#held.length > 0 || this.#underWay >= maxInFlight;
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    onPause(isPaused);
  }
}
