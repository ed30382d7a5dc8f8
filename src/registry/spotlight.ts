import type { Message } from '../core/message.ts';
import type { MonotonicMs, UnixMs } from '../core/time.ts';
import type { Device } from './device.ts';

/** A message of a device, as it came. */
export interface HeardMessage {
  /** Counts those that were seen since somebody looks, from 1. */
  readonly number: number;
  readonly receivedAtMs: UnixMs;
  readonly source: string;
  readonly topic: string;
  /** Undefined: it did not come over MQTT. */
  readonly mqttQos: 0 | 1 | 2 | undefined;
  /** A broker had kept it. */
  readonly isRetained: boolean;
  readonly payloadBytes: number;
  /** How its payload begins, up to 2,000 bytes. */
  readonly payload: Uint8Array;
}

const maxMessages = 50;
const maxPayload = 2_000;
/** Devices that are looked at, at once: so many people don't. */
export const maxSpotlights = 20;
/** Whoever looks asks again before that. */
const idleMs = 60_000;

/** The newest messages of a device that somebody looks at. Of all others nothing is kept. */
export class Spotlight {
  readonly #messages: HeardMessage[] = [];
  #askedAtMs: MonotonicMs = 0;
  #number = 0;

  /** Called for each of its messages. */
  note({ source, topic, mqttQos, isRetained, payload }: Message, receivedAtMs: UnixMs): void {
    if (this.#messages.length >= maxMessages) this.#messages.shift();
    this.#messages.push({
      ...{ number: ++this.#number, receivedAtMs, source, topic, mqttQos },
      isRetained: isRetained ?? false,
      payloadBytes: payload.byteLength,
      payload: Uint8Array.from(payload.subarray(0, maxPayload)),
    });
  }

  /** Somebody looks. @returns the newest first */
  ask(nowMs: MonotonicMs): readonly HeardMessage[] {
    this.#askedAtMs = nowMs;
    return this.#messages.toReversed();
  }

  isOver(nowMs: MonotonicMs): boolean {
    return nowMs - this.#askedAtMs > idleMs;
  }

  get askedAtMs(): MonotonicMs {
    return this.#askedAtMs;
  }
}

/** Turns a device's spotlight on, and off the one that was asked for longest ago when there are too many. */
export function spotlightOn(device: Device, all: Iterable<Device>): Spotlight {
  if (device.spotlight !== undefined) return device.spotlight;
  const others = Array.from(all).filter((one) => one.spotlight !== undefined);
  others.sort((a, b) => a.spotlight!.askedAtMs - b.spotlight!.askedAtMs);
  for (const one of others.slice(0, Math.max(0, others.length - maxSpotlights + 1))) one.spotlight = undefined;
  device.spotlight = new Spotlight();
  return device.spotlight;
}
