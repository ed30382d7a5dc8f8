// The parts of the NBD protocol that the server speaks, as https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md
// has them: fixed newstyle negotiation, simple replies.

export const command = { read: 0, write: 1, disconnect: 2, flush: 3, trim: 4, writeZeroes: 6 } as const;
export const problem = { io: 5, invalid: 22 } as const;
export const flagFua = 1;

const option = { exportName: 1, abort: 2, list: 3, info: 6, go: 7 } as const;
const reply = { ack: 1, server: 2, info: 3, unsupported: 0x80000001, invalid: 0x80000003 } as const;
const info = { export: 0, blockSize: 3 } as const;

/** HAS_FLAGS, SEND_FLUSH, SEND_FUA, SEND_TRIM, SEND_WRITE_ZEROES, CAN_MULTI_CONN: all connections share one cache. */
const transmissionFlags = 1 | 4 | 8 | 32 | 64 | 256;
/** FIXED_NEWSTYLE and NO_ZEROES. */
const handshakeFlags = 3;
const optionMagic = 0x49484156454f5054n;
const replyMagic = 0x3e889045565a9n;
const requestMagic = 0x25609513;
const simpleReplyMagic = 0x67446698;

/** The longest read or write, as the protocol recommends. */
export const maxPayloadBytes = 32 * 2 ** 20;
const maxOptionBytes = 64 * 2 ** 10;

export interface Request {
  readonly kind: number;
  readonly isFua: boolean;
  /** Returned as it is. */
  readonly cookie: Buffer;
  readonly offset: number;
  readonly length: number;
  /** What is to be written; empty otherwise. */
  readonly payload: Buffer;
}

/** What has come and was not taken yet. */
export class Intake {
  #chunks: Buffer[] = [];
  #length = 0;

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /** The next `count` bytes without taking them, or undefined when they are not all there. */
  peek(count: number): Buffer | undefined {
    if (this.#length < count) return undefined;
    if ((this.#chunks[0]?.length ?? 0) < count) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0]?.subarray(0, count) ?? Buffer.alloc(0);
  }

  take(count: number): Buffer | undefined {
    const taken = this.peek(count);
    if (taken === undefined || count === 0) return taken;
    const rest = this.#chunks[0]!.subarray(count);
    if (rest.length > 0) this.#chunks[0] = rest;
    else this.#chunks.shift();
    this.#length -= count;
    return taken;
  }
}

/** What the server says first. */
export function greeting(): Buffer {
  const bytes = Buffer.alloc(18);
  bytes.write('NBDMAGICIHAVEOPT', 'latin1');
  bytes.writeUInt16BE(handshakeFlags, 16);
  return bytes;
}

/** What an option of the client leads to. */
export type Haggled =
  /** Not all of it is there yet. */
  | { readonly kind: 'incomplete' }
  /** Answered; more options may follow. */
  | { readonly kind: 'answered'; readonly answer: Buffer }
  /** Answered; requests follow. */
  | { readonly kind: 'agreed'; readonly answer: Buffer }
  /** The connection is to be ended. */
  | { readonly kind: 'over'; readonly answer: Buffer };

/** Takes one option. There is one export, whatever name is asked for. */
export function haggle(intake: Intake, sizeBytes: number, isWithoutZeroes: boolean): Haggled {
  const nothing = Buffer.alloc(0);
  const header = intake.peek(16);
  if (header === undefined) return { kind: 'incomplete' };
  const length = header.readUInt32BE(12);
  if (header.readBigUInt64BE(0) !== optionMagic || length > maxOptionBytes) return { kind: 'over', answer: nothing };
  if (intake.peek(16 + length) === undefined) return { kind: 'incomplete' };
  const asked = header.readUInt32BE(8);
  intake.take(16 + length);
  switch (asked) {
    case option.exportName:
      return {
        kind: 'agreed',
        answer: Buffer.concat([exportOf(sizeBytes), Buffer.alloc(isWithoutZeroes ? 0 : 124)]),
      };
    case option.abort:
      return { kind: 'over', answer: optionReply(asked, reply.ack) };
    case option.list: {
      const nameLength = Buffer.alloc(4);
      return {
        kind: 'answered',
        answer: Buffer.concat([optionReply(asked, reply.server, nameLength), optionReply(asked, reply.ack)]),
      };
    }
    case option.info:
    case option.go: {
      const sizes = Buffer.alloc(14);
      sizes.writeUInt16BE(info.blockSize, 0);
      sizes.writeUInt32BE(512, 2);
      sizes.writeUInt32BE(4096, 6);
      sizes.writeUInt32BE(maxPayloadBytes, 10);
      const kind = Buffer.alloc(2);
      kind.writeUInt16BE(info.export, 0);
      const answer = Buffer.concat([
        optionReply(asked, reply.info, Buffer.concat([kind, exportOf(sizeBytes)])),
        optionReply(asked, reply.info, sizes),
        optionReply(asked, reply.ack),
      ]);
      return { kind: asked === option.go ? 'agreed' : 'answered', answer };
    }
    default:
      return { kind: 'answered', answer: optionReply(asked, reply.unsupported) };
  }
}

/** The next request, or undefined when it is not all there. @throws an Error when it is none, or too long */
export function takeRequest(intake: Intake): Request | undefined {
  const header = intake.peek(28);
  if (header === undefined) return undefined;
  if (header.readUInt32BE(0) !== requestMagic) throw new Error('what came is no NBD request');
  const kind = header.readUInt16BE(6);
  const length = header.readUInt32BE(24);
  const hasPayload = kind === command.write;
  if ((hasPayload || kind === command.read) && length > maxPayloadBytes) throw new Error('an NBD request is too long');
  if (hasPayload && intake.peek(28 + length) === undefined) return undefined;
  const taken = intake.take(28)!;
  return {
    kind,
    isFua: (taken.readUInt16BE(4) & flagFua) !== 0,
    cookie: taken.subarray(8, 16),
    // Beyond 2^53 there is no disk; what is asked there is refused as out of bounds.
    offset: Number(taken.readBigUInt64BE(16)),
    length,
    payload: hasPayload ? intake.take(length)! : Buffer.alloc(0),
  };
}

export function simpleReply(cookie: Buffer, error = 0): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32BE(simpleReplyMagic, 0);
  bytes.writeUInt32BE(error, 4);
  cookie.copy(bytes, 8);
  return bytes;
}

function exportOf(sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(10);
  bytes.writeBigUInt64BE(BigInt(sizeBytes), 0);
  bytes.writeUInt16BE(transmissionFlags, 8);
  return bytes;
}

function optionReply(asked: number, kind: number, data = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(20);
  header.writeBigUInt64BE(replyMagic, 0);
  header.writeUInt32BE(asked, 8);
  header.writeUInt32BE(kind, 12);
  header.writeUInt32BE(data.length, 16);
  return Buffer.concat([header, data]);
}
