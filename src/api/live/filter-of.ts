import { mayRead, mayReadSome, mayReceive } from '../../auth/allows.ts';
import { HeadgateError } from '../../core/errors.ts';
import { type LiveFilter, type LiveKind, type LiveScope, liveKinds } from '../../core/live.ts';
import type { Principal } from '../../core/principal.ts';
import { topicFilterFault } from '../../lib/topic-filter.ts';
import { demandOf, read } from '../guard.ts';

const names = ['kinds', 'devices', 'topics', 'fields', 'also'] as const;
const maxEntries = 200;
const maxText = 1_000;

/**
 * Which events are asked for, from a query (`devices=a,b*&kinds=measurement`; a parameter may come again) or from JSON, where each is
 * a text or a list of them.
 *
 * @param others further names that may be there
 * @throws {HeadgateError} request.invalid
 */
export function filterOf(given: unknown, others: readonly string[] = []): LiveFilter {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw invalid('The filter must be a JSON object.');
  const known: readonly string[] = [...names, ...others];
  const stray = Object.keys(given).find((name) => !known.includes(name));
  if (stray !== undefined) throw invalid(`There is no \`${stray.slice(0, 40)}\`; there are ${known.join(', ')}.`);
  const { kinds, devices, topics, fields, also } = given as Readonly<Record<string, unknown>>;
  const filter = {
    ...(kinds !== undefined && { kinds: listOf('kinds', kinds) as LiveKind[] }),
    ...(devices !== undefined && { devices: listOf('devices', devices) }),
    ...(topics !== undefined && { topics: listOf('topics', topics) }),
    ...(fields !== undefined && { fields: listOf('fields', fields) }),
    ...(also !== undefined && { also: listOf('also', also) as LiveKind[] }),
  };
  const odd = [...(filter.kinds ?? []), ...(filter.also ?? [])].find((kind) => !liveKinds.includes(kind));
  if (odd !== undefined) throw invalid(`There is no kind \`${odd.slice(0, 40)}\`; there are ${liveKinds.join(', ')}.`);
  for (const topic of filter.topics ?? []) {
    const fault = topicFilterFault(topic);
    if (fault !== undefined) throw invalid(`\`topics\` has \`${topic.slice(0, 100)}\`, ${fault}.`);
  }
  return filter;
}

/**
 * What of the events somebody may see: those of devices that they may see, and of topics that they may receive. Undefined: everything.
 *
 * @throws {HeadgateError} access.denied, access.unknown when that is nothing, ever
 */
export function scopeOf(principal: Principal): LiveScope | undefined {
  const { may } = principal;
  if (may.isAdmin || may.readsAll) return undefined;
  if (!mayReadSome(may) && may.subscribe.length === 0) demandOf(principal, read);
  return {
    // Whoever may give commands may see the answers.
    key: JSON.stringify([may.readDevices, may.subscribe, may.command]),
    allows: (deviceId, topic) =>
      (deviceId !== undefined && mayRead(may, deviceId)) || (topic !== undefined && mayReceive(may, topic)),
  };
}

function listOf(name: string, given: unknown): string[] {
  const items = Array.isArray(given) ? given : [given];
  const texts = items.flatMap((item) => (typeof item === 'string' ? item.split(',') : [item]));
  if (texts.length === 0 || texts.length > maxEntries)
    throw invalid(`\`${name}\` must have 1 to ${maxEntries} entries.`);
  for (const text of texts) {
    if (typeof text !== 'string' || text === '' || text.length > maxText)
      throw invalid(`\`${name}\` must have texts of 1 to ${maxText} characters.`);
  }
  return texts as string[];
}

function invalid(text: string): HeadgateError {
  return new HeadgateError('request.invalid', text);
}
