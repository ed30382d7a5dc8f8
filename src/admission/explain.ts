import type { Decoded } from '../core/decoded.ts';
import type { Measurement } from '../core/measurement.ts';
import type { Message } from '../core/message.ts';
import { globMatches } from '../lib/glob.ts';
import { topicMatches } from '../lib/topic-filter.ts';
import { outcomesFor } from './decide.ts';
import { describeHandling, type HandlingDescription, thinText } from './describe.ts';
import { hasField, isByProfile } from './match.ts';
import type { Rule, Rules } from './rules.ts';

/** Which rule holds for a message, and why. Plain JSON. */
export interface Explanation {
  readonly rule: string;
  readonly isBuiltIn: boolean;
  /** What of the message meets the rule: `topic alarm/# matches alarm/fire`. */
  readonly because: string;
  readonly handling: HandlingDescription;
  /** How the rule leaves records out, in words; null when it does not. */
  readonly thins: string | null;
  readonly forward: boolean;
  /** The rules before it, each with what of the message does not meet it. */
  readonly passedOver: readonly { readonly rule: string; readonly because: string }[];
}

/**
 * Says which rule holds for a message and why none before it does. Pure: thinning is not asked, and not touched.
 * @param index which of the message's measurements
 */
export function explain(rules: Rules, message: Message, decoded: Decoded, index = 0): Explanation {
  const passedOver: { rule: string; because: string }[] = [];
  for (const rule of rules.all) {
    const conditions = conditionsOf(rule, message, decoded, decoded.measurements[index]!);
    const unmet = conditions.filter(({ isMet }) => !isMet);
    if (unmet.length > 0) {
      passedOver.push({ rule: rule.name, because: unmet.map(({ text }) => text).join('; ') });
      continue;
    }
    return {
      rule: rule.name,
      isBuiltIn: rule.isBuiltIn,
      because:
        conditions.map(({ text }) => text).join('; ') ||
        (rule.isBuiltIn ? 'no other rule does' : 'it takes every message'),
      handling: describeHandling(outcomesFor(rule, message).taken.handling),
      thins: rule.thin === undefined ? null : thinText(rule.thin),
      forward: rule.forward,
      passedOver,
    };
  }
  throw new Error('The last rule matches every message.');
}

interface Condition {
  readonly isMet: boolean;
  readonly text: string;
}

/** What a rule asks for, each held against the message. */
function conditionsOf({ match }: Rule, message: Message, decoded: Decoded, measurement: Measurement): Condition[] {
  const { topic, source, device, profile, kind, field, mqttQos } = match;
  const { deviceId } = measurement;
  const conditions: Condition[] = [];
  const add = (isMet: boolean, met: string, unmet: string) => conditions.push({ isMet, text: isMet ? met : unmet });
  if (topic !== undefined) {
    const what = `topic ${topic}`;
    add(
      topicMatches(topic, message.topic),
      `${what} matches ${message.topic}`,
      `${what} does not match ${message.topic}`,
    );
  }
  if (source !== undefined)
    add(source === message.source, `the source is ${source}`, `the source is ${message.source}, not ${source}`);
  if (device !== undefined) {
    const isMet = globMatches(device, deviceId);
    add(isMet, `device ${device} matches ${deviceId}`, `device ${device} does not match ${deviceId}`);
  }
  if (kind !== undefined)
    add(kind === decoded.kind, `it is of kind ${kind}`, `it is of kind ${decoded.kind}, not ${kind}`);
  if (profile !== undefined) {
    const name = decoded.profile?.name;
    const by = name === undefined ? 'it was decoded without a profile' : `it was decoded by profile ${name}`;
    const isMet = isByProfile(decoded, profile);
    add(isMet, name === profile ? by : `${by}, which ${profile} matches`, `${by}, not by ${profile}`);
  }
  if (field !== undefined) {
    const none = measurement.fields.length === 0 ? 'it has no fields' : 'it has no such field';
    add(hasField(measurement, field), `it has the field ${field}`, `field ${field} is asked for, and ${none}`);
  }
  if (mqttQos !== undefined) {
    const { mqttQos: actual } = message;
    const other =
      actual === undefined ? `it has no MQTT QoS, so not ${mqttQos}` : `its MQTT QoS is ${actual}, not ${mqttQos}`;
    add(mqttQos === actual, `its MQTT QoS is ${mqttQos}`, other);
  }
  return conditions;
}
