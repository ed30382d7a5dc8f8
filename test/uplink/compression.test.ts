import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { status } from '@grpc/grpc-js';
import { Collector } from '../../src/collector/collector.ts';
import { silentLog } from '../../src/lib/log.ts';
import { Record } from '../../src/wire/generated/headgate/v1/record.ts';
import { Compression, Upload } from '../../src/wire/generated/headgate/v1/uplink.ts';
import { envelope, TestGateway } from '../collector/client.ts';
import { kinds, range, recordOf, sinkIn, storedNames, temporaryDirectory, uploadOf } from '../collector/fixtures.ts';
import { MemoryBuffer } from '../support/memory-buffer.ts';
import { collectorDefaults } from '../support/options.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { eventually } from '../support/wait.ts';
import { connected, now } from './fixtures.ts';

async function startedCollector(t: TestContext, sink: string, windowBytes = 1e6): Promise<Collector> {
  const collector = new Collector({ ...collectorDefaults, port: 0, sink, windowBytes }, silentLog);
  await collector.start();
  t.after(() => collector.stop(now()));
  return collector;
}

/** `count` batches of `size` records each, of which all follows from their sequence. */
function fill(buffer: MemoryBuffer, count: number, size: number): void {
  for (let batch = 0; batch < count; batch++) {
    const writer = new BinaryWriter();
    for (let n = 1; n <= size; n++) {
      const record = { ...recordOf(buffer.identity.gateway, batch * size + n), sequence: 0n };
      writer.uint32(0x7a).bytes(Record.encode(record).finish());
    }
    buffer.append('a', writer.finish(), size);
  }
}

const portOf = ({ address }: Collector): number => Number(address.split(':').at(-1));

for (const kind of kinds) {
  test(`${kind}: the same records arrive with every compression, over fewer bytes with one`, async (t) => {
    const up = new Map<string, number>();
    for (const compression of ['off', 'zstd', 'gzip'] as const) {
      const sink = sinkIn(temporaryDirectory(t), kind);
      const collector = await startedCollector(t, sink);
      const proxy = await TcpProxy.start(t, portOf(collector));
      const buffer = new MemoryBuffer().addLane('a');
      const uplink = connected(t, buffer, `127.0.0.1:${proxy.port}`, { compression });
      await eventually('the welcome', () => uplink.status().state.name === 'live');
      fill(buffer, 100, 50);
      await eventually('all to arrive', () => buffer.totals.waitingRecords === 0);
      assert.equal(uplink.status().acknowledgedRecords, 5_000);
      await uplink.stop(now());
      const names = storedNames(sink);
      assert.deepEqual(
        names,
        range(1, 5_000).map((n) => `gateway/epoch/${n}`),
      );
      up.set(compression, proxy.bytesUp);
    }
    assert.ok(up.get('zstd')! < up.get('off')! / 3, JSON.stringify([...up]));
    assert.ok(up.get('gzip')! < up.get('off')! / 3, JSON.stringify([...up]));
  });
}

const compressed = (compression: Compression, bytes: Uint8Array, uncompressedBytes: number): Uint8Array =>
  Upload.encode({ batches: [], compression, compressed: bytes, uncompressedBytes }).finish();

for (const [what, upload] of [
  ['is a bomb', async () => bomb(5_000)],
  ['claims 4 GB', async () => compressed(Compression.COMPRESSION_GZIP, Buffer.from('x'), 2 ** 32 - 1)],
  ['is compressed in an unknown way', async () => compressed(9 as Compression, Buffer.from('xyz'), 10)],
  ['is no frame', async () => compressed(Compression.COMPRESSION_ZSTD, Buffer.from('no frame'), 100)],
] as const) {
  test(`an upload that ${what} ends its stream, and harms nobody else`, async (t) => {
    const sink = sinkIn(temporaryDirectory(t), 'file');
    const collector = await startedCollector(t, sink);
    const [good, bad] = [new TestGateway(collector.address), new TestGateway(collector.address)];
    t.after(() => {
      good.close();
      bad.close();
    });
    await good.greet('good');
    await bad.greet('bad');
    bad.upload([range(1, 10)], 'bad');
    // Together in one group of the sink, as far as that can be had.
    bad.call.write(envelope(await upload()));
    bad.upload([range(11, 20)], 'bad');
    good.upload([range(1, 100)], 'good');
    await good.acknowledged(1, 100);
    const { code, details } = await bad.status;
    assert.equal(code, status.INVALID_ARGUMENT);
    assert.match(details, /compress/);
    good.upload([range(101, 110)], 'good');
    await good.acknowledged(101, 110);
    const names = storedNames(sink);
    assert.equal(names.filter((name) => name.startsWith('good')).length, 110);
    assert.ok(names.every((name) => !name.startsWith('bad') || Number(name.split('/')[2]) <= 10));
  });
}

async function bomb(claims: number): Promise<Uint8Array> {
  const { gzipSync } = await import('node:zlib');
  return compressed(Compression.COMPRESSION_GZIP, gzipSync(Buffer.alloc(3 << 20)), claims);
}

test('a window counts what uploads come to, not what they were compressed to', async (t) => {
  const { zstdCompressSync } = await import('node:zlib');
  const collector = await startedCollector(t, sinkIn(temporaryDirectory(t), 'file'), 2_000);
  const gateway = new TestGateway(collector.address);
  t.after(() => gateway.close());
  await gateway.greet('gw');
  // Each comes to far more than twice the window, so that reading stops after it, and goes on once it is settled.
  for (let n = 0; n < 20; n++) {
    const plain = uploadOf('gw', [range(n * 200 + 1, n * 200 + 200)]);
    const upload = compressed(Compression.COMPRESSION_ZSTD, zstdCompressSync(plain), plain.length);
    assert.ok(plain.length > 4_000);
    gateway.call.write(envelope(upload));
  }
  await gateway.acknowledged(1, 4_000);
  assert.equal(collector.status().records, 4_000);
});

test('an old gateway is offered no compression', async (t) => {
  const collector = await startedCollector(t, sinkIn(temporaryDirectory(t), 'file'));
  for (const [version, offered] of [
    [1, []],
    [2, [Compression.COMPRESSION_ZSTD, Compression.COMPRESSION_GZIP]],
  ] as const) {
    const gateway = new TestGateway(collector.address);
    t.after(() => gateway.close());
    gateway.hello('gw', 1n, 'e', 0n, version);
    const message = await gateway.next();
    assert.equal(message.$case, 'welcome');
    assert.deepEqual(message.value.compressions, offered);
  }
});
