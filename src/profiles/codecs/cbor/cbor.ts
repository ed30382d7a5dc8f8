import { isUtf8 } from 'node:buffer';
import { type Claim, type Codec, type CodecInput, type CodecOutput, failed, measured, without } from '../../codec.ts';
import { flattenTree } from '../../tree.ts';
import { readCbor } from './cbor-reader.ts';

/** CBOR (RFC 8949): maps and arrays become fields with dotted paths, a bare value the field `value`. */
export function createCborCodec(): Codec {
  return { decode, claims };
}

function decode({ payload, limits }: CodecInput): CodecOutput {
  const read = readCbor(payload, limits);
  if (read.kind === 'failed') return failed(`The payload is no CBOR. ${read.failure}`);
  const { fields, isComplete, excess } = flattenTree(read.value, limits);
  if (excess !== undefined) return failed(`The payload is CBOR, but more than one message may be. ${excess}`);
  if (fields.length === 0) return without('raw');
  return measured([{ fields }], isComplete && read.isExact);
}

const claimLimits = { maxDepth: 32, maxFields: 5000 };

/** By the whole payload being one data item. Random bytes are that too, the more easily the shorter they are, and so is some text. */
function claims(topic: string, payload: Uint8Array): Claim | undefined {
  const isNamed = /(?:^|[/._-])cbor(?:$|[/._-])/i.test(topic);
  if (!isNamed && isText(payload)) return undefined;
  const read = readCbor(payload, claimLimits);
  // What can't be read without loss is hardly what somebody meant.
  if (read.kind === 'failed' || (!isNamed && !read.isExact)) return undefined;
  const { value } = read;
  if (isNamed)
    return {
      confidence: 0.95,
      reason: `its topic has the word cbor, and all ${payload.length} bytes are one CBOR item`,
    };
  const whole = `all ${payload.length} bytes are one CBOR`;
  if (value instanceof Map) {
    const hasNames = value.size > 0 && [...value.keys()].every((key) => typeof key === 'string' && key !== '');
    return { confidence: hasNames ? 0.95 : 0.6, reason: `${whole} map with ${count(value.size, 'entry', 'entries')}` };
  }
  if (Array.isArray(value)) {
    const reason = `${whole} array with ${count(value.length, 'element', 'elements')}`;
    return { confidence: payload.length >= 4 && value.length > 0 ? 0.9 : 0.4, reason };
  }
  // Every byte up to 0x17 would be a number.
  if (payload.length < 3) return undefined;
  return { confidence: 0.45, reason: `${whole} value` };
}

function count(n: number, one: string, several: string): string {
  return `${n} ${n === 1 ? one : several}`;
}

/** Text is never taken for CBOR, though most of ASCII is. */
export function isText(payload: Uint8Array): boolean {
  for (const byte of payload) if (byte < 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return false;
  return isUtf8(payload);
}
