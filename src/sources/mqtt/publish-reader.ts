import type { EventEmitter } from 'node:events';
import { TextCache } from '../../lib/text-cache.ts';

/** mqtt-packet's parser, as far as it is stood in for. */
export interface PacketParser extends EventEmitter {
  parse(bytes: Buffer): number;
  readonly error: Error | null;
  /** The one that is being read; its length is -1 until that has come. */
  readonly packet: { readonly length: number };
  /** Bytes that wait for the rest of their packet. */
  readonly _list: { readonly length: number };
  readonly settings: { readonly protocolVersion?: number };
}

/** A PUBLISH with QoS 0, with the fields that the parser gives it. */
class Publish {
  readonly cmd = 'publish';
  readonly retain: boolean;
  readonly qos: number;
  readonly dup: boolean;
  /** Of what follows the fixed header, in bytes. */
  readonly length: number;
  readonly topic: string;
  readonly payload: Buffer;

  constructor(flags: number, length: number, topic: string, payload: Buffer) {
    this.retain = (flags & 1) !== 0;
    this.qos = (flags >> 1) & 3;
    this.dup = (flags & 8) !== 0;
    this.length = length;
    this.topic = topic;
    this.payload = payload;
  }
}

/** With QoS 1 or 2. */
class NumberedPublish extends Publish {
  readonly messageId: number;

  constructor(flags: number, length: number, topic: string, payload: Buffer, messageId: number) {
    super(flags, length, topic, payload);
    this.messageId = messageId;
  }
}

const nothing = Buffer.alloc(0);
const publish = 3;
/** Most bytes that a packet's length takes (MQTT 5.0 § 1.5.5). */
const maxLengthBytes = 4;
const topics = new TextCache();

/**
 * Reads PUBLISH packets without properties that lie whole in what was read from the socket, which are nearly all that a gateway
 * gets, and leaves everything else to the parser, packet by packet: also whatever is wrong. The parser goes from state to
 * state through a list of buffers and asks at each step whether somebody debugs it; that was an eighth of the main thread's time.
 */
export class PublishReader {
  readonly #parser: PacketParser;
  readonly #parse: (bytes: Buffer) => number;
  readonly #heard: () => void;
  #bytes: Buffer = nothing;
  #at = 0;
  /** Came while packets were handed on. */
  #later: Buffer[] = [];
  #isReading = false;
  // Of the packet that was looked at last: how long it is behind its fixed header, and where that begins.
  #length = 0;
  #bodyAt = 0;

  /** @param heard called after a read in which there was a PUBLISH */
  constructor(parser: PacketParser, heard: () => void) {
    this.#parser = parser;
    this.#parse = parser.parse.bind(parser);
    this.#heard = heard;
    parser.parse = (bytes) => this.#read(bytes);
  }

  /** @returns how many bytes wait for the rest of their packet */
  #read(bytes: Buffer): number {
    if (this.#isReading) {
      this.#later.push(bytes);
      return bytes.length;
    }
    this.#isReading = true;
    try {
      for (let next: Buffer | undefined = bytes; next !== undefined; next = this.#later.shift()) this.#readAll(next);
    } finally {
      this.#isReading = false;
    }
    return this.#parser._list.length;
  }

  #readAll(bytes: Buffer): void {
    this.#bytes = bytes;
    this.#at = 0;
    let hasPublished = false;
    while (this.#at < bytes.length) {
      if (this.#isBetweenPackets && this.#readPublish()) hasPublished = true;
      else {
        const stop = this.#at + this.#needed();
        this.#parse(bytes.subarray(this.#at, stop));
        // It takes nothing more of this.
        if (this.#parser.error !== null) break;
        this.#at = stop;
      }
    }
    // A slice of it may be kept for long, all of it need not be.
    this.#bytes = nothing;
    if (hasPublished) this.#heard();
  }

  get #isBetweenPackets(): boolean {
    const { packet, _list, error } = this.#parser;
    return packet.length === -1 && _list.length === 0 && error === null;
  }

  /** How many of the next bytes are of the packet that the parser reads, as far as is known. */
  #needed(): number {
    const rest = this.#bytes.length - this.#at;
    const { packet, _list, error } = this.#parser;
    if (error !== null) return rest;
    if (packet.length !== -1) return Math.min(rest, packet.length - _list.length);
    // One by one until it knows how many there are.
    if (_list.length > 0) return 1;
    return this.#readLength() ? Math.min(rest, this.#bodyAt + this.#length - this.#at) : rest;
  }

  /** @returns whether it was one */
  #readPublish(): boolean {
    const bytes = this.#bytes;
    const first = bytes[this.#at]!;
    if (first >> 4 !== publish || !this.#readLength()) return false;
    const length = this.#length;
    const stop = this.#bodyAt + length;
    if (length < 2 || stop > bytes.length) return false;
    const topicAt = this.#bodyAt + 2;
    const topicStop = topicAt + ((bytes[topicAt - 2]! << 8) | bytes[topicAt - 1]!);
    const qos = (first >> 1) & 3;
    let at = qos === 0 ? topicStop : topicStop + 2;
    const mayHaveProperties = this.#parser.settings.protocolVersion === 5;
    if (mayHaveProperties) at++;
    if (qos === 3 || at > stop || (mayHaveProperties && bytes[at - 1] !== 0)) return false;
    this.#at = stop;
    const topic = topics.at(bytes, topicAt, topicStop);
    const payload = bytes.subarray(at, stop);
    const packet =
      qos === 0
        ? new Publish(first, length, topic, payload)
        : new NumberedPublish(first, length, topic, payload, (bytes[topicStop]! << 8) | bytes[topicStop + 1]!);
    this.#parser.emit('packet', packet);
    return true;
  }

  /** The length of the packet that begins here. @returns false: it is not all there, or longer than one can be */
  #readLength(): boolean {
    const bytes = this.#bytes;
    let at = this.#at + 1;
    let length = 0;
    for (let shift = 0; shift < 7 * maxLengthBytes && at < bytes.length; shift += 7) {
      const byte = bytes[at++]!;
      length |= (byte & 0x7f) << shift;
      if (byte >= 0x80) continue;
      this.#length = length;
      this.#bodyAt = at;
      return true;
    }
    return false;
  }
}
