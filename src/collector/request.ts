import { messageOf } from '../core/errors.ts';
import { ConnectRequest } from '../wire/generated/headgate/v1/uplink.ts';
import { MalformedError, ProtoCursor } from '../wire/proto-cursor.ts';
import type { GatewayMessage } from './companion.ts';

/** A `ConnectRequest` as far as the main thread looks into it. */
export type Request =
  | {
      readonly name: 'hello';
      readonly version: number;
      readonly gateway: string;
      readonly epoch: string;
      /** 0: nothing waits. */
      readonly firstWaiting: number;
      /** The last one given out; 0: none yet. */
      readonly lastSequence: number;
      readonly agent: string;
      /** What it says of its place in the gateway's history: see `lineage.ts`. */
      readonly lineages: readonly string[];
      readonly takesOver: string;
    }
  /** An encoded `Upload`, not looked into: whether it is one, the sink finds out. */
  | { readonly name: 'upload'; readonly bytes: Uint8Array }
  | { readonly name: 'ping'; readonly nonce: bigint }
  | { readonly name: 'pong' }
  /** For a companion: see `companion.ts`. */
  | { readonly name: 'other'; readonly message: GatewayMessage };

const uploadTag = 0x12;

/** @throws MalformedError when the bytes are no ConnectRequest, or say nothing that this version knows */
export function readRequest(bytes: Uint8Array): Request {
  if (bytes[0] === uploadTag) {
    const cursor = new ProtoCursor().open(bytes);
    cursor.tag();
    const stop = cursor.span();
    if (stop !== cursor.end) throw new MalformedError('something follows the upload within its message');
    return { name: 'upload', bytes: bytes.subarray(cursor.at, stop) };
  }
  const { message } = decode(bytes);
  switch (message?.$case) {
    case 'hello': {
      const { version, gateway, epoch, agent, lineages, takesOver } = message.value;
      const firstWaiting = sequence('first_waiting', message.value.firstWaiting);
      const lastSequence = sequence('last_sequence', message.value.lastSequence);
      return { name: 'hello', version, gateway, epoch, firstWaiting, lastSequence, agent, lineages, takesOver };
    }
    case 'ping':
      return { name: 'ping', nonce: message.value.nonce };
    case 'pong':
      return { name: 'pong' };
    case 'confirm':
    case 'commandUpdate':
    case 'renew':
      return { name: 'other', message };
    case 'upload':
      throw new MalformedError('something precedes the upload within its message');
    case undefined:
      throw new MalformedError('it is neither hello, upload, ping nor pong');
  }
}

function sequence(field: string, value: bigint): number {
  if (value > Number.MAX_SAFE_INTEGER) throw new MalformedError(`${field} is larger than 2^53 - 1`);
  return Number(value);
}

function decode(bytes: Uint8Array): ConnectRequest {
  try {
    return ConnectRequest.decode(bytes);
  } catch (error) {
    throw new MalformedError(messageOf(error));
  }
}
