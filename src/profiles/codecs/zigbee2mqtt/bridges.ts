import type { Property } from './properties.ts';

/** What is known of a device behind a bridge. */
export interface KnownDevice {
  readonly name: string;
  readonly ieeeAddress: string;
  readonly properties: ReadonlyMap<string, Property>;
}

/** One Zigbee2MQTT, by its base topic. */
export interface Bridge {
  readonly base: string;
  devices: ReadonlyMap<string, KnownDevice>;
  usedAt: number;
}

export interface BridgeLimits {
  readonly maxBridges: number;
  /** Devices of one bridge; a Zigbee network has up to some hundreds. */
  readonly maxDevices: number;
  /** Properties of one bridge's devices. */
  readonly maxProperties: number;
}

export const bridgeLimits: BridgeLimits = { maxBridges: 16, maxDevices: 1000, maxProperties: 50_000 };

const defaultBase = 'zigbee2mqtt';

/** The bridges that made themselves known; beyond the limit the one that has been silent for the longest time is forgotten. */
export class Bridges {
  readonly limits: BridgeLimits;
  readonly #bridges = new Map<string, Bridge>();
  #now = 0;

  constructor(limits: BridgeLimits = bridgeLimits) {
    this.limits = limits;
  }

  get count(): number {
    return this.#bridges.size;
  }

  get(base: string): Bridge | undefined {
    return this.#bridges.get(base);
  }

  /** Takes note that there is a bridge with this base topic. */
  learn(base: string): Bridge {
    let bridge = this.#bridges.get(base);
    if (bridge === undefined) {
      if (this.#bridges.size >= this.limits.maxBridges) this.#forgetOne();
      bridge = { base, devices: new Map(), usedAt: 0 };
      this.#bridges.set(base, bridge);
    }
    bridge.usedAt = ++this.#now;
    return bridge;
  }

  /** The base topic of a topic: of several bridges' the longest, else the one that Zigbee2MQTT has unless told otherwise. */
  baseOf(topic: string): string | undefined {
    let found: Bridge | undefined;
    for (const bridge of this.#bridges.values()) {
      if (isBelow(topic, bridge.base) && bridge.base.length > (found?.base.length ?? -1)) found = bridge;
    }
    if (found !== undefined) found.usedAt = ++this.#now;
    return found?.base ?? (isBelow(topic, defaultBase) ? defaultBase : undefined);
  }

  #forgetOne(): void {
    let oldest: Bridge | undefined;
    for (const bridge of this.#bridges.values()) {
      if (oldest === undefined || bridge.usedAt < oldest.usedAt) oldest = bridge;
    }
    if (oldest !== undefined) this.#bridges.delete(oldest.base);
  }
}

function isBelow(topic: string, base: string): boolean {
  return topic.length > base.length + 1 && topic.startsWith(base) && topic[base.length] === '/';
}

/**
 * A device's name within the family: its friendly name, with the base topic where that is not the default, so that the kitchens of
 * two bridges stay two. The bridge itself is `bridge`, which no device can be called.
 */
export function deviceName(base: string, name: string): string {
  return base === defaultBase ? name : `${base}:${name}`;
}
