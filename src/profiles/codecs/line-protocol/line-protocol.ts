import { isUtf8 } from 'node:buffer';
import type { Tag } from '../../../core/measurement.ts';
import { type Claim, type Codec, type CodecInput, type CodecOutput, failed, measured, type Part } from '../../codec.ts';
import { type Line, LineReader } from './line-reader.ts';

/**
 * InfluxDB line protocol, times in nanoseconds: fields are named `<measurement>.<field key>`, tags become the part's tags, and lines
 * that follow one another with the same tags and time are one part. A bad line costs its own values only: the good ones are
 * taken, and the payload is kept; without any good one the message has failed.
 */
export function createLineProtocolCodec(): Codec {
  return { decode, claims };
}

function decode({ payload, limits }: CodecInput): CodecOutput {
  const reader = new LineReader(textOf(payload));
  const parts: Merging[] = [];
  let firstProblem: string | undefined;
  let count = 0;
  for (let line = reader.next(); line !== undefined; line = reader.next()) {
    if (line === 'bad') {
      firstProblem ??= `Line ${reader.line}, ${reader.problem}.`;
      continue;
    }
    count += line.fields.length;
    if (count > limits.maxFields) return failed(`The lines have more than ${limits.maxFields} fields in all.`);
    const last = parts.at(-1);
    if (last === undefined || !merge(last, line)) parts.push({ part: line });
  }
  if (parts.length === 0) return failed(firstProblem ?? 'There is no line with fields in it.');
  return measured(
    parts.map(({ part }) => partOf(part)),
    firstProblem === undefined && isUtf8(payload),
  );
}

interface Merging {
  readonly part: Line;
  /** The names of its fields, once somebody asked. */
  names?: Set<string>;
}

/** Adds a line to the part before it when nobody could tell afterwards that they were two; whether it did. */
function merge(into: Merging, line: Line): boolean {
  const { part } = into;
  if (part.timeMs !== line.timeMs || part.timeNanos !== line.timeNanos || !areSame(part.tags, line.tags)) return false;
  into.names ??= new Set(part.fields.map(({ name }) => name));
  for (const { name } of line.fields) if (into.names.has(name)) return false;
  for (const field of line.fields) {
    into.names.add(field.name);
    part.fields.push(field);
  }
  return true;
}

function areSame(one: readonly Tag[], other: readonly Tag[]): boolean {
  if (one.length !== other.length) return false;
  return one.every(([key, value], i) => key === other[i]![0] && value === other[i]![1]);
}

function partOf({ fields, tags, timeMs, timeNanos }: Line): Part {
  return {
    fields,
    ...(tags.length > 0 && { tags }),
    ...(timeMs !== undefined && { timeMs }),
    ...(timeNanos !== undefined && { timeNanos }),
  };
}

function textOf(payload: Uint8Array): string {
  return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8');
}

/** By every line's being one: a sentence has no equals sign in its second word and nothing but a number behind it. */
function claims(topic: string, payload: Uint8Array): Claim | undefined {
  if (!isUtf8(payload)) return undefined;
  const text = textOf(payload);
  return claimOfText(text) ?? claimOfTopic(topic, text);
}

function claimOfText(text: string): Claim | undefined {
  const reader = new LineReader(text);
  let lines = 0;
  let isSure = true;
  let hasExtras = false;
  for (let line = reader.next(); line !== undefined; line = reader.next()) {
    lines++;
    if (line === 'bad') {
      if (!reader.isBeyond) return undefined;
      continue;
    }
    // Pairs such as `temperature=21.5 humidity=40` would read as a measurement and a field.
    if (/[=:;{["]/.test(line.measurement)) return undefined;
    if (!/^[\p{L}_/]/u.test(line.measurement)) isSure = false;
    if (line.tags.length > 0 || line.timeMs !== undefined) hasExtras = true;
  }
  if (lines === 0) return undefined;
  const reason =
    lines === 1 ? 'it is one line of measurement and fields' : `all ${lines} lines are measurement and fields`;
  return {
    confidence: isSure ? (hasExtras ? 0.97 : 0.9) : 0.6,
    reason: hasExtras ? `${reason}, with tags or a time` : reason,
  };
}

/** Text on a topic of Telegraf's or InfluxDB's that is not the JSON that Telegraf may write, too. */
function claimOfTopic(topic: string, text: string): Claim | undefined {
  const name = /(?:^|[/_-])(influx|influxdb|telegraf)(?=[/_-]|$)/i.exec(topic)?.[1];
  if (name === undefined || !/^[\p{L}_#]/u.test(text)) return undefined;
  return { confidence: 0.5, reason: `its topic has the word ${name}` };
}
