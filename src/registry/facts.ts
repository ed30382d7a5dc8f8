import type { ProfileVersion } from '../core/decoded.ts';
import type { Attribute, Sighting } from '../core/device.ts';
import { type Device, type Due, maxId } from './device.ts';
import { copyOf, type Slots } from './newest.ts';

// What a device is: noted within bounds, and only a change of it is to be written.

const maxAttributes = 64;
const maxTopics = 20;
/** Of a name, an attribute's name or text, in characters. */
const maxText = 200;

/** Notes what a sighting says of the device itself, but for its presence. */
export function noteFacts(device: Device, { name, via, attributes }: Sighting): void {
  if (name !== undefined && name !== device.toldName) {
    const told = name === '' ? undefined : boundedText(name);
    if (told !== device.toldName) {
      device.toldName = told;
      markChanged(device, 'soon');
    }
  }
  if (via !== undefined && via !== device.via && via !== device.id && via.length <= maxId) {
    device.via = copyOf(via);
    markChanged(device, 'soon');
  }
  if (attributes !== undefined) for (const one of attributes) noteAttribute(device, one);
}

/** @param profile undefined: only the general rules know the message, and what decoded others before says more */
export function noteProfile(device: Device, profile: ProfileVersion | undefined): void {
  if (profile === undefined) return;
  const before = device.profile;
  device.profile = profile;
  if (before?.name !== profile.name || before.version !== profile.version) markChanged(device, 'soon');
}

/** @returns where the topic's fields are kept: for this message only, when the device has too many topics */
export function noteTopic(device: Device, topic: string): Slots {
  const slots: Slots = [];
  if (device.topics.size >= maxTopics || topic.length > maxId || !device.hold(topic.length)) return slots;
  device.topics.set(copyOf(topic), slots);
  markChanged(device, 'soon');
  return slots;
}

/**
 * Whether a device is only a topic that nothing was known of, and that has turned out to be another device's: named by the topic,
 * and heard on no other.
 */
export function isStandIn(standIn: Device, { profile, source }: Device): boolean {
  const { id, topics } = standIn;
  return (
    standIn.profile === undefined &&
    profile !== undefined &&
    standIn.source === source &&
    topics.size === 1 &&
    topics.has(id)
  );
}

/** What people said of a stand-in, and when it was heard first, is the device's. */
export function takeOver(device: Device, standIn: Device): void {
  device.givenName ??= standIn.givenName;
  if (standIn.isIgnored) device.isIgnored = true;
  device.messages += standIn.messages;
  device.measurements += standIn.measurements;
  if ((standIn.firstSeen.ageMs ?? 0) < (device.firstSeen.ageMs ?? 0)) device.firstSeen = standIn.firstSeen;
  markChanged(device, 'soon');
}

export function markChanged(device: Device, due: Due): void {
  if (due === 'soon' || device.due === 'no') device.due = due;
}

export function noteAttribute(device: Device, [name, value]: Attribute): void {
  if (name.length === 0 || name.length > maxText) return;
  // What is no number, no text can hold either.
  if (typeof value === 'number' && !Number.isFinite(value)) return;
  const { attributes } = device;
  const before = attributes.get(name);
  if (before === undefined && attributes.size >= maxAttributes) return;
  const kept = typeof value === 'string' ? boundedText(value) : value;
  if (before === kept) return;
  if (!device.hold(sizeOf(kept) - (before === undefined ? -name.length : sizeOf(before)))) return;
  attributes.set(before === undefined ? copyOf(name) : name, kept);
  // Numbers are measured: how strong the signal is, how full the battery. Everything else is what the device is.
  markChanged(device, typeof kept === 'number' && before !== undefined ? 'late' : 'soon');
}

function sizeOf(value: Attribute[1]): number {
  return typeof value === 'string' ? value.length : 8;
}

function boundedText(text: string): string {
  return text.length > maxText ? `${copyOf(text.slice(0, maxText - 1))}…` : copyOf(text);
}
