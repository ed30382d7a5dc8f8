import type { TopicSummary } from '../registry/topics/describe.ts';
import { printable, tableOf } from './table.ts';

/** What of a payload fits a line, in characters. */
const maxPayload = 40;

/** Topics for people, in the gateway's order: one template a line, and why something is suggested. */
export function topicsText(topics: readonly TopicSummary[]): string[] {
  if (topics.length === 0) return ['No topic.'];
  const rows = topics.map((one) => [
    printable(one.template),
    one.state,
    profileText(one),
    one.messagesPerMinute.toLocaleString('en-US'),
    String(one.devices),
    payloadText(one.lastPayload),
  ]);
  const lines = tableOf(['TEMPLATE', 'STATE', 'PROFILE', 'PER MINUTE', 'DEVICES', 'LAST PAYLOAD'], rows);
  const reasons = topics.flatMap(({ template, state, suggestions, decision }) => {
    if (decision !== null && decision.problem !== null) return [`${printable(template)}: ${decision.problem}`];
    const [best] = suggestions;
    if (state !== 'suggested' || best === undefined) return [];
    return [`${printable(template)}: this looks like ${best.title ?? best.profile}: ${printable(best.reason)}.`];
  });
  return reasons.length === 0 ? lines : [...lines, '', ...reasons];
}

/** What came of a decision: the gateway's sentence, and what a message is under the profile. */
export function outcomeText(found: Readonly<Record<string, unknown>>): string[] {
  const { says, example } = found as { readonly says: string; readonly example: OutcomeExample | null };
  if (example === null || example === undefined) return [says];
  const { topic, payload, isHex, kind, failure, measurements } = example;
  const head = [says, '', `${printable(topic)}  ${payloadText({ text: payload, isHex })}`];
  if (failure !== null) return [...head, `can not be read by it: ${printable(failure)}.`];
  const rows = measurements.flatMap(({ device, fields }) =>
    fields.map(({ name, value, unit }) => [printable(device), printable(name), printable(String(value)), unit ?? '']),
  );
  if (rows.length === 0) return [...head, `is ${kind} and has no values.`];
  return [...head, ...tableOf(['DEVICE', 'FIELD', 'VALUE', 'UNIT'], rows)];
}

interface OutcomeExample {
  readonly topic: string;
  readonly payload: string;
  readonly isHex: boolean;
  readonly kind: string;
  readonly failure: string | null;
  readonly measurements: readonly {
    readonly device: string;
    readonly fields: readonly { readonly name: string; readonly value: unknown; readonly unit?: string }[];
  }[];
}

function profileText({ state, profile, suggestions }: TopicSummary): string {
  const [best] = suggestions;
  if (state === 'suggested' && best !== undefined) return `${best.profile}? ${Math.round(best.confidence * 100)} %`;
  return profile ?? '-';
}

function payloadText({ text, isHex }: { readonly text: string; readonly isHex: boolean }): string {
  const line = printable(text.replace(/\s+/g, ' ').trim());
  const shown = line.length > maxPayload ? `${line.slice(0, maxPayload)}…` : line;
  return isHex ? `0x${shown}` : shown;
}
