import type { LiveFilter, LiveKind, LiveScope } from '../core/live.ts';
import { globMatches } from '../lib/glob.ts';
import { topicMatches } from '../lib/topic-filter.ts';

/** What of an event a filter looks at. */
export interface About {
  readonly kind: LiveKind;
  readonly deviceId: string | undefined;
  readonly topic: string | undefined;
  readonly fieldNames: readonly string[];
}

/** Whether a reader wants an event, and may have it. */
export function isWanted(
  { kinds, devices, topics, fields, also }: LiveFilter,
  scope: LiveScope | undefined,
  about: About,
): boolean {
  const { kind, deviceId, topic, fieldNames } = about;
  if (also?.includes(kind)) return scope === undefined || scope.allows(deviceId, topic);
  if (kinds !== undefined && !kinds.includes(kind)) return false;
  if (devices !== undefined && (deviceId === undefined || !devices.some((glob) => globMatches(glob, deviceId))))
    return false;
  if (topics !== undefined && (topic === undefined || !topics.some((filter) => topicMatches(filter, topic))))
    return false;
  if (fields !== undefined && !fieldNames.some((name) => fields.some((glob) => globMatches(glob, name)))) return false;
  return scope === undefined || scope.allows(deviceId, topic);
}

/** The same for filters that want the same, in whatever order they say it. */
export function keyOf({ kinds, devices, topics, fields, also }: LiveFilter, scope: LiveScope | undefined): string {
  const sorted = (list: readonly string[] | undefined): readonly string[] | null =>
    list === undefined ? null : [...new Set(list)].sort();
  return JSON.stringify([
    sorted(kinds),
    sorted(devices),
    sorted(topics),
    sorted(fields),
    sorted(also),
    scope?.key ?? null,
  ]);
}
