import { handlingText, type RuleDescription } from '../admission/describe.ts';
import type { Explained } from '../admission/explain-message.ts';

/** A column gives way to a longer text than this, so that one long filter does not move all the others. */
const maxColumn = 36;

const ofText = { all: '', 'mqtt-qos-0': 'MQTT QoS 0: ', others: 'others: ' } as const;

/** The rules for people, a table: name, what it is for, how its records are handled. */
export function rulesText(rules: readonly RuleDescription[]): string {
  const nameWidth = columnOf(rules.map(({ name }) => name));
  const matchWidth = columnOf(rules.map(({ matches }) => matches));
  const lines = rules.flatMap((rule) => {
    const name = rule.name.padEnd(nameWidth);
    const facts = factsOf(rule);
    const left = `  ${name}  ${rule.matches.padEnd(matchWidth)}`;
    const indent = ' '.repeat(2 + nameWidth + 2 + matchWidth + 2);
    // What does not fit its column has a line of its own.
    if (left.length + 2 > indent.length) return [left, ...facts.map((fact) => indent + fact)];
    return facts.map((fact, index) => (index === 0 ? `${left}  ${fact}` : indent + fact));
  });
  return ['QoS rules; the first that matches a message holds:', ...lines].join('\n');
}

function factsOf({ handlings, thins, forward, hiddenBy }: RuleDescription): string[] {
  const handled = forward
    ? handlings.map((handling) => ofText[handling.of] + handlingText(handling))
    : ['not forwarded to the collector'];
  return [
    ...handled,
    ...(thins === null ? [] : [thins]),
    ...(hiddenBy === null ? [] : [`never holds: rule "${hiddenBy}" before it takes all of its messages`]),
  ];
}

function columnOf(texts: readonly string[]): number {
  return Math.min(maxColumn, Math.max(...texts.map((text) => text.length)));
}

interface Asked extends Pick<Explained, 'explanation' | 'others'> {
  readonly message: Omit<Explained, 'explanation' | 'others'> & {
    readonly source: string;
    readonly topic: string;
    readonly mqttQos: number | null;
  };
}

/** Which rule holds for a message, what that means, and why none before it does. */
export function explanationText({ message, explanation, others }: Asked): string {
  const { source, topic, mqttQos, device, kind, profile, fields, records } = message;
  const { rule, because, handling, thins, forward, passedOver } = explanation;
  const facts = [
    `source ${source}`,
    mqttQos !== null && `MQTT QoS ${mqttQos}`,
    // What has fields is a measurement, and what has none is raw, unless it is said.
    kind !== (fields.length > 0 ? 'measurement' : 'raw') && `kind ${kind}`,
    profile !== null && `profile ${profile}`,
    `device ${device}`,
    fields.length === 0 ? 'no fields' : `fields ${fields.join(', ')}`,
  ].filter((fact) => fact !== false);
  return [
    `A message on ${topic} (${facts.join('; ')}):`,
    `  rule "${rule}" holds: ${because}`,
    `  ${forward ? handlingText(handling) : 'not forwarded to the collector'}`,
    ...(thins === null ? [] : [`  ${thins}`]),
    ...(passedOver.length === 0 ? [] : ['Rules before it that do not hold:']),
    ...passedOver.map((one) => `  rule "${one.rule}": ${one.because}`),
    ...(records > 1 ? [recordsText(records, others)] : []),
  ].join('\n');
}

/** What of a message's records is not said by what is said of the first one. */
function recordsText(records: number, others: Explained['others']): string {
  const head = `It becomes ${records} records, each decided by itself`;
  if (others.length === 0) return `${head}; that rule holds for all of them.`;
  const lines = others.map(({ device, fields, rule, because }) => {
    const what = [`device ${device}`, fields.length > 0 && `fields ${fields.join(', ')}`].filter(
      (text) => text !== false,
    );
    return `  rule "${rule}" for ${what.join(', ')}: ${because}`;
  });
  return [`${head}. Another rule holds for`, ...lines].join('\n');
}
