import type { Attribute } from '../../../core/device.ts';
import type { Field } from '../../../core/measurement.ts';
import { MalformedError, ProtoCursor } from '../../../lib/proto-cursor.ts';
import { RecentMap } from '../../../lib/recent-map.ts';
import {
  type Claim,
  type Codec,
  type CodecInput,
  type CodecOutput,
  type CodecSighting,
  failed,
  measured,
  type Part,
  without,
} from '../../codec.ts';
import { isObject, own, parseJson, textOf } from '../../json.ts';
import { type Node, Nodes } from './nodes.ts';
import { type Metric, type Payload, readPayload } from './payload.ts';
import { rebirthRequest } from './rebirth.ts';
import { namespace, parseTopic, type SparkplugTopic } from './topic.ts';
import { castValue, FieldSink } from './values.ts';

/**
 * A birth tells all that a node has, which is more than other messages ever tell, and what does not change is told by nothing
 * else. So it may have so many times as many values, in parts that are no larger than others.
 */
const birthFactor = 25;

type NodeTopic = Extract<SparkplugTopic, { kind: 'node' }>;

/**
 * Sparkplug B (Eclipse Sparkplug 3.0.0, and 2.2 before it). Devices are `<group>/<node>` and `<group>/<node>/<device>`, fields are named as
 * the metrics are, and metrics of one time are one part. Births teach aliases, datatypes and units; they are no lessons for
 * after a restart, because a node is born anew with new aliases whenever it likes: it is asked for a birth instead, as it is
 * when its numbers leave a gap.
 */
export function createSparkplugCodec(): Codec {
  return new SparkplugCodec();
}

class SparkplugCodec implements Codec {
  readonly #nodes = new Nodes();
  /** Two views of memory for each message would cost more than the message. */
  readonly #cursor = new ProtoCursor();
  readonly #topics = new RecentMap<string, SparkplugTopic>(10_000);

  decode(input: CodecInput): CodecOutput {
    const topic = this.#topicOf(input.topic);
    if (topic === undefined) {
      return failed(
        'The topic is none of Sparkplug B: it is not spBv1.0/<group>/<type of message>/<node>, with or without a device.',
      );
    }
    if (topic.kind === 'state') return stateOf(topic.host, input.payload);
    const device = nameOf(topic);
    if (topic.type === 'NCMD' || topic.type === 'DCMD') return without('command', { device });
    try {
      const output = this.#message(topic, readPayload(input.payload, this.#cursor), input);
      return output.parts.length === 0 ? { ...output, device } : output;
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      return { ...failed(`The payload is none of Sparkplug B: ${error.message}.`), device };
    }
  }

  claims(topic: string, payload: Uint8Array): Claim | undefined {
    const parsed = parseTopic(topic);
    if (parsed === undefined) return undefined;
    if (parsed.kind === 'node') {
      const { type, group, node } = parsed;
      return {
        confidence: 0.98,
        reason: `its topic is ${type} of node ${node} in group ${group}, as Sparkplug B has it`,
      };
    }
    if (stateOf(parsed.host, payload).kind === 'failed') return undefined;
    // Before version 3 it had no namespace, and others may have such topics, too.
    const confidence = topic.startsWith(namespace) ? 0.95 : 0.7;
    return { confidence, reason: `its topic and payload are the state of the Sparkplug host ${parsed.host}` };
  }

  #topicOf(text: string): SparkplugTopic | undefined {
    let topic = this.#topics.get(text);
    if (topic === undefined) {
      topic = parseTopic(text);
      if (topic !== undefined) this.#topics.set(text, topic);
    }
    return topic;
  }

  #message(topic: NodeTopic, payload: Payload, input: CodecInput): CodecOutput {
    switch (topic.type) {
      case 'NBIRTH':
      case 'DBIRTH':
        return this.#birth(topic, payload, input);
      case 'NDEATH':
        return this.#nodeDeath(topic, payload);
      case 'DDEATH':
        return this.#deviceDeath(topic, payload, input);
      default:
        return this.#data(topic, payload, input);
    }
  }

  #birth(topic: NodeTopic, payload: Payload, input: CodecInput): CodecOutput {
    const key = keyOf(topic);
    const { metrics, seq } = payload;
    let isAsked = false;
    if (topic.device === undefined) {
      const node = this.#nodes.born(key, metrics);
      node.bdSeq = bdSeqOf(metrics);
      node.follows(seq);
    } else {
      this.#nodes.deviceBorn(key, topic.device, metrics);
      const node = this.#nodes.of(key);
      isAsked = node.follows(seq) === 'gap' || !node.isBorn;
    }
    const via = topic.device === undefined ? {} : { via: key };
    const attributes = attributesOf(metrics);
    const sighting: CodecSighting = {
      device: nameOf(topic),
      presence: 'online',
      ...via,
      ...(attributes.length > 0 && { attributes }),
    };
    const more = { sightings: [sighting], ...(isAsked && this.#rebirth(topic, input)) };
    return this.#fields(topic, payload, input, more);
  }

  #data(topic: NodeTopic, payload: Payload, input: CodecInput): CodecOutput {
    const node = this.#nodes.of(keyOf(topic));
    const isLost = node.follows(payload.seq) === 'gap';
    const isUnborn = !node.isBorn || (topic.device !== undefined && !node.knows(topic.device));
    const more = isLost || isUnborn ? this.#rebirth(topic, input) : undefined;
    return this.#fields(topic, payload, input, more ?? {});
  }

  /** The parts of a payload: one for each time. */
  #fields(topic: NodeTopic, payload: Payload, input: CodecInput, more: Partial<CodecOutput>): CodecOutput {
    const device = nameOf(topic);
    const node = this.#nodes.get(keyOf(topic));
    const isBirth = topic.type === 'NBIRTH' || topic.type === 'DBIRTH';
    const { maxFields, maxDepth } = input.limits;
    const sink = new FieldSink(this.#cursor, { maxDepth, maxFields: isBirth ? birthFactor * maxFields : maxFields });
    if (payload.hasMore) sink.isComplete = false;
    const parts = new Map<number | undefined, Field[]>();
    let unknown: Metric | undefined;
    for (const metric of payload.metrics) {
      const born = node?.resolve(topic.device ?? '', metric);
      const name = metric.name || born?.name;
      if (name === undefined) {
        unknown ??= metric;
        continue;
      }
      const time = timeOf(metric.time ?? payload.time);
      let fields = parts.get(time);
      if (fields === undefined) {
        fields = [];
        parts.set(time, fields);
      }
      sink.add(fields, metric, name, metric.type || born?.type || 0, born?.unit ?? metric.unit);
      if (sink.excess !== undefined)
        return { ...failed(`The payload is more than one message may be. ${sink.excess}`), ...more };
    }
    if (unknown !== undefined) {
      sink.isComplete = false;
      // A birth without names would be no better the next time.
      if (!isBirth) more = { ...this.#rebirth(topic, input), ...more };
    }
    const filled: Part[] = [];
    for (const [timeMs, fields] of parts) {
      for (let from = 0; from < fields.length; from += maxFields) {
        const some = fields.length <= maxFields ? fields : fields.slice(from, from + maxFields);
        filled.push({ device, fields: some, ...(timeMs !== undefined && { timeMs }) });
      }
    }
    if (filled.length > 0) return measured(filled, sink.isComplete, more);
    if (unknown !== undefined && !isBirth) return { ...failed(whyUnknown(unknown, topic)), ...more };
    return without(isBirth ? 'discovery' : 'raw', more);
  }

  #nodeDeath(topic: NodeTopic, payload: Payload): CodecOutput {
    const key = keyOf(topic);
    const node = this.#nodes.get(key);
    const bdSeq = bdSeqOf(payload.metrics, node);
    // The will of a session before comes when the node has long been born again: that it died is no news then.
    if (node?.bdSeq !== undefined && bdSeq !== undefined && node.bdSeq !== bdSeq) return without('availability');
    const sightings: CodecSighting[] = [{ device: key, presence: 'offline' }];
    for (const device of this.#nodes.died(key))
      sightings.push({ device: `${key}/${device}`, via: key, presence: 'offline' });
    return without('availability', { sightings });
  }

  #deviceDeath(topic: NodeTopic, payload: Payload, input: CodecInput): CodecOutput {
    const key = keyOf(topic);
    const node = this.#nodes.of(key);
    this.#nodes.deviceDied(key, topic.device ?? '');
    const isLost = node.follows(payload.seq) === 'gap';
    return without('availability', {
      sightings: [{ device: nameOf(topic), via: key, presence: 'offline' }],
      ...((isLost || !node.isBorn) && this.#rebirth(topic, input)),
    });
  }

  #rebirth(topic: NodeTopic, { receivedAtMs }: CodecInput): Pick<CodecOutput, 'requests'> {
    if (!this.#nodes.of(keyOf(topic)).mayAsk(receivedAtMs)) return {};
    return { requests: [rebirthRequest(topic.group, topic.node, receivedAtMs)] };
  }
}

function keyOf({ group, node }: NodeTopic): string {
  return `${group}/${node}`;
}

function nameOf({ group, node, device }: NodeTopic): string {
  return device === undefined ? `${group}/${node}` : `${group}/${node}/${device}`;
}

/** Before 2000 no node had a clock that was set. */
const earliestMs = Date.UTC(2000, 0, 1);
/** What a Date can hold. */
const latestMs = 8.64e15;

function timeOf(ms: number | undefined): number | undefined {
  return ms !== undefined && ms >= earliestMs && ms <= latestMs ? ms : undefined;
}

/** A death may tell its metric by the alias of the birth. */
function bdSeqOf(metrics: readonly Metric[], node?: Node): number | undefined {
  for (const metric of metrics) {
    const name = metric.name || node?.resolve('', metric)?.name;
    if (name === 'bdSeq' && (typeof metric.value === 'number' || typeof metric.value === 'bigint'))
      return Number(metric.value);
  }
  return undefined;
}

/** Metrics of births that tell what the node or device is (Sparkplug 3.0.0 § 6.4.19 ff.). */
const attributeNames: ReadonlyMap<string, string> = new Map([
  ['Properties/Hardware Make', 'manufacturer'],
  ['Properties/Hardware Model', 'model'],
  ['Properties/Serial Number', 'serialNumber'],
  ['Properties/Firmware Version', 'firmware'],
  ['Properties/FW', 'firmware'],
]);

function attributesOf(metrics: readonly Metric[]): Attribute[] {
  const attributes: Attribute[] = [];
  for (const { name, value, field, type } of metrics) {
    const attribute = name === undefined ? undefined : attributeNames.get(name);
    if (attribute === undefined || value === undefined || field === undefined) continue;
    const held = castValue(value, field, type ?? 0);
    if (typeof held === 'string' && held !== '') attributes.push([attribute, held.slice(0, 200)]);
    else if (typeof held === 'number') attributes.push([attribute, held]);
  }
  return attributes;
}

function whyUnknown({ alias }: Metric, topic: NodeTopic): string {
  const what = alias === undefined ? 'A metric has neither a name nor an alias' : `The alias ${alias} is not known`;
  return `${what} in ${topic.type} of ${nameOf(topic)}: its birth has not been seen. The node is asked for a new one.`;
}

/** `{"online":true,"timestamp":…}`; before Sparkplug 3 the word `ONLINE` or `OFFLINE`. */
function stateOf(host: string, payload: Uint8Array): CodecOutput {
  const text = textOf(payload)?.trim() ?? '';
  const json = text.startsWith('{') ? parseJson(text) : undefined;
  const online = isObject(json) ? own(json, 'online') : words.get(text);
  if (typeof online !== 'boolean')
    return failed(`The state of the host ${host} is neither JSON with "online" nor ONLINE or OFFLINE.`);
  return without('availability', { sightings: [{ device: `STATE/${host}`, presence: online ? 'online' : 'offline' }] });
}

const words: ReadonlyMap<string, boolean> = new Map([
  ['ONLINE', true],
  ['OFFLINE', false],
]);
