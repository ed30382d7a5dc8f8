import type { Command } from '../../core/command.ts';
import type { Take } from '../../core/message.ts';
import { topicFilterFault } from '../../lib/topic-filter.ts';

/** Filters that begin so listen for devices' commands; `#` and `headgate/#` only look on. */
export const devicesPrefix = 'headgate/devices/';
const commandsEnd = '/commands';
const resultEnd = '/result';

/** Where a device gets its commands. Its id may have several levels. */
export function commandsTopic(deviceId: string): string {
  return `${devicesPrefix}${deviceId}${commandsEnd}`;
}

/** Why a device can't have a topic of its own; undefined when it can. */
export function topicObstacle(deviceId: string, maxLevels: number): string | undefined {
  const topic = commandsTopic(deviceId);
  if (/[+#\0]/.test(deviceId) || topicFilterFault(topic) !== undefined)
    return 'the device has no topic: its id has a character that MQTT keeps for itself';
  if (topic.split('/').length + 2 > maxLevels)
    return `the device has no topic: its id has too many levels (mqtt.maxTopicLevels)`;
  return Buffer.byteLength(topic) > 60_000 ? 'the device has no topic: its id is too long' : undefined;
}

/**
 * What a device is told: `{"id", "name", "payload", "expiresAt"}`. The payload is there as the JSON that it is, else as
 * text, else, when it is no text either, as `payloadBase64`.
 */
export function commandMessage({ id, name, payload, expiresAt }: Command): string {
  const fields = [`"id":${JSON.stringify(id)}`];
  if (name !== '') fields.push(`"name":${JSON.stringify(name)}`);
  if (payload.length > 0) fields.push(payloadField(payload));
  if (expiresAt !== undefined) fields.push(`"expiresAt":${JSON.stringify(new Date(expiresAt).toISOString())}`);
  return `{${fields.join(',')}}`;
}

/** Who a topic of ours is about, when it is one that only commands use; undefined for all others. */
export function commandTopicOf(topic: string): { readonly deviceId: string; readonly commandId?: string } | undefined {
  if (!topic.startsWith(devicesPrefix)) return undefined;
  const rest = topic.slice(devicesPrefix.length);
  if (rest.endsWith(resultEnd)) {
    const path = rest.slice(0, -resultEnd.length);
    const at = path.lastIndexOf('/');
    const device = path.slice(0, Math.max(0, at));
    if (!device.endsWith(commandsEnd)) return undefined;
    return { deviceId: device.slice(0, -commandsEnd.length), commandId: path.slice(at + 1) };
  }
  return rest.endsWith(commandsEnd) ? { deviceId: rest.slice(0, -commandsEnd.length) } : undefined;
}

/** A device has answered a command. Resolves when that is durable. */
export type Answered = (deviceId: string, commandId: string, payload: Uint8Array) => Promise<void>;

/**
 * Takes out of the flow what is about commands: answers go to `answered`, and a command that a local client gives to a
 * device by itself is no measurement. Both are passed on to who listens, as any message.
 */
export function withoutCommands(take: Take, answered: Answered): Take {
  return (message, bearer) => {
    // Asked for every message: one character tells nearly all of them.
    const about = message.topic?.charCodeAt(0) === 0x68 ? commandTopicOf(message.topic) : undefined;
    if (about === undefined) take(message, bearer);
    else if (about.commandId === undefined) bearer.taken(0);
    else {
      answered(about.deviceId, about.commandId, message.payload).then(
        () => bearer.taken(0),
        (error) => bearer.refused(error),
      );
    }
  };
}

function payloadField(payload: Uint8Array): string {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload);
  } catch {
    // No text.
    return `"payloadBase64":"${Buffer.from(payload).toString('base64')}"`;
  }
  try {
    JSON.parse(text);
    // As it was written: to read and to write it would round its numbers.
    return `"payload":${text}`;
  } catch {
    // No JSON.
    return `"payload":${JSON.stringify(text)}`;
  }
}
