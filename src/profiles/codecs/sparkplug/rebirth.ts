import type { Request } from '../../../core/decoded.ts';
import type { UnixMs } from '../../../core/time.ts';
import { textField, varintSize, writeVarint } from '../../../lib/proto-bytes.ts';
import { namespace } from './topic.ts';

const name = 'Node Control/Rebirth';
const booleanType = 11;

/** The command that asks a node for its birth and its devices' (Sparkplug 3.0.0 § 6.4.24): `Node Control/Rebirth` as true. */
export function rebirthRequest(group: string, node: string, now: UnixMs): Request {
  const metric = Buffer.concat([textField(0x0a, name), number(0x18, now), number(0x20, booleanType), number(0x70, 1)]);
  const payload = Buffer.concat([number(0x08, now), Buffer.from([0x12, metric.length]), metric]);
  return { topic: `${namespace}/${group}/NCMD/${node}`, payload: Uint8Array.from(payload) };
}

function number(tag: number, value: number): Buffer {
  const bytes = Buffer.alloc(1 + varintSize(value));
  bytes[0] = tag;
  writeVarint(bytes, 1, value);
  return bytes;
}
