import { unitOf } from '../../../core/measure-units.ts';
import { components, type Reading, type StateTopic, templateLight } from './components.ts';
import { isCommandTopic } from './config-topic.ts';
import type { Config } from './description.ts';
import { asText, compileTemplate, type Template, wholePayload } from './template.ts';

/** What one topic says of one entity. */
export interface Reader {
  readonly device: string;
  /** The entity's name. */
  readonly name: string;
  readonly component: string;
  readonly objectId: string;
  /** What is put behind the entity's name; empty for its state. */
  readonly part: string;
  readonly topic: string;
  /** Undefined: it is beyond what is understood, and nothing is read. */
  readonly template: Template | undefined;
  readonly reading: Reading | 'attributes';
  readonly unit: string | undefined;
  /** What on and off are called. */
  readonly on: string;
  readonly off: string;
  /** The value is a number, whatever it looks like. */
  readonly isNumeric: boolean;
  /** The value is also an attribute of the device. */
  readonly fact: 'battery' | 'signal' | undefined;
  /** The entity's name, with what tells it apart from the others of its device that are called the same. Kept by the book. */
  label: string;
}

interface Entity {
  readonly device: string;
  readonly component: string;
  readonly objectId: string;
  readonly name: string;
}

/** The readers of one entity, and its name when one of them is beyond what is understood. */
export function readersOf(entity: Entity, config: Config): { readers: Reader[]; needsMapping: string[] } {
  const readers: Reader[] = [];
  const taken = new Set<string>();
  // Bytes that are not to be read as text.
  const isBinary = config.get('encoding') === '';
  let isBeyond = false;
  for (const one of topicsOf(entity.component, config)) {
    const topic = config.get(one.topic);
    if (typeof topic !== 'string' || topic === '' || isCommand(topic, one.topic, config)) continue;
    const template = isBinary || /[+#]/.test(topic) ? undefined : templateOf(config, one.templates);
    if (template === undefined) isBeyond = true;
    taken.add(topic);
    readers.push(readerOf(entity, config, one, topic, template));
  }
  const topic = config.get('json_attributes_topic');
  if (typeof topic === 'string' && topic !== '' && !taken.has(topic)) {
    const one: StateTopic = { topic: '', templates: ['json_attributes_template'], part: '', reading: 'object' };
    const template = templateOf(config, one.templates);
    if (template === undefined) isBeyond = true;
    readers.push({ ...readerOf(entity, config, one, topic, template), reading: 'attributes' });
  }
  return { readers, needsMapping: isBeyond ? [entity.name] : [] };
}

function topicsOf(component: string, config: Config): readonly StateTopic[] {
  if (component !== 'light' && component !== 'vacuum') return components.get(component) ?? [];
  const schema = config.get('schema');
  if (component === 'light' && schema === 'json') {
    return [{ topic: 'state_topic', templates: [], part: '', reading: 'object' }];
  }
  return component === 'light' && schema === 'template' ? templateLight : (components.get(component) ?? []);
}

/** Some name the topic on which they hear commands: what is asked for is no state. */
function isCommand(topic: string, key: string, config: Config): boolean {
  const commandKey = key === 'state_topic' ? 'command_topic' : key.replace('_state_topic', '_command_topic');
  return isCommandTopic(topic) || (commandKey !== key && config.get(commandKey) === topic);
}

function templateOf(config: Config, keys: readonly string[]): Template | undefined {
  for (const key of keys) {
    const text = config.get(key);
    if (typeof text === 'string' && text.trim() !== '') return compileTemplate(text);
  }
  return wholePayload;
}

function readerOf(
  entity: Entity,
  config: Config,
  one: StateTopic,
  topic: string,
  template: Template | undefined,
): Reader {
  const unit = unitFor(one, config);
  const [on, off] = wordsOf(entity.component, one.reading, config);
  return {
    device: entity.device,
    name: entity.name,
    component: entity.component,
    objectId: entity.objectId,
    part: one.part,
    topic,
    template,
    reading: one.reading,
    unit,
    on,
    off,
    isNumeric:
      one.reading === 'number' ||
      one.reading === 'temperature' ||
      (one.reading === 'value' && (unit !== undefined || typeof config.get('state_class') === 'string')),
    fact: one.part === '' ? facts.get(String(config.get('device_class'))) : undefined,
    label: entity.name,
  };
}

/** By the entity's device class. */
const facts: ReadonlyMap<string, 'battery' | 'signal'> = new Map([
  ['battery', 'battery'],
  ['signal_strength', 'signal'],
]);

function unitFor(one: StateTopic, config: Config): string | undefined {
  if (one.reading === 'temperature') {
    const unit = config.get('temperature_unit') ?? config.get('unit_of_measurement');
    if (typeof unit !== 'string') return undefined;
    return unit.endsWith('C') ? 'Cel' : unit.endsWith('F') ? 'degF' : unitOf(unit);
  }
  if (one.part === 'color_temp' && config.get('color_temp_kelvin') === true) return 'K';
  if (one.unit !== undefined) return isPercentage(one, config) ? one.unit : undefined;
  const unit = config.get('unit_of_measurement');
  if (one.part !== '' || (one.reading !== 'value' && one.reading !== 'number') || typeof unit !== 'string') {
    return undefined;
  }
  return unitOf(unit);
}

/** Covers and fans may count by a range of their own. */
function isPercentage(one: StateTopic, config: Config): boolean {
  switch (one.part) {
    case 'position':
      return (config.get('position_open') ?? 100) === 100 && (config.get('position_closed') ?? 0) === 0;
    case 'tilt':
      return (config.get('tilt_max') ?? 100) === 100 && (config.get('tilt_min') ?? 0) === 0;
    case 'percentage':
      return (config.get('speed_range_max') ?? 100) === 100 && (config.get('speed_range_min') ?? 1) === 1;
    default:
      return true;
  }
}

function wordsOf(component: string, reading: Reading, config: Config): [on: string, off: string] {
  if (reading === 'oscillation') {
    return [
      asText(config.get('payload_oscillation_on')) ?? 'oscillate_on',
      asText(config.get('payload_oscillation_off')) ?? 'oscillate_off',
    ];
  }
  const on = asText(config.get('state_on') ?? config.get('payload_on') ?? undefined);
  const off = asText(config.get('state_off') ?? config.get('payload_off') ?? undefined);
  const isTemplate = component === 'light' && config.get('schema') === 'template';
  return [on ?? (isTemplate ? 'on' : 'ON'), off ?? (isTemplate ? 'off' : 'OFF')];
}
