import { isObject, ownText } from '../../json.ts';
import { abbreviations, expanded } from './abbreviations.ts';
import { asText, compileTemplate, type Template, wholePayload } from './template.ts';

/** One topic that tells whether an entity is there. */
export interface AvailabilityTopic {
  readonly topic: string;
  /** Undefined: it is beyond what is understood, and the topic tells nothing. */
  readonly template: Template | undefined;
  readonly available: string;
  readonly notAvailable: string;
}

export interface Availability {
  readonly topics: readonly AvailabilityTopic[];
  /** With several topics: whether all have to say so, or any, or whether the latest message counts. */
  readonly mode: 'all' | 'any' | 'latest';
  /** The same for the same. */
  readonly key: string;
}

const maxTopics = 20;

/** @param config an entity's, its keys in full */
export function availabilityOf(config: ReadonlyMap<string, unknown>): Availability | undefined {
  const mode = config.get('availability_mode');
  const topics: AvailabilityTopic[] = [];
  const said: unknown[] = [mode];
  const list = config.get('availability');
  if (list !== undefined) {
    for (const one of (Array.isArray(list) ? list : [list]).slice(0, maxTopics)) {
      const options = one instanceof Map ? one : isObject(one) ? expanded(one, abbreviations.entity) : new Map();
      topics.push(...topicIn(options, 'topic', 'value_template', said));
    }
  } else topics.push(...topicIn(config, 'availability_topic', 'availability_template', said));
  if (topics.length === 0) return undefined;
  return { topics, mode: mode === 'all' || mode === 'any' ? mode : 'latest', key: JSON.stringify(said) };
}

/** @param said takes what makes the topic's meaning */
function topicIn(
  options: ReadonlyMap<string, unknown>,
  topicKey: string,
  templateKey: string,
  said: unknown[],
): AvailabilityTopic[] {
  const topic = options.get(topicKey);
  if (typeof topic !== 'string' || topic === '') return [];
  const template = options.get(templateKey);
  const available = asText(options.get('payload_available')) ?? 'online';
  const notAvailable = asText(options.get('payload_not_available')) ?? 'offline';
  said.push(topic, template, available, notAvailable);
  const compiled = typeof template === 'string' ? compileTemplate(template) : wholePayload;
  return [{ topic, template: compiled, available, notAvailable }];
}

/** @returns undefined when the payload says neither */
export function isAvailable(of: AvailabilityTopic, value: string, json: unknown): boolean | undefined {
  const { template, available, notAvailable } = of;
  let text = asText(template?.read({ value, json }));
  // Zigbee2MQTT's bridge says {"state":"online"} since 2.0, to which not every description was made to fit.
  if (template === wholePayload && isObject(json)) text = ownText(json, 'state') ?? text;
  if (text === available) return true;
  return text === notAvailable ? false : undefined;
}
