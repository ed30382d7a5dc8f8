import type { FastifyInstance } from 'fastify';
import type { RuleDescription } from '../admission/describe.ts';
import type { Explained } from '../admission/explain-message.ts';
import type { Message } from '../core/message.ts';
import { needs, read } from './guard.ts';
import { problem, sendProblem } from './problem.ts';

/** The QoS rules, as far as they can be asked about. */
export interface RulesApi {
  /** Every rule with all its defaults. */
  readonly describe: () => readonly RuleDescription[];
  /** Which one holds for a message, and what the gateway sees in it. */
  readonly explain: (message: Message) => Explained;
}

const parameters = new Set(['topic', 'payload', 'mqttQos', 'source']);
const maxTopicLength = 65_535;

/** `GET /api/v1/rules`, with `?topic=` also which rule holds for a message with that topic, and why. */
export function addRulesRoutes(app: FastifyInstance, rules: RulesApi): void {
  app.get('/api/v1/rules', needs(read), (request, reply) => {
    const message = messageOf(request.query as Readonly<Record<string, unknown>>);
    if (typeof message === 'string') return sendProblem(reply, problem(400, message));
    if (message === undefined) return reply.send({ rules: rules.describe() });
    const { source, topic, mqttQos = null } = message;
    const { explanation, others, ...seen } = rules.explain(message);
    const explain = { message: { source, topic, mqttQos, ...seen }, ...explanation, others };
    return reply.send({ rules: rules.describe(), explain });
  });
}

/** The message that is asked about; undefined when none is, a sentence when it can't be one. */
function messageOf(query: Readonly<Record<string, unknown>>): Message | undefined | string {
  const names = Object.keys(query);
  const stray = names.find((name) => !parameters.has(name));
  if (stray !== undefined) {
    return `There is no parameter \`${stray.slice(0, 40)}\`; there are ${[...parameters].join(', ')}.`;
  }
  const twice = names.find((name) => typeof query[name] !== 'string');
  if (twice !== undefined) return `\`${twice}\` must be given once.`;
  const { topic, payload = '', source = 'mqtt', mqttQos } = query as Readonly<Record<string, string>>;
  if (topic === undefined)
    return names.length === 0 ? undefined : `\`${names[0]}\` says more of a message: \`topic\` too.`;
  if (topic === '' || topic.length > maxTopicLength || /[#+\0]/.test(topic)) {
    return '`topic` must be the topic of one message, without # and +.';
  }
  const qos = mqttQos ?? (source === 'mqtt' ? '1' : undefined);
  if (qos !== undefined && !/^[012]$/.test(qos)) return '`mqttQos` must be 0, 1 or 2.';
  return {
    source,
    topic,
    payload: new TextEncoder().encode(payload),
    ...(qos !== undefined && { mqttQos: Number(qos) as 0 | 1 | 2 }),
  };
}
