import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { download, faultOfUrl, shownUrl } from '../../src/appliance/download.ts';
import { Rauc } from '../../src/appliance/rauc.ts';
import { receive } from '../../src/appliance/receive.ts';
import { Update } from '../../src/appliance/update.ts';
import { smallDisk } from '../support/small-disk.ts';
import { tempDir } from '../support/temp-dir.ts';

const content = Buffer.from(Array.from({ length: 100_000 }, (_, at) => (at * 31) % 251));

/** A server whose n-th answer is the n-th of these; the last one goes on. */
async function serving(
  t: TestContext,
  ...answers: ((request: IncomingMessage, response: ServerResponse) => void)[]
): Promise<{ url: string; ranges: (string | undefined)[] }> {
  const ranges: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    const answer = answers[Math.min(ranges.length, answers.length - 1)]!;
    ranges.push(request.headers.range);
    answer(request, response);
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v2.raucb?key=secret`, ranges };
}

const whole = (etag?: string) => (_: IncomingMessage, response: ServerResponse) =>
  void response.writeHead(200, { 'content-length': content.length, ...(etag && { etag }) }).end(content);
/** Sends the first 40,000 bytes, and breaks off when they were written: {@link options} tells. */
const broken = (etag?: string) => (_: IncomingMessage, response: ServerResponse) => {
  response.writeHead(200, { 'content-length': content.length, ...(etag && { etag }) });
  response.write(content.subarray(0, 40_000));
  cut = () => response.destroy();
};
let cut = () => {};
const rest = (from: number, etag?: string) => (_: IncomingMessage, response: ServerResponse) =>
  void response
    .writeHead(206, {
      'content-length': content.length - from,
      'content-range': `bytes ${from}-${content.length - 1}/${content.length}`,
      ...(etag && { etag }),
    })
    .end(content.subarray(from));
const refusing = (status: number) => (_: IncomingMessage, response: ServerResponse) =>
  void response.writeHead(status).end('no');

const noWait = async () => undefined;
const options = {
  onBytes: (bytes: number) => {
    if (bytes === 40_000) cut();
  },
  wait: noWait,
};

test('a download that breaks off goes on where it was, when the server says it is still the same file', async (t) => {
  const { url, ranges } = await serving(t, broken('"a"'), refusing(503), rest(40_000, '"a"'));
  const path = join(tempDir(t), 'x');
  const told: number[] = [];
  const onBytes = (now: number, total: number | undefined) => {
    told.push(now, total!);
    options.onBytes(now);
  };
  const bytes = await download(url, path, { wait: noWait, onBytes });
  assert.equal(bytes, content.length);
  assert.deepEqual(readFileSync(path), content);
  assert.deepEqual(ranges, [undefined, 'bytes=40000-', 'bytes=40000-']);
  assert.equal(told.at(-2), content.length);
});

test('it begins anew when the file changed, or the server can do no parts', async (t) => {
  for (const etag of ['"a"', undefined, 'W/"weak"']) {
    const { url, ranges } = await serving(t, broken(etag), whole(etag));
    const path = join(tempDir(t), 'x');
    await download(url, path, options);
    assert.deepEqual(readFileSync(path), content);
    assert.equal(ranges[1], etag === '"a"' ? 'bytes=40000-' : undefined, String(etag));
  }
});

test('a shorter file in the place of a longer one leaves nothing of that', async (t) => {
  const short = Buffer.from('short');
  const { url } = await serving(t, broken('"a"'), (_, response) =>
    response.writeHead(200, { 'content-length': short.length }).end(short),
  );
  const path = join(tempDir(t), 'x');
  assert.equal(await download(url, path, options), short.length);
  assert.deepEqual(readFileSync(path), short);
});

test('what is not to be had is said, with why and without what is secret', async (t) => {
  const missing = await serving(t, refusing(404));
  const path = join(tempDir(t), 'x');
  await assert.rejects(download(missing.url, path, options), {
    code: 'update.unreachable',
    message: /v2\.raucb is not to be had: the server said HTTP 404\.$/,
  });
  assert.equal(missing.ranges.length, 1, 'it is not asked again');
  const failing = await serving(t, refusing(500));
  await assert.rejects(download(failing.url, path, options), { code: 'update.unreachable', message: /HTTP 500/ });
  assert.equal(failing.ranges.length, 6);
  const nobody = 'http://127.0.0.1:1/x.raucb';
  await assert.rejects(download(nobody, path, options), {
    code: 'update.unreachable',
    message: /ECONNREFUSED|bad port/,
  });
  const silent = await serving(t, () => undefined);
  await assert.rejects(download(silent.url, path, { ...options, idleMs: 20 }), { message: /nothing came for 0\.02 s/ });
});

test('redirections are followed, as long as they lead somewhere', async (t) => {
  const to = (location: string) => (_: IncomingMessage, response: ServerResponse) =>
    void response.writeHead(302, { location }).end();
  const path = join(tempDir(t), 'x');
  const there = await serving(t, to('/elsewhere'), to('v2.raucb'), whole());
  assert.equal(await download(there.url, path, options), content.length);
  const loop = await serving(t, to('/again'));
  await assert.rejects(download(loop.url, path, options), { code: 'update.unreachable', message: /led elsewhere/ });
  assert.equal(loop.ranges.length, 6);
  const file = await serving(t, to('file:///etc/passwd'));
  await assert.rejects(download(file.url, path, options), { code: 'update.unreachable', message: /file:/ });
});

test('a download that is given up ends at once, and leaves no file', async (t) => {
  const { url } = await serving(t, broken('"a"'));
  const directory = join(tempDir(t), 'update');
  const states: string[] = [];
  const update: Update = new Update({
    rauc: new Rauc(['false']),
    appliance: { version: '0.1.0', build: '', architecture: 'amd64' },
    directory,
    onState: (state) => {
      states.push(state.step);
      if (state.step === 'receiving' && state.bytes === 40_000) update.stop();
    },
  });
  await assert.rejects(update.fromUrl(url), { code: 'update.failed', message: 'The download was given up.' });
  assert.deepEqual([states[0], states.at(-1)], ['receiving', 'failed']);
  assert.deepEqual(readdirSync(directory), []);
});

test('what is too large for the disk or for a bundle is refused before it is read', async (t) => {
  const told = (length: number) => (_: IncomingMessage, response: ServerResponse) =>
    void response.writeHead(200, { 'content-length': length }).write('x');
  const path = join(tempDir(t), 'x');
  const huge = await serving(t, told(3e9));
  await assert.rejects(download(huge.url, path, options), { code: 'update.refused', message: /larger than 2147 MB/ });
});

test('what has no room beside what records need is refused before it is read, and when it turns out so', async (t) => {
  const disk = smallDisk(t, 80 << 20);
  if (disk === undefined) return;
  const path = join(disk.path, 'x');
  const piece = Buffer.alloc(1 << 20);
  async function* pieces(count: number) {
    for (let at = 0; at < count; at++) yield piece;
  }
  let read = 0;
  const receiving = {
    from: 0,
    totalBytes: 60 << 20,
    onBytes: (bytes: number) => {
      read = bytes;
    },
  };
  await assert.rejects(receive(pieces(60), path, receiving), {
    code: 'update.no-room',
    message: /: 63 MB are needed, beside the 67 MB that are kept for records, and 8\d MB are free\.$/,
  });
  assert.equal(read, 0);
  await assert.rejects(receive(pieces(60), path, { ...receiving, totalBytes: undefined }), { code: 'update.no-room' });
  assert.ok(read > 0 && read <= 32 << 20, String(read));
});

test('addresses', () => {
  assert.equal(faultOfUrl('https://example.org/x.raucb'), undefined);
  assert.match(faultOfUrl('file:///etc/passwd') ?? '', /https:/);
  assert.match(faultOfUrl('https://') ?? '', /https:/);
  assert.match(faultOfUrl('https://me:secret@example.org/x') ?? '', /user and password/);
  assert.equal(shownUrl('https://example.org/a/x.raucb?key=secret#y'), 'https://example.org/a/x.raucb');
});
