import type { UnixMs } from '../../../core/time.ts';
import { maxNameLength } from '../../tree.ts';
import type { Alias, Metric } from './payload.ts';

/** What a birth told of a metric. */
export interface Born {
  readonly name: string;
  /** Its datatype; 0: not told. */
  readonly type: number;
  readonly unit?: string;
}

/** What a node or a device was born with. */
interface Scope {
  readonly byAlias: ReadonlyMap<Alias, Born>;
  readonly byName: ReadonlyMap<string, Born>;
}

/** How a message's number follows on the one before it. */
export type Sequence =
  /** It is the next one, or the same once more. */
  | 'next'
  /** Nothing is known of the one before it. */
  | 'first'
  /** Messages got lost between the two. */
  | 'gap';

const firstPauseMs = 30_000;
const longestPauseMs = 3_600_000;
/** A birth is a reason to try again sooner; a node that gives births and leaves gaps all the same is not worn out by it. */
const longestPauseAfterBirthMs = 600_000;
/** In all births together. */
const maxMetrics = 400_000;
const maxMetricsPerNode = 100_000;
const maxNodes = 5000;
const maxDevicesPerNode = 2000;

/**
 * What is known of edge nodes: what they and their devices were born with, their numbers, and when they were asked for a new birth.
 * Bounded: the node whose birth is longest ago is forgotten, and asked for another when it goes on.
 */
export class Nodes {
  readonly #nodes = new Map<string, Node>();
  #metrics = 0;

  get(key: string): Node | undefined {
    return this.#nodes.get(key);
  }

  /** The node, known or not. */
  of(key: string): Node {
    let node = this.#nodes.get(key);
    if (node === undefined) {
      node = new Node();
      this.#keep(key, node);
    }
    return node;
  }

  /** A node was born: what was known of it and its devices is of another session. */
  born(key: string, metrics: readonly Metric[]): Node {
    const before = this.#nodes.get(key);
    if (before !== undefined) this.#forget(key, before);
    const node = new Node(before);
    node.learn('', metrics);
    this.#keep(key, node);
    return node;
  }

  deviceBorn(key: string, device: string, metrics: readonly Metric[]): void {
    const node = this.of(key);
    this.#metrics -= node.size;
    node.learn(device, metrics);
    this.#metrics += node.size;
    this.#evict(key);
  }

  deviceDied(key: string, device: string): void {
    const node = this.#nodes.get(key);
    if (node === undefined) return;
    this.#metrics -= node.size;
    node.deviceDied(device);
    this.#metrics += node.size;
  }

  /** A node died: its aliases mean nothing any more, and its number starts anew. @returns the devices that died with it */
  died(key: string): readonly string[] {
    const node = this.#nodes.get(key);
    if (node === undefined) return [];
    const { devices } = node;
    this.#forget(key, node);
    this.#keep(key, new Node(node));
    return devices;
  }

  #keep(key: string, node: Node): void {
    this.#nodes.set(key, node);
    this.#metrics += node.size;
    this.#evict(key);
  }

  #forget(key: string, node: Node): void {
    this.#metrics -= node.size;
    this.#nodes.delete(key);
  }

  #evict(except: string): void {
    if (this.#nodes.size <= maxNodes && this.#metrics <= maxMetrics) return;
    for (const [key, node] of this.#nodes) {
      if (key !== except) this.#forget(key, node);
      if (this.#nodes.size <= maxNodes && this.#metrics <= maxMetrics) return;
    }
  }
}

/** One edge node. It is unborn until `bdSeq` or a scope tells of a birth. */
export class Node {
  /** By device; the empty name is the node itself. */
  readonly #scopes = new Map<string, Scope>();
  /** The number of its birth, which its death repeats. */
  bdSeq: number | undefined;
  #seq: number | undefined;
  #askedAtMs: UnixMs | undefined;
  #pauseMs = firstPauseMs;
  /** How many metrics it was born with, its devices' among them. */
  size = 0;

  /** @param before the same node in its session before: when it was asked last is still to be known */
  constructor(before?: Node) {
    if (before === undefined) return;
    this.#askedAtMs = before.#askedAtMs;
    this.#pauseMs = Math.min(before.#pauseMs, longestPauseAfterBirthMs);
  }

  get isBorn(): boolean {
    return this.#scopes.has('');
  }

  knows(device: string): boolean {
    return this.#scopes.has(device);
  }

  get devices(): readonly string[] {
    return [...this.#scopes.keys()].filter((device) => device !== '');
  }

  learn(device: string, metrics: readonly Metric[]): void {
    const before = this.#scopes.get(device);
    if (before === undefined && this.#scopes.size > maxDevicesPerNode) return;
    if (this.size + metrics.length > maxMetricsPerNode) return;
    const byAlias = new Map<Alias, Born>();
    const byName = new Map<string, Born>();
    for (const { name, alias, type = 0, unit } of metrics) {
      if (name === undefined || name === '' || name.length > maxNameLength) continue;
      const born: Born = unit === undefined ? { name, type } : { name, type, unit };
      byName.set(name, born);
      if (alias !== undefined) byAlias.set(alias, born);
    }
    this.#scopes.set(device, { byAlias, byName });
    this.size += byName.size - (before?.byName.size ?? 0);
  }

  deviceDied(device: string): void {
    this.size -= this.#scopes.get(device)?.byName.size ?? 0;
    this.#scopes.delete(device);
  }

  /** What a metric in a message of the node or a device was born as. */
  resolve(device: string, { name, alias }: Metric): Born | undefined {
    const scope = this.#scopes.get(device);
    if (scope === undefined) return undefined;
    // A name stands for itself, whatever its alias says.
    return name !== undefined && name !== ''
      ? scope.byName.get(name)
      : alias === undefined
        ? undefined
        : scope.byAlias.get(alias);
  }

  /** Takes note of a message's number, 0 to 255 and around (Sparkplug 3.0.0 § 6.4.5). */
  follows(seq: number | undefined): Sequence {
    const before = this.#seq;
    this.#seq = seq ?? before;
    if (seq === undefined || before === undefined) return 'first';
    // The same once more is what a bridge sends twice, not 256 messages that got lost.
    return seq === before || seq === (before + 1) % 256 ? 'next' : 'gap';
  }

  /**
   * Whether to ask it for a new birth now. Not more often than every 30 seconds, and ever more rarely when that does not help:
   * many nodes do not listen, and some count in a way of their own.
   */
  mayAsk(now: UnixMs): boolean {
    const since = this.#askedAtMs === undefined ? Number.POSITIVE_INFINITY : now - this.#askedAtMs;
    // A wall clock that was set back would keep it from being asked for years.
    if (since >= 0 && since < this.#pauseMs) return false;
    // One that had long been well starts anew.
    const isWorn = since >= 0 && since < 4 * this.#pauseMs;
    this.#pauseMs = isWorn ? Math.min(this.#pauseMs * 2, longestPauseMs) : firstPauseMs;
    this.#askedAtMs = now;
    return true;
  }
}
