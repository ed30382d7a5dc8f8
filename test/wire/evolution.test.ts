import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import {
  Client,
  type ClientDuplexStream,
  credentials,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  status,
} from '@grpc/grpc-js';
import { Collector } from '../../src/collector/collector.ts';
import { readRecords } from '../../src/collector/read-records.ts';
import { readRequest } from '../../src/collector/request.ts';
import { systemClock } from '../../src/core/time.ts';
import { silentLog } from '../../src/lib/log.ts';
import type { Companion } from '../../src/uplink/companion.ts';
import { Lineage } from '../../src/uplink/lineage.ts';
import { Uplink } from '../../src/uplink/uplink.ts';
import { Record as CurrentRecord } from '../../src/wire/generated/headgate/v1/record.ts';
import { RecordEncoder } from '../../src/wire/record-encoder.ts';
import { uplinkService } from '../../src/wire/uplink-service.ts';
import { TestGateway } from '../collector/client.ts';
import { kinds, sinkIn } from '../collector/fixtures.ts';
import { MemoryBuffer } from '../support/memory-buffer.ts';
import { memoryShelf } from '../support/memory-shelf.ts';
import { collectorDefaults, uplinkDefaults } from '../support/options.ts';
import { ReleasedProtocol } from '../support/released-protocol.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

const root = join(import.meta.dirname, '../..');
const release = new ReleasedProtocol('0.1.0');
const never = new AbortController().signal;

async function startCollector(t: TestContext, sink: string): Promise<Collector> {
  const options = { ...collectorDefaults, host: '127.0.0.1', port: 0, windowBytes: 1 << 20, sink };
  const collector = new Collector(options, silentLog);
  t.after(() => collector.stop(never));
  await collector.start();
  return collector;
}

/** A gateway of release 0.1.0: it says only what that release could say, and understands no more. */
class OldGateway {
  readonly #client: Client;
  readonly #call: ClientDuplexStream<Uint8Array, Buffer>;
  readonly heard: { readonly name: string; readonly value: Record<string, unknown> }[] = [];
  readonly ended: Promise<{ readonly code: number; readonly details: string }>;

  constructor(address: string) {
    this.#client = new Client(address, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
    const { path, requestSerialize, responseDeserialize } = uplinkService.connect;
    this.#call = this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    this.#call.on('error', () => {});
    this.#call.on('data', (bytes: Buffer) => {
      const message = release.messageIn('ConnectResponse', bytes);
      this.heard.push(message ?? { name: 'nothing that it knows', value: {} });
    });
    this.ended = new Promise((resolve) => {
      this.#call.on('status', resolve);
    });
  }

  say(name: string, value: object): void {
    this.#call.write(release.encode('ConnectRequest', { message: { case: name, value } }));
  }

  hello(firstWaiting: number, lastSequence: number): void {
    const numbers = { firstWaiting: BigInt(firstWaiting), lastSequence: BigInt(lastSequence) };
    this.say('hello', { version: 1, gateway: 'old', epoch: 'e', agent: 'headgate/0.1.0', ...numbers });
  }

  upload(first: number, last: number): void {
    const records = Array.from({ length: last - first + 1 }, (_, index) => ({
      deviceId: 'd',
      source: 'mqtt',
      topic: 't',
      fields: [{ name: 'n', value: { case: 'number', value: first + index } }],
    }));
    this.say('upload', { batches: [{ firstSequence: BigInt(first), count: records.length, records }] });
  }

  /** The runs that are said to be durable in messages of this kind. */
  durable(name: string): string {
    const runs = this.heard
      .filter((message) => message.name === name)
      .flatMap(({ value }) => value.durable as { first: bigint; last: bigint }[]);
    return runs.map(({ first, last }) => `${first}-${last}`).join(' ');
  }

  close(): void {
    this.#call.cancel();
    this.#client.close();
  }
}

for (const kind of kinds) {
  test(`${kind}: a gateway of 0.1.0 at a collector of today`, async (t) => {
    const sink = sinkIn(tempDir(t), kind);
    const { address } = await startCollector(t, sink);
    const first = new OldGateway(address);
    t.after(() => first.close());
    first.hello(1, 10);
    await eventually('the welcome', () => first.heard.length === 1);
    assert.deepEqual([first.heard[0]!.name, first.heard[0]!.value.version], ['welcome', 1]);
    first.upload(1, 5);
    first.upload(6, 10);
    await eventually('the acknowledgements', () => /-10$/.test(first.durable('acknowledge')));
    first.say('ping', { nonce: 7n });
    await eventually('the pong', () => first.heard.some(({ name }) => name === 'pong'));
    // It comes back, knows nothing of what was acknowledged, and sends some of it again.
    const second = new OldGateway(address);
    t.after(() => second.close());
    second.hello(3, 20);
    await eventually('the welcome', () => second.durable('welcome') === '3-10');
    assert.equal((await first.ended).code, status.ABORTED);
    second.upload(8, 20);
    await eventually('the acknowledgement', () => /-20$/.test(second.durable('acknowledge')));
    for (const { name } of [...first.heard, ...second.heard]) assert.notEqual(name, 'nothing that it knows');
    const sequences = readRecords(sink, 100).map((line) => Number(JSON.parse(line).sequence));
    assert.deepEqual(
      sequences,
      Array.from({ length: 20 }, (_, index) => index + 1),
    );
  });

  test(`${kind}: what a newer gateway says of a record, and this version does not know, is kept`, async (t) => {
    const sink = sinkIn(tempDir(t), kind);
    const collector = await startCollector(t, sink);
    const gateway = new TestGateway(collector.address);
    t.after(() => gateway.close());
    await gateway.greet('new');
    const known = Buffer.from(
      CurrentRecord.encode(CurrentRecord.fromPartial({ deviceId: 'd', topic: 't', source: 'mqtt' })).finish(),
    );
    // Field 200 of the record, a text; and a measured value of a kind that is still to come: field 9 of Field.
    const unknown = Buffer.from('c20c0568656c6c6f', 'hex');
    const field = Buffer.from('4a080a016e4a03010203', 'hex');
    const gapWithMore = Buffer.from('72050805c80c01', 'hex');
    const records = [known, Buffer.concat([known, unknown]), Buffer.concat([known, field]), gapWithMore];
    const batch = Buffer.concat([
      Buffer.from('08011004', 'hex'),
      ...records.flatMap((record) => [Buffer.from([0x7a, record.length]), record]),
    ]);
    const upload = Buffer.concat([Buffer.from([0x0a, batch.length]), batch]);
    // Beside the upload, something that a newer version of the envelope has; and a kind of message that nobody knows.
    gateway.call.write(Buffer.from('c20c0378797a', 'hex'));
    gateway.call.write(Buffer.concat([Buffer.from([0x12, upload.length]), upload, Buffer.from('c80c05', 'hex')]));
    await gateway.acknowledged(1, 4);
    await collector.stop(never);
    const lines = readRecords(sink, 10).map((line) => JSON.parse(line) as { encoded?: string; deviceId?: string });
    assert.deepEqual(
      lines.map(({ encoded }) => encoded && Buffer.from(encoded, 'base64').toString('hex')),
      [undefined, ...records.slice(1).map((record) => record.toString('hex'))],
    );
    // What is known of it is there as ever.
    assert.deepEqual(
      lines.slice(0, 3).map(({ deviceId }) => deviceId),
      ['d', 'd', 'd'],
    );
  });
}

const encoder = new RecordEncoder();

function append(buffer: MemoryBuffer, value: number): void {
  const { bytes, start, end } = encoder.encode(
    { deviceId: 'd', fields: [{ name: 'n', value }], tags: [['unknown', 'then']] },
    {
      ...{ source: 'mqtt', topic: 't', receivedAtMs: Date.now(), clockQuality: 'estimated', priority: 'normal' },
      ...{ kind: 'event', profile: { name: 'p', version: 1 }, message: 1, supersedes: [1] },
    },
    undefined,
  );
  buffer.append('a', Uint8Array.from(bytes.subarray(start, end)), 1);
}

/** A collector of release 0.1.0: strict as that was with what it does not know. */
async function oldCollector(t: TestContext, onRecords: (numbers: readonly number[]) => void): Promise<string> {
  const server = new Server();
  const connect = (call: ServerDuplexStream<Buffer, Uint8Array>): void => {
    const say = (name: string, value: object): void => {
      call.write(release.encode('ConnectResponse', { message: { case: name, value } }));
    };
    call.on('error', () => {});
    call.on('data', (bytes: Buffer) => {
      const message = release.messageIn('ConnectRequest', bytes);
      switch (message?.name) {
        case 'hello': {
          assert.equal(message.value.gateway, 'gateway');
          say('welcome', { version: 1, windowBytes: 1_000_000n, agent: 'headgate-collector' });
          return;
        }
        case 'upload': {
          const batches = message.value.batches as {
            firstSequence: bigint;
            count: number;
            records: { fields: { value: { value: number } }[] }[];
          }[];
          for (const { firstSequence, count, records } of batches) {
            assert.equal(records.length, count);
            onRecords(records.map(({ fields }) => fields[0]!.value.value));
            say('acknowledge', { durable: [{ first: firstSequence, last: firstSequence + BigInt(count) - 1n }] });
          }
          return;
        }
        case 'ping':
          say('pong', message.value);
          return;
        case 'pong':
          return;
        default:
          call.emit('error', { code: status.INVALID_ARGUMENT, details: 'it is neither hello, upload, ping nor pong' });
      }
    });
  };
  server.addService(uplinkService, { connect });
  t.after(() => server.forceShutdown());
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return `127.0.0.1:${port}`;
}

test('a gateway of today at a collector of 0.1.0', async (t) => {
  const got: number[] = [];
  const address = await oldCollector(t, (numbers) => got.push(...numbers));
  const buffer = new MemoryBuffer().addLane('a');
  for (let value = 1; value <= 30; value++) append(buffer, value);
  const versions: number[] = [];
  // As commands and renewals do: they say something only to who knows what it is.
  const companion: Companion = {
    connected: (send, { version }) => {
      versions.push(version);
      if (version >= 2) send({ $case: 'renew', value: { csr: Buffer.alloc(1) } });
    },
  };
  const lineage = new Lineage(memoryShelf(), silentLog);
  const uplink = new Uplink({
    options: { ...uplinkDefaults, retryMin: 10, retryMax: 40, compression: 'zstd' },
    urls: () => [`http://${address}`],
    identity: () => buffer.identity,
    agent: 'test',
    buffer,
    clock: systemClock,
    log: silentLog,
    lineage,
    companions: [companion],
  });
  t.after(() => uplink.stop(AbortSignal.abort()));
  await uplink.start();
  await eventually('the backlog', () => buffer.totals.waitingRecords === 0);
  append(buffer, 31);
  await eventually('a fresh one', () => buffer.totals.waitingRecords === 0);
  assert.deepEqual(
    got,
    Array.from({ length: 31 }, (_, index) => index + 1),
  );
  assert.deepEqual([versions, uplink.status().connections, uplink.status().state.name], [[1], 1, 'live']);
  assert.deepEqual(lineage.claim('epoch'), { lineages: [], takesOver: '' });
});

test('a message that says two known things at once, or nothing, is refused; one of a newer kind is passed over', () => {
  const upload = '12020a00';
  const table: [name: string, hex: string, expected: string | RegExp][] = [
    ['an upload', upload, 'upload'],
    ['something new beside an upload', `${upload}c80c05`, 'upload'],
    ['something new before an upload', `c80c05${upload}`, 'upload'],
    ['something new alone', 'c20c03616263', 'unknown'],
    ['a ping', '1a020807', 'ping'],
    ['a ping and something new', '1a020807c80c05', 'ping'],
    ['an upload after a ping', `1a020807${upload}`, /an upload and something else/],
    ['two uploads', `${upload}${upload}`, /an upload and something else/],
    ['nothing', '', /it is empty/],
    ['something new, cut off', 'c20c0361', /./],
  ];
  for (const [name, hex, expected] of table) {
    const read = (): string => readRequest(Buffer.from(hex, 'hex')).name;
    if (typeof expected === 'string') assert.equal(read(), expected, name);
    else assert.throws(read, expected, name);
  }
});

test('what a release said on the wire may not change: `npm run check` would tell', async (t) => {
  const buf = async (change: (proto: string) => string): Promise<string> => {
    const directory = tempDir(t);
    cpSync(join(root, 'protos'), join(directory, 'protos'), { recursive: true });
    cpSync(join(root, 'buf.yaml'), join(directory, 'buf.yaml'));
    const path = join(directory, 'protos/headgate/v1/record.proto');
    const before = readFileSync(path, 'utf8');
    writeFileSync(path, change(before));
    const args = ['breaking', '--against', join(root, 'test/wire/released/0.1.0')];
    return await promisify(execFile)(join(root, 'node_modules/.bin/buf'), args, { cwd: directory }).then(
      () => '',
      ({ stdout }: { stdout: string }) => stdout,
    );
  };
  const [same, added, renumbered, retyped, renamed] = await Promise.all([
    buf((proto) => proto),
    buf((proto) => proto.replace('  string topic = 8;', '  string topic = 8;\n  string brand_new = 99;')),
    buf((proto) => proto.replace('string topic = 8;', 'string topic = 88;')),
    buf((proto) => proto.replace('string topic = 8;', 'uint64 topic = 8;')),
    buf((proto) => proto.replace('string topic = 8;', 'string subject = 8;')),
  ]);
  assert.equal(same, '');
  assert.equal(added, '');
  assert.match(renumbered, /field "8" with name "topic" on message "Record" was deleted/);
  assert.match(retyped, /Field "8" with name "topic" on message "Record" changed type/);
  // The JSON lines of the file sink have these names.
  assert.match(renamed, /Field "8" on message "Record" changed name from "topic" to "subject"/);
});
