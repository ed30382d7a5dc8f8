import type { Decoded } from '../core/decoded.ts';
import type { Measurement } from '../core/measurement.ts';
import type { Message } from '../core/message.ts';
import { globMatches } from '../lib/glob.ts';
import { topicMatches } from '../lib/topic-filter.ts';
import type { Rule, Rules } from './rules.ts';

/**
 * The rules that can match messages with this topic, in order, up to the first that matches them all. What else they ask
 * for is left to {@link meets}. Never empty, as the last rule matches everything.
 */
export function candidatesFor(rules: Rules, topic: string): readonly Rule[] {
  const candidates: Rule[] = [];
  for (const rule of rules.all) {
    const filter = rule.match.topic;
    if (filter !== undefined && !topicMatches(filter, topic)) continue;
    candidates.push(rule);
    if (rule.isByTopicOnly) break;
  }
  return candidates;
}

/** Whether a measurement of a message meets all that a rule asks for besides the topic. */
export function meets(rule: Rule, message: Message, decoded: Decoded, measurement: Measurement): boolean {
  if (rule.isByTopicOnly) return true;
  const { mqttQos, source, device, profile, kind, field } = rule.match;
  if (mqttQos !== undefined && message.mqttQos !== mqttQos) return false;
  if (source !== undefined && message.source !== source) return false;
  if (device !== undefined && !globMatches(device, measurement.deviceId)) return false;
  if (kind !== undefined && decoded.kind !== kind) return false;
  if (profile !== undefined && !isByProfile(decoded, profile)) return false;
  return field === undefined || hasField(measurement, field);
}

/** @param pattern the profile's name, `vendor/model`; `*` stands for any text */
export function isByProfile({ profile }: Decoded, pattern: string): boolean {
  return profile !== undefined && globMatches(pattern, profile.name);
}

export function hasField({ fields }: Measurement, name: string): boolean {
  for (let i = 0; i < fields.length; i++) if (fields[i]!.name === name) return true;
  return false;
}
