import type { Decoded } from '../core/decoded.ts';
import type { FieldValue } from '../core/measurement.ts';
import { createDecoder } from '../profiles/decoder.ts';
import { helpText, parseArguments, type Usage, wrong } from './arguments.ts';
import { configOf, configOptions } from './config-options.ts';
import type { Terminal } from './terminal.ts';

const usage = {
  verb: 'decode',
  about: 'Shows, as JSON, the measurements that the gateway would find in one MQTT payload.',
  options: {
    topic: { value: 'TOPIC', about: 'The topic it came on.' },
    payload: { value: 'TEXT', about: 'The payload as text (UTF-8), or' },
    'payload-hex': { value: 'HEX', about: 'the payload as pairs of hexadecimal digits.' },
    ...configOptions,
  },
} as const satisfies Usage;

export async function decodeOnce(args: string[], terminal: Terminal): Promise<number> {
  const { values, isHelp } = parseArguments(usage, args);
  if (isHelp) {
    terminal.out(helpText(usage));
    return 0;
  }
  const { topic, payload: text, 'payload-hex': hex } = values;
  if (!topic) throw wrong(usage, '--topic TOPIC is needed.');
  if ((text === undefined) === (hex === undefined))
    throw wrong(usage, 'one of --payload TEXT and --payload-hex HEX is needed.');
  const payload = text === undefined ? bytesOf(hex ?? '') : new TextEncoder().encode(text);
  const { decode: options } = configOf(values, terminal);
  terminal.out(decodedJson(createDecoder(options)({ source: 'mqtt', topic, payload }, Date.now())));
  return 0;
}

/**
 * What was decoded as JSON for programs. Whole numbers beyond 2^53 stand there digit by digit, bytes as base64, and NaN and
 * the infinities as texts, as in protobuf's JSON mapping.
 */
export function decodedJson({ measurements: [{ deviceId, timeMs, fields }], keepPayload }: Decoded): string {
  const named = fields.map(({ name, value, unit }) => ({
    name,
    value: jsonValue(value),
    ...(unit === undefined ? {} : { unit }),
  }));
  return JSON.stringify(
    { deviceId, ...(timeMs === undefined ? {} : { timeMs }), fields: named, keepPayload },
    undefined,
    2,
  );
}

function jsonValue(value: FieldValue): unknown {
  if (typeof value === 'bigint') return rawJson(String(value));
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

/** JSON.rawJSON is in Node.js 22 and later, and not yet in TypeScript's library of ES2024. */
const { rawJSON: rawJson } = JSON as unknown as { rawJSON(text: string): unknown };

function bytesOf(hex: string): Uint8Array {
  const digits = hex.replace(/\s/g, '');
  if (!/^([0-9a-f]{2})*$/i.test(digits))
    throw wrong(usage, '--payload-hex takes pairs of hexadecimal digits, such as 7b7d.');
  return Buffer.from(digits, 'hex');
}
