import type { Decoded, MessageKind } from '../core/decoded.ts';
import type { Sighting } from '../core/device.ts';
import { messageOf } from '../core/errors.ts';
import type { Measurement } from '../core/measurement.ts';
import type { Message } from '../core/message.ts';
import type { UnixMs } from '../core/time.ts';
import type { Codec, CodecOutput, Hint, Limits } from './codec.ts';
import type { DeviceNames } from './device-names.ts';
import { Identity, maxDeviceName } from './identity.ts';
import { type Candidate, candidateOf, capturesOf, itemsOf, keysOf, likelyFor, withDevice } from './items.ts';
import type { CompiledMessage, CompiledProfile } from './language/compiled.ts';
import type { Read, Reader, Trees } from './language/formats.ts';
import { type Tree, valueAt } from './language/tree-path.ts';
import { Look } from './look.ts';
import { joined, unfolded } from './nested.ts';
import { ProfileUse } from './profile-use.ts';
import { Sightings } from './sightings.ts';

export interface RouteDependencies {
  readonly profile: CompiledProfile;
  readonly topic: string;
  readonly limits: Limits;
  /** Names a device by its topic, where the profile does not. */
  readonly nameOf: (topic: string) => string;
  readonly codecOf: (name: string) => Codec | undefined;
  readonly names: DeviceNames;
  /** What codecs know of the values on a topic, by path. */
  readonly hintsOf: (topic: string) => ReadonlyMap<string, Hint> | undefined;
  /** How often something was learnt: what `hintsOf` gives may be another thing then. */
  readonly learnt: { readonly count: number };
  /**
   * People said that the topic's messages are decoded by this profile: should none of its topics match, whichever of its
   * messages fits. The device's name within the family, where they gave one.
   */
  readonly adopted?: { readonly device: string | undefined };
}

/** One topic's messages under one profile. */
export class Route {
  readonly profile: CompiledProfile;
  readonly use: ProfileUse;
  readonly #deps: RouteDependencies;
  readonly #candidates: readonly Candidate[];
  readonly #version: { readonly name: string; readonly version: number };
  readonly #identity: Identity;
  readonly #sightings: Sightings;
  #learnt = -1;

  /** @param use shared by all routes of the profile */
  constructor(deps: RouteDependencies, use: ProfileUse = new ProfileUse()) {
    this.profile = deps.profile;
    this.use = use;
    this.#deps = deps;
    this.#version = { name: deps.profile.name, version: deps.profile.version };
    this.#candidates = deps.profile.messages.flatMap((message) => {
      const captures = capturesOf(message, deps.topic);
      return captures === undefined ? [] : [candidateOf(message, captures, false)];
    });
    if (deps.adopted !== undefined && this.#candidates.length === 0) {
      const captures = new Map(deps.adopted.device === undefined ? [] : [['device', deps.adopted.device]]);
      this.#candidates = likelyFor(deps.topic, deps.profile).map((message) => candidateOf(message, captures, true));
    }
    const { topic, nameOf, names, adopted } = deps;
    const { family } = deps.profile;
    this.#identity = new Identity({ family, topic, nameOf, names, device: adopted?.device }, this.#candidates);
    this.#sightings = new Sightings(deps.profile);
  }

  /** A message that is too large to be decoded. */
  tooLarge(bytes: number): Decoded {
    return this.#failed(`it has ${bytes} bytes, more than \`decode.maxBytes\` allows`);
  }

  /** Never throws: whatever goes wrong is this message's alone. */
  decode(message: Message, receivedAtMs: UnixMs): Decoded {
    try {
      if (this.#learnt !== this.#deps.learnt.count) this.#learn();
      return this.#decode(message, receivedAtMs);
    } catch (error) {
      return this.#failed(`its decoder broke: ${messageOf(error)}`);
    }
  }

  #decode({ payload }: Message, receivedAtMs: UnixMs): Decoded {
    let reader: Reader | undefined;
    let read: Read = { trees: [] };
    let failure: string | undefined;
    for (const candidate of this.#candidates) {
      const { message } = candidate;
      if (message.codec !== undefined) return this.#byCodec(candidate, payload, receivedAtMs);
      if (message.read === undefined) continue;
      if (message.read !== reader) {
        reader = message.read;
        read = reader(payload);
      }
      if ('failure' in read) {
        // A message that is text for people can be anything.
        if (message.kind !== undefined && message.when.length === 0) return this.#plain(candidate, undefined);
        failure ??= read.failure;
        continue;
      }
      const [first] = read.trees;
      if (candidate.hasToFit && !new Look(payload).fits(message)) continue;
      if (!message.when.every(([path, value]) => valueAt(first, path) === value)) continue;
      if (!message.holds.every((path) => (valueAt(first, path) ?? null) !== null)) continue;
      return this.#byTable(candidate, read, receivedAtMs);
    }
    if (failure !== undefined) return this.#failed(failure);
    return this.#without('raw', this.#identity.idOf());
  }

  #byTable(candidate: Candidate, read: Trees, receivedAtMs: UnixMs): Decoded {
    const { message, mapping, captures } = candidate;
    const { nested } = message;
    const trees = nested === undefined ? read.trees : read.trees.map((tree) => unfolded(tree, nested));
    if (message.kind !== undefined) return this.#plain(candidate, trees[0]);
    const { limits } = this.#deps;
    const measurements: Measurement[] = [];
    const sightings: Sighting[] = [];
    let isComplete = read.isPartial !== true;
    let hasEvents = false;
    let isLesson = false;
    let isTold = false;
    let firstId: string | undefined;
    let left = limits.maxFields;
    let items = 0;
    for (const tree of trees) {
      const keys = keysOf(message, tree);
      let index = 0;
      for (const item of itemsOf(message, tree)) {
        const key = keys?.[index++];
        if (message.once !== undefined && this.#isRepeated(message, candidate.captures, item)) continue;
        if (++items > limits.maxFields) return this.#failed(`it holds more than ${limits.maxFields} measurements`);
        const { deviceId, isNew } = this.#identity.of(candidate, item, tree, key);
        if (isNew) isLesson = true;
        firstId ??= deviceId;
        const mapped = mapping.map(tree, item, { maxDepth: limits.maxDepth, maxFields: left });
        if (mapped.isTooLarge)
          return this.#failed(
            `it is deeper than ${limits.maxDepth} levels or has more than ${limits.maxFields} fields`,
          );
        left -= mapped.fields.length;
        hasEvents ||= mapped.hasEvents;
        isComplete &&= mapped.isComplete;
        const all =
          nested === undefined ? [mapped] : joined(mapped, item, nested, { ...this.#deps, captures, receivedAtMs });
        if (all === undefined) isComplete = false;
        for (const one of all ?? [mapped]) if (one.fields.length > 0) measurements.push(withDevice(deviceId, one));
        if (this.#sightings.note(sightings, candidate, item, deviceId, undefined)) isTold = true;
      }
    }
    if (firstId === undefined && message.once !== undefined && trees.length > 0)
      return this.#without('duplicate', this.#identity.idOf(candidate, trees[0]));
    const deviceId = firstId ?? this.#identity.idOf(candidate, trees[0]);
    const [first, ...others] = measurements;
    if (first === undefined) {
      const kind = hasEvents ? 'event' : (message.otherwise ?? (isTold ? 'discovery' : 'raw'));
      return this.#without(kind, deviceId, sightings, isLesson);
    }
    const keepPayload = message.keepPayload || hasEvents || !isComplete;
    return {
      kind: 'measurement',
      deviceId: first.deviceId,
      measurements: [first, ...others],
      keepPayload,
      profile: this.#version,
      ...(sightings.length > 0 && { sightings }),
      ...(isLesson && { isLesson }),
    };
  }

  /** A message that is no measurement, by the profile's word. */
  #plain(candidate: Candidate, tree: Tree): Decoded {
    const { message } = candidate;
    const { deviceId, isNew } = this.#identity.of(candidate, tree);
    const sightings: Sighting[] = [];
    let presence: Sighting['presence'];
    if (message.availability !== undefined) {
      const { path, online, offline } = message.availability;
      const word = String(valueAt(tree, path) ?? '');
      presence = online.has(word) ? 'online' : offline.has(word) ? 'offline' : undefined;
    }
    this.#sightings.note(sightings, candidate, tree, deviceId, presence);
    return this.#without(message.kind!, deviceId, sightings, isNew);
  }

  #byCodec({ message, captures }: Candidate, payload: Uint8Array, receivedAtMs: UnixMs): Decoded {
    const codec = this.#deps.codecOf(message.codec!);
    if (codec === undefined) return this.#failed(`there is no codec ${message.codec}`);
    const { topic, limits } = this.#deps;
    const output = codec.decode({ topic, payload, receivedAtMs, limits, captures });
    const { kind, failure, parts, requests, isLesson } = output;
    const sightings = this.#sightingsOf(output);
    const more = {
      ...(sightings.length > 0 && { sightings }),
      ...(requests !== undefined && requests.length > 0 && { requests }),
      ...(isLesson && { isLesson }),
    };
    const measurements = parts.map((part) => withDevice(this.#identity.ofCodec(part.device), part));
    const [first, ...others] = measurements;
    if (first === undefined || kind === 'failed') {
      const seen = output.device === undefined ? sightings[0]?.deviceId : undefined;
      const deviceId = seen ?? this.#identity.ofCodec(output.device);
      if (kind === 'failed') return { ...this.#failed(failure ?? 'its codec could not read it', deviceId), ...more };
      return { ...this.#without(kind === 'measurement' ? 'raw' : kind, deviceId), ...more };
    }
    return {
      kind,
      deviceId: first.deviceId,
      measurements: [first, ...others],
      keepPayload: message.keepPayload || !output.isComplete,
      profile: this.#version,
      ...more,
    };
  }

  #sightingsOf({ sightings = [] }: CodecOutput): Sighting[] {
    return sightings.map(({ device, via, ...rest }) => ({
      ...rest,
      deviceId: this.#identity.ofCodec(device),
      ...(via !== undefined && { via: this.#identity.ofCodec(via) }),
    }));
  }

  #learn(): void {
    const { hintsOf, learnt, topic } = this.#deps;
    this.#learnt = learnt.count;
    const hints = hintsOf(topic);
    for (const { mapping } of this.#candidates) mapping.learn(hints);
  }

  #isRepeated({ once }: CompiledMessage, captures: ReadonlyMap<string, string>, tree: Tree): boolean {
    const key = once!({ captures, tree });
    if (key === undefined || key.length > maxDeviceName) return false;
    if (this.use.once.get(key)) return true;
    this.use.once.set(key, true);
    return false;
  }

  #failed(failure: string, deviceId = this.#identity.idOf()): Decoded {
    return { ...this.#without('failed', deviceId), failure };
  }

  #without(kind: MessageKind, deviceId: string, sightings: readonly Sighting[] = [], isLesson = false): Decoded {
    return {
      kind,
      deviceId,
      measurements: [{ deviceId, fields: [] }],
      keepPayload: true,
      profile: this.#version,
      ...(sightings.length > 0 && { sightings }),
      ...(isLesson && { isLesson }),
    };
  }
}
