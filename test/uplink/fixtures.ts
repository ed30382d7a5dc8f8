import type { TestContext } from 'node:test';
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { Collector } from '../../src/collector/collector.ts';
import { readRecords } from '../../src/collector/read-records.ts';
import { systemClock } from '../../src/core/time.ts';
import { silentLog } from '../../src/lib/log.ts';
import { Uplink, type UplinkDependencies } from '../../src/uplink/uplink.ts';
import { ConnectRequest, ConnectResponse } from '../../src/wire/generated/headgate/v1/uplink.ts';
import { RecordEncoder } from '../../src/wire/record-encoder.ts';
import { uplinkService } from '../../src/wire/uplink-service.ts';
import { atEnd } from '../support/at-end.ts';
import { MemoryBuffer } from '../support/memory-buffer.ts';
import { collectorDefaults, uplinkDefaults } from '../support/options.ts';
import { freePort } from '../support/tcp-port.ts';

export const uplinkOptions = {
  ...uplinkDefaults,
  windowBytes: 1e6,
  connectTimeout: 5_000,
  retryMin: 10,
  retryMax: 40,
};
export const now = (): AbortSignal => AbortSignal.abort();

/** One lane, `a`, and what else is asked for. */
export const newBuffer = (): MemoryBuffer => new MemoryBuffer().addLane('a');

/** An uplink that has been started, to one collector or a list of them: `HOST:PORT`, or whole URLs. */
export function connected(
  t: TestContext,
  buffer: MemoryBuffer,
  addresses: string | readonly string[],
  options: Partial<typeof uplinkOptions> = {},
  others: Partial<UplinkDependencies> = {},
): Uplink {
  const uplink = new Uplink({
    options: { ...uplinkOptions, ...options },
    urls: () => [addresses].flat().map((one) => (one.includes('://') ? one : `http://${one}`)),
    identity: () => buffer.identity,
    agent: 'test',
    buffer,
    clock: systemClock,
    log: silentLog,
    ...others,
  });
  atEnd(t, () => uplink.stop(now()));
  void uplink.start();
  return uplink;
}

export async function startedCollector(t: TestContext, sink: string, at?: number): Promise<Collector> {
  const port = at ?? (await freePort());
  const collector = new Collector({ ...collectorDefaults, port, sink, windowBytes: 1e6 }, silentLog);
  await collector.start();
  atEnd(t, () => collector.stop(now()));
  return collector;
}

export const encoder = new RecordEncoder();

/** Seals a batch of records with these values. */
export function append(buffer: MemoryBuffer, ...values: number[]): void {
  appendTo(buffer, 'a', ...values);
}

export function appendTo(buffer: MemoryBuffer, lane: string, ...values: number[]): void {
  buffer.append(lane, Buffer.concat(values.map(encoded)), values.length);
}

export function encoded(value: number): Uint8Array {
  const { bytes, start, end } = encoder.encode(
    { deviceId: 'd', fields: [{ name: 'n', value }] },
    { source: 'mqtt', topic: 't', receivedAtMs: Date.now(), clockQuality: 'estimated', priority: 'normal' },
    undefined,
  );
  // A copy: the bytes are the encoder's own until its next call.
  return Buffer.from(bytes.subarray(start, end));
}

export async function collected(sink: string): Promise<{ n: number; historical: boolean; sequence: string }[]> {
  const rows: { n: number; historical: boolean; sequence: string }[] = [];
  for await (const line of readRecords(sink, 1e6)) {
    const { fields, historical = false, sequence } = JSON.parse(line);
    rows.push({ n: fields[0].number, historical, sequence });
  }
  return rows;
}

export const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

export type Call = ServerDuplexStream<Buffer, Uint8Array>;

export interface Behaviour {
  /** The welcome's lineage has been made durable. */
  confirm?(call: Call): void;
  hello(call: Call): void;
  upload(call: Call, batches: (readonly [first: number, last: number])[]): void;
  /** The streams that are open now. */
  streams?: Set<Call>;
}

/** A collector that keeps to the wire format, and otherwise does what the test says. */
export async function rudeCollector(t: TestContext, behaviour: Behaviour): Promise<string> {
  return `127.0.0.1:${(await rudeServer(t, behaviour)).port}`;
}

export async function rudeServer(
  t: TestContext,
  behaviour: Behaviour,
): Promise<{ readonly server: Server; readonly port: number }> {
  const server = new Server();
  server.addService(uplinkService, {
    connect: (call: Call) => {
      behaviour.streams?.add(call);
      call.on('close', () => behaviour.streams?.delete(call));
      call.on('cancelled', () => behaviour.streams?.delete(call));
      call.on('data', (bytes: Buffer) => {
        const { message } = ConnectRequest.decode(bytes);
        if (message?.$case === 'hello') behaviour.hello(call);
        if (message?.$case === 'confirm') behaviour.confirm?.(call);
        if (message?.$case === 'ping') call.write(encode({ $case: 'pong', value: message.value }));
        if (message?.$case !== 'upload') return;
        const { batches } = message.value;
        behaviour.upload(
          call,
          batches.map(
            ({ firstSequence, count }) => [Number(firstSequence), Number(firstSequence) + count - 1] as const,
          ),
        );
      });
      call.on('error', () => {
        // The gateway went away: that is what these tests are about.
      });
    },
  });
  atEnd(t, () => server.forceShutdown());
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { server, port };
}

export function encode(message: ConnectResponse['message']): Uint8Array {
  return ConnectResponse.encode({ message }).finish();
}

export const range = ([first, last]: readonly [number, number]) => ({ first: BigInt(first), last: BigInt(last) });

export function welcome(durable: readonly (readonly [number, number])[], version = 1, lineage = ''): Uint8Array {
  const value = {
    version,
    durable: durable.map(range),
    windowBytes: 1_000_000n,
    now: undefined,
    agent: 'rude',
    lineage,
    follows: '',
    compressions: [],
    reconnectSpreadMs: 0,
  };
  return encode({ $case: 'welcome', value });
}

export function acknowledge(first: number, last: number): Uint8Array {
  return encode({ $case: 'acknowledge', value: { durable: [range([first, last])] } });
}
