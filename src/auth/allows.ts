import type { Action, Permissions, Principal } from '../core/principal.ts';
import { globMatches } from '../lib/glob.ts';
import { filterCovers, topicMatches, unshared } from '../lib/topic-filter.ts';

/** Topics that Headgate gives a meaning. */
const ownPrefix = 'headgate/';
const devicesPrefix = 'headgate/devices/';
const measurementsEnd = '/measurements';
const commandsEnd = '/commands';
/** What comes behind `/commands/` in the topic of an answer, and in the filter for all answers. */
const answer = /\/commands\/([^/#]+)\/result$/;

/** Whether a principal may do something: the one place that decides it, for every protocol. */
export function allows(principal: Principal, action: Action): boolean {
  const { may } = principal;
  switch (action.kind) {
    case 'publish':
      return mayPublish(may, action.topic);
    case 'subscribe':
      return maySubscribe(may, action.filter);
    case 'receive':
      return mayReceive(may, action.topic);
    case 'read':
      return mayRead(may, action.deviceId);
    case 'command':
      return mayCommand(may, action.deviceId);
    case 'acknowledge':
      return may.isAdmin || (action.deviceId !== undefined && mayCommand(may, action.deviceId));
    case 'admin':
      return may.isAdmin;
  }
}

/**
 * Whether a message with this topic may be published. A device's topic for commands is also for whoever may give it commands;
 * apart from that, `headgate/…` is only for filters that name it, as `$…` is: others would speak in the gateway's name.
 */
export function mayPublish(may: Permissions, topic: string): boolean {
  if (may.isAdmin) return true;
  const isOwn = topic.startsWith(ownPrefix);
  for (const filter of may.publish) {
    if (topicMatches(filter, topic) && !(isOwn && isWildcard(filter))) return true;
  }
  if (!isOwn || may.command.length === 0) return false;
  const about = deviceTopic(topic);
  return about?.kind === 'commands' && mayCommand(may, about.deviceId);
}

/** Whether every message that a filter matches may be received. */
export function maySubscribe(may: Permissions, filter: string): boolean {
  if (may.isAdmin) return true;
  const asked = unshared(filter);
  if (may.readsAll && !asked.startsWith('$')) return true;
  for (const granted of may.subscribe) if (filterCovers(granted, asked)) return true;
  return isForDevice(may, asked);
}

/** Whether a message with this topic may be received. */
export function mayReceive(may: Permissions, topic: string): boolean {
  if (may.isAdmin || (may.readsAll && !topic.startsWith('$'))) return true;
  for (const granted of may.subscribe) if (topicMatches(granted, topic)) return true;
  return isForDevice(may, topic);
}

/** Whether what is known of a device may be seen; without one, of everything. */
export function mayRead(may: Permissions, deviceId?: string): boolean {
  if (may.isAdmin || may.readsAll) return true;
  return deviceId !== undefined && may.readDevices.some((glob) => globMatches(glob, deviceId));
}

/** Whether anything at all may be seen: lists then hold what {@link mayRead} allows. */
export function mayReadSome(may: Permissions): boolean {
  return may.isAdmin || may.readsAll || may.readDevices.length > 0;
}

/** Whether a device may be given commands. */
export function mayCommand(may: Permissions, deviceId: string): boolean {
  return may.isAdmin || may.command.some((glob) => globMatches(glob, deviceId));
}

/** A device's own topics are for whoever may see the device; the answers to commands also for whoever may give them. */
function isForDevice(may: Permissions, topicOrFilter: string): boolean {
  if (may.readDevices.length === 0 && may.command.length === 0) return false;
  const about = deviceTopic(topicOrFilter);
  if (about === undefined) return false;
  const { deviceId, kind } = about;
  // A `+` in the place of the id asks for all devices of one level. A filter that ends in `#` is none of these.
  if (/[+#]/.test(deviceId)) return may.readDevices.includes('*');
  return mayRead(may, deviceId) || (kind === 'answer' && mayCommand(may, deviceId));
}

/** What one of a device's own topics, or a filter for some, is about. The id may have several levels. */
function deviceTopic(topic: string): { readonly deviceId: string; readonly kind: string } | undefined {
  if (!topic.startsWith(devicesPrefix)) return undefined;
  const rest = topic.slice(devicesPrefix.length);
  if (rest.endsWith(measurementsEnd)) return { deviceId: rest.slice(0, -measurementsEnd.length), kind: 'measurements' };
  if (rest.endsWith(commandsEnd)) return { deviceId: rest.slice(0, -commandsEnd.length), kind: 'commands' };
  const found = answer.exec(rest);
  return found === null ? undefined : { deviceId: rest.slice(0, found.index), kind: 'answer' };
}

function isWildcard(filter: string): boolean {
  return filter.startsWith('#') || filter.startsWith('+');
}
