import type { Codec } from '../codec.ts';
import { createCborCodec } from './cbor/cbor.ts';
import { createHomeAssistantCodec } from './home-assistant/home-assistant.ts';
import { createLineProtocolCodec } from './line-protocol/line-protocol.ts';

/** Every codec, by the name that a profile calls it by (`codec: senml-json`). A gateway makes one of each that it needs. */
export const codecs: ReadonlyMap<string, () => Codec> = new Map([
  ['cbor', createCborCodec],
  ['home-assistant', createHomeAssistantCodec],
  ['influx-line-protocol', createLineProtocolCodec],
]);
