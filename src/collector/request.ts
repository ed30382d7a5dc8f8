import { messageOf } from '../core/errors.ts';
import { MalformedError, ProtoCursor } from '../lib/proto-cursor.ts';
import { ConnectRequest } from '../wire/generated/headgate/v1/uplink.ts';
import { plainBytesOf } from '../wire/packed-upload.ts';
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
      /** How often it will be heard at the least; 0: it makes no promise. */
      readonly heardEverySeconds: number;
      /** What it says of its place in the gateway's history: see `lineage.ts`. */
      readonly lineages: readonly string[];
      readonly takesOver: string;
    }
  /**
   * An encoded `Upload`, not looked into: whether it is one, the sink finds out. `plainBytes` is what it comes to: its
   * length, or what it claims when it is compressed.
   */
  | { readonly name: 'upload'; readonly bytes: Uint8Array; readonly plainBytes: number }
  | { readonly name: 'ping'; readonly nonce: bigint }
  | { readonly name: 'pong' }
  /** Of a newer version of the protocol. */
  | { readonly name: 'unknown' }
  /** For a companion: see `companion.ts`. */
  | { readonly name: 'other'; readonly message: GatewayMessage };

const uploadTag = 0x12;
/** The numbers of the fields that this version knows. */
const newestField = 7;

/**
 * What a newer gateway says that this version does not know is passed over, beside an upload as well as alone: only for
 * what was agreed on in the welcome may it count on being understood.
 *
 * @throws MalformedError when the bytes are no ConnectRequest, or an empty one
 */
export function readRequest(bytes: Uint8Array): Request {
  const upload = uploadIn(bytes);
  if (upload !== undefined) return { name: 'upload', bytes: upload, plainBytes: plainBytesOf(upload) };
  const { message } = decode(bytes);
  switch (message?.$case) {
    case 'hello': {
      const { version, gateway, epoch, agent, heardEverySeconds, lineages, takesOver } = message.value;
      const firstWaiting = sequence('first_waiting', message.value.firstWaiting);
      const lastSequence = sequence('last_sequence', message.value.lastSequence);
      return {
        name: 'hello',
        version,
        gateway,
        epoch,
        firstWaiting,
        lastSequence,
        agent,
        heardEverySeconds,
        lineages,
        takesOver,
      };
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
      throw new MalformedError('it is an upload and something else at once');
    case undefined:
      if (bytes.length === 0) throw new MalformedError('it is empty');
      return { name: 'unknown' };
  }
}

/** The upload that the message is; undefined when it is something else. */
function uploadIn(bytes: Uint8Array): Uint8Array | undefined {
  const cursor = new ProtoCursor().open(bytes);
  let upload: Uint8Array | undefined;
  while (cursor.at < cursor.end) {
    const tag = cursor.tag();
    if (tag === uploadTag && upload === undefined) {
      const stop = cursor.span();
      upload = bytes.subarray(cursor.at, stop);
      cursor.at = stop;
    } else if (tag >>> 3 > newestField) cursor.skip(tag);
    else return undefined;
  }
  return upload;
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
