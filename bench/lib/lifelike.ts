import { loadConfig } from '../../src/config/load.ts';
import type { StoredBatch } from '../../src/core/batch.ts';
import { createDecoder } from '../../src/profiles/decoder.ts';
import { RecordEncoder } from '../../src/wire/record-encoder.ts';
import { publishPacket } from './mqtt-bytes.ts';
import { payload, seeded } from './payload.ts';

/** `bench`: the payloads of the other scenarios. `tasmota`: what a Tasmota plug with a BME280 says of itself. */
export type PayloadKind = 'bench' | 'tasmota';

/** Batches as a gateway makes them of what 20 devices publish, a message every 5 ms on average, and what MQTT takes for the same. */
export interface Lifelike {
  readonly batches: readonly StoredBatch[];
  readonly records: number;
  /** Of the PUBLISH packets with QoS 1, and their PUBACKs. */
  readonly mqttBytes: number;
}

const devices = 20;
/** A PUBACK (MQTT 3.1.1 § 3.4). */
const pubackBytes = 4;

export function lifelike(kind: PayloadKind, perBatch: number, count: number): Lifelike {
  const decode = createDecoder(loadConfig({}).decode);
  const encoder = new RecordEncoder();
  const random = seeded(1);
  const batches: StoredBatch[] = [];
  let mqttBytes = 0;
  let atMs = Date.UTC(2026, 10, 25, 12);
  for (let batch = 0; batch < count; batch++) {
    const records: Buffer[] = [];
    for (let n = 0; n < perBatch; n++) {
      atMs += 10 * random();
      const [topic, text] = messageOf(kind, Math.floor(devices * random()), random, atMs);
      mqttBytes += publishPacket(topic, text, 1 + n).length + pubackBytes;
      const message = { source: 'mqtt', topic, payload: Buffer.from(text) };
      const envelope = {
        ...message,
        receivedAtMs: Math.floor(atMs),
        clockQuality: 'synced',
        priority: 'normal',
      } as const;
      const { bytes, start, end } = encoder.encode(decode(message, 0).measurements[0], envelope, undefined);
      records.push(Buffer.from(bytes.subarray(start, end)));
    }
    batches.push({
      lane: 'default',
      firstSequence: batch * perBatch + 1,
      count: perBatch,
      records: Buffer.concat(records),
    });
  }
  return { batches, records: perBatch * count, mqttBytes };
}

function messageOf(
  kind: PayloadKind,
  device: number,
  random: () => number,
  atMs: number,
): [topic: string, text: string] {
  if (kind === 'bench') return [`bench/device-${device}/state`, payload(random)];
  const about = (least: number, spread: number): number => Math.round((least + spread * random()) * 10) / 10;
  const id = (0xa1b200 + device * 77).toString(16).toUpperCase();
  const sensor = {
    Time: new Date(atMs).toISOString().slice(0, 19),
    BME280: {
      Temperature: about(15, 10),
      Humidity: about(30, 40),
      DewPoint: about(5, 9),
      Pressure: about(990, 30),
    },
    PressureUnit: 'hPa',
    TempUnit: 'C',
  };
  return [`tele/tasmota_${id}/SENSOR`, JSON.stringify(sensor)];
}
