import type { Decoded } from '../core/decoded.ts';
import type { Message } from '../core/message.ts';
import type { UnixMs } from '../core/time.ts';
import { createGeneralDecoder } from './general.ts';
import type { DecodeOptions } from './options.ts';

/** Turns a message into measurements. Never throws: what can't be decoded has no fields and keeps its payload. */
export type Decoder = (message: Message, receivedAtMs: UnixMs) => Decoded;

export function createDecoder(options: DecodeOptions): Decoder {
  return createGeneralDecoder(options);
}
