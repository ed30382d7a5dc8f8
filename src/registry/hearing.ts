import type { Decoded, Heard } from '../core/decoded.ts';
import type { Sighting } from '../core/device.ts';
import type { Message } from '../core/message.ts';
import type { MonotonicMs, UnixMs } from '../core/time.ts';
import type { Attendance } from './attendance.ts';
import type { Device, Instant } from './device.ts';
import type { DeviceShelf } from './device-shelf.ts';
import { isStandIn, markChanged, noteFacts, noteProfile, noteTopic, takeOver } from './facts.ts';
import type { Lessons } from './lessons.ts';
import type { Slots } from './newest.ts';
import { learnGap } from './presence.ts';
import type { Roster } from './roster.ts';

export interface HearingDependencies {
  readonly roster: Roster;
  readonly attendance: Attendance;
  readonly lessons: Lessons;
  readonly shelf: DeviceShelf;
  /** An instant by the gateway's clock, by every clock. It is now. */
  readonly instant: (atMs: UnixMs) => Instant;
}

/** After a device was said to be offline: what is heard of it so soon may have been said before. */
const refutedAfterMs = 10_000;

/** What messages tell of devices: who spoke, who was spoken of, and what was said. */
export class Hearing {
  readonly #deps: HearingDependencies;
  /** Operating time as of the last tick: to read a clock for every message would cost more than all the rest. */
  now: MonotonicMs = 0;
  /** Numbers messages, so that each counts once for a device, whatever parts of it are the device's. */
  #message = 0;

  constructor(deps: HearingDependencies) {
    this.#deps = deps;
  }

  /** Called for every message: usually a lookup for the device, one for the topic, and some assignments. */
  readonly heard: Heard = (decoded, message, receivedAtMs) => {
    const { kind, measurements, sightings } = decoded;
    if (kind === 'availability' || kind === 'discovery' || kind === 'command') {
      this.#spokenOf(decoded, message, receivedAtMs);
    } else {
      const number = ++this.#message;
      let last: Device | undefined;
      for (let i = 0; i < measurements.length; i++) {
        const measurement = measurements[i]!;
        const { deviceId } = measurement;
        const device = last?.id === deviceId ? last : this.#deviceFor(deviceId, message.source, receivedAtMs);
        if (device === undefined) continue;
        last = device;
        if (device.countedIn !== number) {
          device.countedIn = number;
          device.messages++;
          if (device.spotlight !== undefined) device.spotlight.note(message, receivedAtMs);
          // What a broker had kept says that the device was there once, not that it is.
          if (device.heardAtMs !== this.now && message.isRetained === undefined) this.#voice(device, receivedAtMs);
          if (decoded.profile !== device.profile) noteProfile(device, decoded.profile);
        }
        if (measurement.fields.length === 0) {
          if (!device.topics.has(message.topic)) this.#slotsFor(device, message.topic);
          continue;
        }
        device.measurements++;
        const slots = device.topics.get(message.topic) ?? this.#slotsFor(device, message.topic);
        device.newest.note(measurement, slots, receivedAtMs, message.payload.byteLength);
      }
    }
    if (sightings !== undefined) for (const one of sightings) this.#sighted(one, message.source, receivedAtMs);
    if (decoded.isLesson) this.#keepLesson(decoded, message);
  };

  #deviceFor(id: string, source: string, receivedAtMs: UnixMs): Device | undefined {
    return (
      this.#deps.roster.devices.get(id) ?? this.#deps.roster.add(id, source, this.#deps.instant(receivedAtMs), this.now)
    );
  }

  /** The device's first message on a topic. */
  #slotsFor(device: Device, topic: string): Slots {
    const standIn = device.id === topic ? undefined : this.#deps.roster.devices.get(topic);
    if (standIn === undefined || !isStandIn(standIn, device)) return noteTopic(device, topic);
    takeOver(device, standIn);
    this.#deps.roster.remove(standIn);
    const slots = noteTopic(device, topic);
    // Together with the other's end: a name from people is not to get lost in between.
    this.#deps.shelf.put(device, this.now);
    return slots;
  }

  /** The first time within a tick that a device was heard. */
  #voice(device: Device, receivedAtMs: UnixMs): void {
    const now = this.now;
    const { attendance } = this.#deps;
    if (device.heardAtMs >= 0) {
      learnGap(device.rhythm, now - device.heardAtMs, attendance.silenceOf(device).offlineMs);
    }
    device.heardAtMs = now;
    device.lastSeen = this.#deps.instant(receivedAtMs);
    device.block.isDirty = true;
    // What was said of it was wrong, or is over: a will that came late, a device that never says that it is back.
    if (device.said === 'offline' && now - device.saidAtMs > refutedAfterMs) {
      device.said = undefined;
      markChanged(device, 'soon');
    }
    if (device.presence !== 'online') attendance.settle(device, this.now);
  }

  /** What was told once is kept together with whom it was told of: a power cut must not part them. */
  #keepLesson({ sightings }: Decoded, message: Message): void {
    this.#deps.lessons.learnt(message);
    for (const { deviceId } of sightings ?? []) {
      const device = this.#deps.roster.devices.get(deviceId);
      if (device !== undefined) this.#deps.shelf.putIfDue(device, this.now);
    }
  }

  /** A message about devices, which is not their own voice, or not for certain. */
  #spokenOf(decoded: Decoded, message: Message, receivedAtMs: UnixMs): void {
    const { source, topic } = message;
    const { kind, deviceId, sightings } = decoded;
    // Anybody may send a command to any device.
    if (kind === 'command') return;
    const own = sightings?.find((one) => one.deviceId === deviceId);
    if (own?.isGone) return;
    const device = this.#deviceFor(deviceId, source, receivedAtMs);
    if (device === undefined) return;
    device.messages++;
    device.spotlight?.note(message, receivedAtMs);
    if (decoded.profile !== device.profile) noteProfile(device, decoded.profile);
    if (!device.topics.has(topic)) this.#slotsFor(device, topic);
    // What a bridge describes may be gone for long. An availability message says itself whether it is a voice.
    const isVoice = kind === 'discovery' && own?.via === undefined && device.via === undefined;
    if (isVoice && device.heardAtMs !== this.now) this.#voice(device, receivedAtMs);
  }

  #sighted(sighting: Sighting, source: string, receivedAtMs: UnixMs): void {
    const { deviceId, presence, isGone } = sighting;
    const device = isGone ? this.#deps.roster.devices.get(deviceId) : this.#deviceFor(deviceId, source, receivedAtMs);
    if (device === undefined) return;
    noteFacts(device, sighting);
    const said = isGone ? 'offline' : presence;
    if (said === undefined) return;
    device.saidAtMs = this.now;
    if (said === 'online' && device.heardAtMs !== this.now) this.#voice(device, receivedAtMs);
    if (said === device.said) return;
    if (said === 'offline' || device.said === 'offline') markChanged(device, 'soon');
    device.said = said;
    this.#deps.attendance.settle(device, this.now);
  }
}
