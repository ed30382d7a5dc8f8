import { loadConfig } from '../../src/config/load.ts';
import { createDecoder } from '../../src/profiles/decoder.ts';
import { RecordEncoder } from '../../src/wire/record-encoder.ts';
import { poolSize } from './load-protocol.ts';
import { payload, seeded } from './payload.ts';

/** Devices of the bench's usual load. */
const devices = 10;

/**
 * The records that the gateway makes of the bench's usual load, in turn from each device: record n is `bytes` from
 * `starts[n]` to `starts[n + 1]`.
 */
export function encodedRecords(): { readonly bytes: Buffer; readonly starts: Uint32Array } {
  const decode = createDecoder(loadConfig({}).decode);
  const encoder = new RecordEncoder();
  const randoms = Array.from({ length: devices }, (_, device) => seeded(device + 1));
  const pieces: Buffer[] = [];
  const starts = new Uint32Array(devices * poolSize + 1);
  const receivedAtMs = Date.now();
  for (let index = 0; index < devices * poolSize; index++) {
    const device = index % devices;
    const message = {
      source: 'mqtt',
      topic: `bench/device-${device}/state`,
      payload: Buffer.from(payload(randoms[device]!)),
    };
    const envelope = { ...message, receivedAtMs, clockQuality: 'synced', priority: 'normal' } as const;
    const { bytes, start, end } = encoder.encode(decode(message, 0).measurements[0], envelope, undefined);
    pieces.push(Buffer.from(bytes.subarray(start, end)));
    starts[index + 1] = starts[index]! + end - start;
  }
  return { bytes: Buffer.concat(pieces), starts };
}
