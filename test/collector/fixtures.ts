import { join } from 'node:path';
import { FileSink } from '../../src/collector/file-sink.ts';
import { readRecords } from '../../src/collector/read-records.ts';
import { type Delivery, type Outcome, parseSink, type Sink } from '../../src/collector/sink.ts';
import { SqliteSink } from '../../src/collector/sqlite-sink.ts';
import { Record } from '../../src/wire/generated/headgate/v1/record.ts';
import { ConnectRequest, Upload } from '../../src/wire/generated/headgate/v1/uplink.ts';

export { tempDir as temporaryDirectory } from '../support/temp-dir.ts';

export const kinds = ['sqlite', 'file'] as const;
export type Kind = (typeof kinds)[number];

/** The address of a sink of this kind in a directory. */
export function sinkIn(directory: string, kind: Kind): string {
  return `${kind}:${join(directory, kind === 'sqlite' ? 'records.db' : 'records.ndjson')}`;
}

export function openSink(address: string, note: (message: string) => void = () => {}): Sink {
  const parsed = parseSink(address);
  if (parsed.kind === 'nats') throw new Error(`${address} is none of the sinks on a disk`);
  const sink = parsed.kind === 'sqlite' ? new SqliteSink(parsed.path) : new FileSink(parsed.path, note);
  sink.open();
  return sink;
}

/** The record that the tests send for a sequence: all of it follows from its name. */
export function recordOf(gateway: string, sequence: number): Record {
  return Record.create({
    sequence: BigInt(sequence),
    deviceId: `device-${sequence % 3}`,
    receivedAt: { seconds: BigInt(1_767_225_600 + sequence), nanos: 0 },
    priority: 2,
    source: 'mqtt',
    topic: `t/${gateway}/${sequence % 3}`,
    fields: [{ name: 'value', unit: '', value: { $case: 'number', value: sequence / 8 } }],
  });
}

/** One upload with one batch a list of sequences. Sequences that follow each other are left out, as a gateway does. */
export function uploadOf(gateway: string, batches: readonly (readonly number[])[]): Uint8Array {
  return Upload.encode(
    Upload.fromPartial({
      batches: batches.map((sequences) => ({
        firstSequence: BigInt(sequences[0] ?? 1),
        count: sequences.length,
        historical: false,
        records: sequences.map((sequence, i) => {
          const follows = i === 0 || sequence === sequences[i - 1]! + 1;
          return { ...recordOf(gateway, sequence), ...(follows && { sequence: 0n }) };
        }),
      })),
    }),
  ).finish();
}

export function deliveryOf(gateway: string, epoch: string, batches: readonly (readonly number[])[]): Delivery {
  return { gateway, epoch, upload: uploadOf(gateway, batches) };
}

/** first, first + 1, …, last */
export function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

/** The sequences that outcomes say are durable, each outcome's as `first-last` texts. */
export function acknowledged(outcomes: readonly Outcome[]): string[] {
  return outcomes.map((outcome) =>
    outcome.name === 'durable' ? outcome.sequences.map(({ first, last }) => `${first}-${last}`).join(' ') : 'refused',
  );
}

/** `gateway/epoch/sequence` of every stored record, in the order of storage; throws when one is not what was sent. */
export function storedNames(address: string): string[] {
  return readRecords(address, 1_000_000).map((line) => {
    const { gateway, epoch, sequence, ...rest } = JSON.parse(line) as { [key: string]: unknown };
    const { sequence: _, ...want } = Record.toJSON(recordOf(String(gateway), Number(sequence))) as {
      [key: string]: unknown;
    };
    const got = JSON.stringify(sorted(rest));
    const expected = JSON.stringify(sorted({ ...want, time: want.receivedAt }));
    if (got !== expected) throw new Error(`record ${sequence} is ${got}, not ${expected}`);
    return `${gateway}/${epoch}/${sequence}`;
  });
}

function sorted(object: { [key: string]: unknown }): unknown {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function request(message: NonNullable<ConnectRequest['message']>): Buffer {
  return Buffer.from(ConnectRequest.encode({ message }).finish());
}
