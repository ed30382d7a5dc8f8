import type { CommandReport } from '../core/command.ts';
import type { Fact } from '../core/live.ts';
import type { UnixMs } from '../core/time.ts';

/** What of a device is looked at. */
export interface LookedAtDevice {
  readonly name: string;
  readonly presence: string;
  readonly profile: { readonly name: string } | undefined;
  readonly via: string | undefined;
  readonly isIgnored: boolean;
}

/** The state of the gateway, as coarse as people see it. */
export interface CoarseStatus {
  readonly health: string;
  readonly uplink: string;
  /** Why the uplink waits, was rejected, or is trying again; null in other states. */
  readonly uplinkReason: string | null;
  readonly buffer: string;
  readonly clockQuality: string;
}

export interface LookOutDependencies {
  readonly tell: (fact: Fact) => void;
  readonly now: () => UnixMs;
  readonly devices: { ids(): Iterable<string>; find(id: string): LookedAtDevice | undefined };
  readonly status: () => CoarseStatus;
  /** How many templates of topics there are; they are asked for when that changes. */
  readonly templateCount: () => number;
  readonly templates: () => readonly {
    readonly template: string;
    readonly profile: string | null;
    readonly examples: readonly string[];
  }[];
}

/**
 * Finds out what happened to devices, topics and the gateway itself by looking every second, while somebody reads or may come back:
 * whoever makes it happen need not know that there are readers, and a device that says three things of itself at once makes one event.
 */
export class LookOut {
  readonly #deps: LookOutDependencies;
  readonly #devices = new Map<string, LookedAtDevice>();
  readonly #templates = new Set<string>();
  #templateCount = 0;
  #status = '';

  constructor(deps: LookOutDependencies) {
    this.#deps = deps;
  }

  /** From here on what changes is told. Nobody reads before what earlier runs knew is loaded: that is no news. */
  begin(): void {
    const { devices, status, templates, templateCount } = this.#deps;
    this.#devices.clear();
    this.#templates.clear();
    for (const id of devices.ids()) this.#devices.set(id, lookAt(devices.find(id)!));
    for (const { template } of templates()) this.#templates.add(template);
    this.#templateCount = templateCount();
    this.#status = JSON.stringify(status());
  }

  /** Tells what has changed since the last look. */
  look(): void {
    const { status, now, tell } = this.#deps;
    const before = this.#status;
    this.#lookAtDevices();
    this.#lookAtTopics();
    const body = status();
    this.#status = JSON.stringify(body);
    if (this.#status === before) return;
    tell({ kind: 'status', atMs: now(), body: { ...body } });
  }

  /** What became of a command. */
  command(report: CommandReport & { readonly name: string; readonly by?: string }): void {
    const { id, deviceId, name, state, revision, reason, result, at, by } = report;
    const answer = result && { resultBase64: Buffer.from(result).toString('base64') };
    const said = { ...(by !== undefined && { by }), ...(reason !== undefined && { reason }), ...answer };
    const body = { commandId: id, name, state, revision, ...said };
    const about = deviceId === '' ? {} : { deviceId };
    this.#deps.tell({ kind: 'command', atMs: at ?? this.#deps.now(), ...about, body });
  }

  #lookAtDevices(): void {
    const { devices } = this.#deps;
    let seen = 0;
    for (const id of devices.ids()) {
      seen++;
      const before = this.#devices.get(id);
      const device = devices.find(id)!;
      const change = before === undefined ? 'new' : changeOf(before, device);
      if (change === undefined) continue;
      this.#devices.set(id, lookAt(device));
      this.#tellOf(id, change, device);
    }
    if (seen === this.#devices.size) return;
    for (const [id, before] of this.#devices) {
      if (devices.find(id) !== undefined) continue;
      this.#devices.delete(id);
      this.#tellOf(id, 'gone', before);
    }
  }

  #tellOf(deviceId: string, change: string, { name, presence, profile, via, isIgnored }: LookedAtDevice): void {
    const body = { change, name, presence, profile: profile?.name ?? null, via: via ?? null, isIgnored };
    this.#deps.tell({ kind: 'device', atMs: this.#deps.now(), deviceId, body });
  }

  #lookAtTopics(): void {
    const { templateCount, templates, now, tell } = this.#deps;
    const count = templateCount();
    if (count === this.#templateCount) return;
    this.#templateCount = count;
    const known = templates();
    for (const { template, profile, examples } of known) {
      if (this.#templates.has(template)) continue;
      const [topic] = examples;
      tell({ kind: 'discovery', atMs: now(), ...(topic !== undefined && { topic }), body: { template, profile } });
    }
    // Those that are gone are new when they come again.
    this.#templates.clear();
    for (const { template } of known) this.#templates.add(template);
  }
}

function lookAt({ name, presence, profile, via, isIgnored }: LookedAtDevice): LookedAtDevice {
  return { name, presence, profile, via, isIgnored };
}

function changeOf(before: LookedAtDevice, now: LookedAtDevice): 'presence' | 'changed' | undefined {
  const isSame =
    before.name === now.name &&
    before.profile?.name === now.profile?.name &&
    before.via === now.via &&
    before.isIgnored === now.isIgnored;
  if (!isSame) return 'changed';
  return before.presence === now.presence ? undefined : 'presence';
}
