import type { Command, NativeWords } from '../../core/command.ts';
import type { Request } from '../../core/decoded.ts';
import type { Message } from '../../core/message.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import { type Service, ServiceGroup } from '../../lib/service.ts';
import { Bridge, type BridgeDependencies } from './bridge.ts';
import type { BridgeOptions } from './options.ts';
import type { BridgeStatus } from './status.ts';

export interface BridgesDependencies extends BridgeDependencies {
  readonly options: readonly BridgeOptions[];
  /** What devices are told in their own words. */
  readonly native: NativeWords;
  /** Where a device was heard. */
  readonly topicsOf: (deviceId: string) => readonly string[];
}

/** What is asked of one topic again and again is asked once in this time. */
const pauseMs = 10_000;
const maxAsked = 4096;

/** All bridges: the way in from their brokers, and the way back to the devices heard there. */
export class Bridges implements Service {
  readonly name = 'bridges';
  readonly #deps: BridgesDependencies;
  readonly #bySource: ReadonlyMap<string, Bridge>;
  readonly #askedAt = new RecentMap<string, number>(maxAsked);
  readonly #group: ServiceGroup;

  constructor(deps: BridgesDependencies) {
    this.#deps = deps;
    this.#bySource = new Map(deps.options.map((one) => [`bridge:${one.name}`, new Bridge(one, deps)]));
    this.#group = new ServiceGroup([[...this.#bySource.values()]]);
  }

  async start(signal: AbortSignal): Promise<void> {
    await this.#group.start(signal);
  }

  async stop(deadline: AbortSignal): Promise<void> {
    await this.#group.stop(deadline, (name) => this.#deps.log.warn({ stuck: name }, 'A bridge did not stop in time.'));
  }

  /** Publishes what a decoder asks of a device, if it was heard over a bridge. @returns whether it was */
  request({ topic, payload }: Request, { source }: Message): boolean {
    const bridge = this.#bySource.get(source);
    if (bridge === undefined) return false;
    const now = performance.now();
    const key = `${source} ${topic}`;
    const before = this.#askedAt.get(key);
    if (before !== undefined && now - before < pauseMs) return true;
    this.#askedAt.set(key, now);
    bridge.publish({ topic, payload, qos: 0, withinMs: pauseMs }).catch(() => {
      // The next message that needs an answer asks again.
      this.#askedAt.delete(key);
    });
    return true;
  }

  /** Why a device can't be told anything over a bridge; undefined when it can. */
  obstacle(deviceId: string): string | undefined {
    return this.#bridgeOf(deviceId) === undefined ? 'it was heard over no bridge that is connected' : undefined;
  }

  /** Whether a device that was heard over a bridge can be told something in its own words now. */
  reaches(deviceId: string): boolean {
    return this.#bridgeOf(deviceId) !== undefined && this.#deps.native.topics(deviceId).length > 0;
  }

  /** Gives a device a command over the bridge where it was heard. @returns false when nobody was given it */
  async deliver(command: Command, withinMs: number): Promise<boolean> {
    const bridge = this.#bridgeOf(command.deviceId);
    const words = this.#deps.native.wordsFor(command);
    if (bridge === undefined || words === undefined) return false;
    return await bridge.publish({ topic: words.topic, payload: Buffer.from(words.payload), qos: 1, withinMs });
  }

  status(): BridgeStatus[] {
    return [...this.#bySource.values()].map((bridge) => bridge.status());
  }

  #bridgeOf(deviceId: string): Bridge | undefined {
    if (this.#bySource.size === 0) return undefined;
    const topics = this.#deps.topicsOf(deviceId);
    for (const bridge of this.#bySource.values())
      if (bridge.isConnected && topics.some((topic) => bridge.hasHeard(topic))) return bridge;
    return undefined;
  }
}
