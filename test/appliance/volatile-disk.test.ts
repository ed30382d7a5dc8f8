import { deepEqual, equal, ok } from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { NbdServer } from '../../deploy/check/nbd-server.ts';
import { type Kept, sectorBytes, VolatileDisk } from '../../deploy/check/volatile-disk.ts';
import { randomOf, seededRandom } from '../support/random.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually, within } from '../support/wait.ts';

const mib = 2 ** 20;

interface Served {
  readonly disk: VolatileDisk;
  readonly server: NbdServer;
  readonly uri: string;
}

function blank(t: TestContext, sizeBytes: number): string {
  const path = join(tempDir(t), 'disk.img');
  writeFileSync(path, '');
  truncateSync(path, sizeBytes);
  return path;
}

async function serve(t: TestContext, maxVolatileBytes?: number): Promise<Served> {
  const path = blank(t, 16 * mib);
  const disk = new VolatileDisk({ path, random: randomOf(1), ...(maxVolatileBytes && { maxVolatileBytes }) });
  const server = new NbdServer(disk, `${path}.sock`);
  await server.start();
  t.after(async () => {
    await server.stop();
    disk.close();
  });
  return { disk, server, uri: `nbd+unix:///?socket=${path}.sock` };
}

/** A real client, QEMU's: it is told what to do line by line, and flushes when it is closed. */
class Client {
  readonly #child: ChildProcess;
  said = '';

  constructor(t: TestContext, uri: string) {
    this.#child = spawn('qemu-io', ['-f', 'raw', '-t', 'writeback', uri], { stdio: ['pipe', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.on('data', (text: Buffer) => {
        this.said += text;
      });
    }
    // One that was killed takes no more lines.
    this.#child.stdin!.on('error', () => {});
    t.after(() => this.#child.kill('SIGKILL'));
  }

  /** Gives the command and waits for its answer. */
  async does(line: string, answer: RegExp): Promise<void> {
    this.said = '';
    this.#child.stdin!.write(`${line}\n`);
    await eventually(`${answer} after ${line}`, () => answer.test(this.said) || Promise.reject(new Error(this.said)));
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.stdin!.end('quit\n');
    await within(5_000, 'the end of qemu-io', closed);
  }
}

const wrote = /wrote \d+\/\d+ bytes/;
const read4k = /read 4096\/4096 bytes/;
const read64k = /read 65536\/65536 bytes/;
/** A flush says nothing: the next prompt tells that it is done. */
const prompt = /qemu-io> $/;

test('what was flushed or written with FUA outlives a cut, and what was not is gone', async (t) => {
  const { disk, server, uri } = await serve(t);
  const client = new Client(t, uri);
  await client.does('write -P 0x11 0 64k', wrote);
  await client.does('flush', prompt);
  await client.does('write -P 0x22 64k 64k', wrote);
  await client.does('write -f -P 0x33 128k 64k', wrote);
  await client.does('write -P 0x44 0 4k', wrote);
  await client.does('write -z 32k 4k', wrote);
  // It sees what it has written, flushed or not.
  await client.does('read -P 0x22 64k 64k', read64k);
  await client.does('read -P 0x44 0 4k', read4k);
  await client.does('read -P 0 32k 4k', read4k);
  ok(disk.flushes >= 1);
  deepEqual(server.cut('none'), { volatileSectors: (64 + 4 + 4) * 2, keptSectors: 0 });
  await client.does('read 0 512', /read failed/);

  server.set({ kind: 'well' });
  const next = new Client(t, uri);
  await next.does('read -P 0x11 0 64k', read64k);
  await next.does('read -P 0 64k 64k', read64k);
  await next.does('read -P 0x33 128k 64k', read64k);
  ok(!/failed/i.test(next.said));
  await next.close();
});

test('a process that ends takes nothing with it; a disk without power lets nobody in', async (t) => {
  const { server, uri } = await serve(t);
  const client = new Client(t, uri);
  await client.does('write -P 0x22 1M 64k', wrote);
  equal(server.cut('all').keptSectors, 128);
  await client.does('read 0 512', /read failed/);
  const early = new Client(t, uri);
  await early.does('length', /Requested export not available|Failed|can't open|Unexpected end-of-file|no file open/i);
  server.set({ kind: 'well' });
  const next = new Client(t, uri);
  await next.does('read -P 0x22 1M 64k', read64k);
  await next.close();
});

test('a disk turns read-only: writes fail, reads do not', async (t) => {
  const { server, uri } = await serve(t);
  const client = new Client(t, uri);
  await client.does('write -P 0x11 0 4k', wrote);
  server.set({ kind: 'read-only' });
  await client.does('write -P 0x22 0 4k', /write failed: Input\/output error/);
  await client.does('read -P 0x11 0 4k', read4k);
});

test('a slow flush keeps everything waiting', async (t) => {
  const { server, uri } = await serve(t);
  const [client, other] = [new Client(t, uri), new Client(t, uri)];
  await client.does('write -P 0x11 0 4k', wrote);
  await other.does('length', prompt);
  server.set({ kind: 'slow', flushMs: 300 });
  const begun = performance.now();
  const flushing = client.does('flush', prompt);
  await eventually('the flush', () => server.isBusy);
  await other.does('read -P 0x11 0 4k', read4k);
  await flushing;
  ok(performance.now() - begun >= 299);
});

test('a flush that a cut met halfway has kept nothing', async (t) => {
  const { server, uri } = await serve(t);
  const client = new Client(t, uri);
  await client.does('write -P 0x11 0 4k', wrote);
  server.set({ kind: 'slow', flushMs: 3_600_000 });
  const flushing = client.does('flush', prompt);
  await eventually('the flush', () => server.isBusy);
  equal(server.cut('none').volatileSectors, 8);
  await flushing;
  server.set({ kind: 'well' });
  const next = new Client(t, uri);
  await next.does('read -P 0 0 4k', read4k);
});

test('of a full cache the oldest is written', async (t) => {
  const { disk, server, uri } = await serve(t, 64 * 1024);
  const client = new Client(t, uri);
  await client.does('write -P 0x11 0 128k', wrote);
  equal(disk.volatileBytes, 64 * 1024);
  server.cut('none');
  server.set({ kind: 'well' });
  const next = new Client(t, uri);
  await next.does('read -P 0x11 0 64k', read64k);
  await next.does('read -P 0 64k 64k', read64k);
});

test('bytes written are counted by where they went', async (t) => {
  const { disk, uri } = await serve(t);
  const client = new Client(t, uri);
  await client.does('write 0 64k', wrote);
  await client.does('write 0 64k', wrote);
  await client.does('write 2044k 8k', wrote);
  equal(disk.writtenBytes(0, mib), 128 * 1024);
  equal(disk.writtenBytes(mib, 2 * mib), 4096);
  equal(disk.writtenBytes(2 * mib), 4096);
  equal(disk.writtenBytes(), 136 * 1024);
  equal(disk.writes, 3);
});

test('after any cut a sector is as it was flushed, or as it was written since', (t) => {
  const random = seededRandom(t);
  const sectors = 256;
  const seen: Record<string, number> = { flushed: 0, newer: 0, torn: 0 };
  for (let run = 0; run < 60; run++) {
    const path = blank(t, sectors * sectorBytes);
    const maxVolatileBytes = run % 3 === 0 ? 16 * 1024 : mib;
    const disk = new VolatileDisk({ path, random, maxVolatileBytes });
    // What each sector may hold: the number of the write that filled it, 0 at first.
    let allowed = Array.from({ length: sectors }, () => [0]);
    for (let step = 1; step <= 40; step++) {
      const at = random.between(0, sectors - 1);
      const count = random.between(1, Math.min(24, sectors - at));
      const dice = random.next();
      if (dice < 0.15) {
        disk.flush();
        allowed = allowed.map((versions) => versions.slice(-1));
        continue;
      }
      const isFua = dice > 0.9;
      disk.write(at * sectorBytes, Buffer.alloc(count * sectorBytes, step), isFua);
      for (let sector = at; sector < at + count; sector++) {
        if (isFua) allowed[sector] = [step];
        else allowed[sector]!.push(step);
      }
      const read = disk.read(at * sectorBytes, count * sectorBytes);
      ok(read.every((byte) => byte === step));
    }
    const kept: Kept = run % 2 === 0 ? 'some' : 'none';
    disk.cut(kept);
    const found = disk.read(0, sectors * sectorBytes);
    for (let sector = 0; sector < sectors; sector++) {
      const bytes = found.subarray(sector * sectorBytes, (sector + 1) * sectorBytes);
      const version = bytes[0]!;
      ok(
        bytes.every((byte) => byte === version),
        'a sector is never torn',
      );
      const versions = allowed[sector]!;
      ok(versions.includes(version), `sector ${sector} holds ${version}, may hold ${versions.join(', ')}`);
      if (versions.length > 1) seen[version === versions[0] ? 'flushed' : 'newer']! += 1;
      if (versions.length > 2 && version !== versions[0] && version !== versions.at(-1)) seen.torn! += 1;
    }
    disk.close();
  }
  // Or it would prove nothing.
  ok(seen.flushed! > 100 && seen.newer! > 100 && seen.torn! > 0, JSON.stringify(seen));
});
