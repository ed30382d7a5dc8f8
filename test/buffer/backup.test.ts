import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type BackedUp, backUp } from '../../src/buffer/backup.ts';
import { digestOf } from '../../src/buffer/backup-copy.ts';
import type { RecordBuffer } from '../../src/buffer/buffer.ts';
import { laneOf } from '../../src/buffer/lane.ts';
import { type Manifest, readManifest } from '../../src/buffer/manifest.ts';
import { leap, restore } from '../../src/buffer/restore.ts';
import { Store } from '../../src/buffer/store.ts';
import { setFiles } from '../../src/upkeep/set-files.ts';
import {
  append,
  isBalanced,
  local,
  type Overrides,
  openBuffer,
  relaxed,
  waiting,
  waitingText,
} from '../support/buffer.ts';
import { tempDir } from '../support/temp-dir.ts';

const small: Overrides = { options: { segmentBytes: 64 * 1024 } };

interface Site {
  readonly dataDir: string;
  readonly backupDir: string;
  readonly buffer: RecordBuffer;
}

async function site(t: TestContext, overrides: Overrides = small): Promise<Site> {
  const dataDir = join(tempDir(t), 'data');
  mkdirSync(join(dataDir, 'buffer'), { recursive: true });
  const buffer = await openBuffer(t, join(dataDir, 'buffer'), overrides);
  return { dataDir, backupDir: join(tempDir(t), 'new', 'backup'), buffer };
}

function taken({ buffer, dataDir, backupDir }: Site, bytes = 0, directory = backupDir): Promise<Manifest> {
  const about = {
    bufferDirectory: join(dataDir, 'buffer'),
    version: '1.2.3',
    now: () => 0,
    set: () => setFiles(dataDir),
  };
  return backUp(buffer, { directory, bytes, ...about });
}

/** Restores a backup and opens it. */
async function reopened(t: TestContext, backupDir: string, overrides: Overrides = {}): Promise<RecordBuffer> {
  const dataDir = join(tempDir(t), 'restored');
  restore(backupDir, dataDir);
  return openBuffer(t, join(dataDir, 'buffer'), overrides);
}

const payload = (n: number): Buffer => Buffer.from(`<${n}:${randomBytes(6_000).toString('hex')}>`);
const numbersIn = (text: string): number[] => [...text.matchAll(/<(\d+):/g)].map(([, n]) => Number(n));

test('a backup names its gateway and every file, and can be restored to the same', async (t) => {
  const one = await site(t);
  const { buffer, backupDir } = one;
  for (const text of ['a', 'b']) await append(buffer, local, text);
  await append(buffer, { ...local, rule: 'other' }, 'c');
  buffer.shelf.put('part', 'key', Buffer.from('value'));
  await buffer.shelf.saved();
  const manifest = await taken(one);
  assert.deepEqual(readManifest(backupDir), manifest);
  const { files, ...about } = manifest;
  assert.deepEqual(about, { format: 2, ...buffer.identity, createdAt: '1970-01-01T00:00:00.000Z', version: '1.2.3' });
  const found = readdirSync(backupDir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  assert.equal(found.length, files.length + 1);
  for (const { path, ...digest } of files) assert.deepEqual(digestOf(join(backupDir, path)), digest, path);
  const { lastSequence } = buffer.status();
  await append(buffer, local, 'later');
  assert.equal(await waitingText(buffer), '<a><b><later><c>', 'the original goes on');

  const again = await reopened(t, backupDir);
  assert.deepEqual(again.identity, buffer.identity);
  assert.equal(await waitingText(again), '<a><b><c>');
  const [entry] = await again.shelf.entries('part');
  assert.deepEqual([entry?.[0], Buffer.from(entry?.[1] ?? []).toString()], ['key', 'value']);
  assert.deepEqual(again.status().damages, []);
  const sequence = await append(again, local, 'd');
  assert.ok(sequence > lastSequence + leap, `${sequence}: the original has given out some since`);
  assert.ok(isBalanced(again));
});

test('under load, everything that was acknowledged before is in it, once, and acknowledgements go on meanwhile', async (t) => {
  const one = await site(t);
  const { buffer, backupDir } = one;
  let acknowledged = 0;
  let isOver = false;
  const load = (async () => {
    for (let n = 0; !isOver; n++) {
      await append(buffer, local, payload(n));
      acknowledged = n;
    }
  })();
  while (acknowledged < 40) await new Promise(setImmediate);
  const before = acknowledged;
  const manifest = await taken(one);
  const after = acknowledged;
  isOver = true;
  await load;
  assert.ok(manifest.files.length > 8, 'many segments');
  assert.ok(after > before + 5, `${after - before} acknowledged while it was made`);
  const again = await reopened(t, backupDir);
  const numbers = numbersIn(await waitingText(again));
  assert.deepEqual(
    numbers,
    numbers.map((_, n) => n),
    'without holes and doubles',
  );
  assert.ok(numbers.length > before);
  assert.deepEqual([again.status().damages, again.status().ledger.dropped.damaged], [[], 0]);
});

test('it ends, however many segments are sealed while one of them is copied', async (t) => {
  const directory = join(tempDir(t), 'buffer');
  mkdirSync(directory);
  const store = new Store({ directory, faults: {}, maxDeliveries: 1 });
  t.after(() => store.close(0, 0));
  const lanes = ['one', 'two', 'three'].map((rule) => laneOf({ ...local, rule }));
  let sequence = 0;
  /** As a commit that has records of every lane does: each seals what was written before. */
  const commit = () => {
    for (const lane of lanes) {
      const batch = { firstSequence: ++sequence, count: 1, records: Buffer.from('<a>'), takenAtMs: 0, ageAtMs: 0 };
      const outcome = store.write({ lane, batches: [batch], segmentBytes: 1, generation: 0 });
      assert.equal(outcome.kind, 'stored');
    }
  };
  for (let n = 0; n < 4; n++) commit();
  const copy = join(tempDir(t), 'copy');
  mkdirSync(copy);
  const sizes: number[] = [];
  for (let isDone = false; !isDone; ) {
    assert.ok(sizes.length < 20, `not done, pieces of ${sizes.join()} files`);
    const step = store.backup(copy);
    sizes.push(step.files.length);
    isDone = step.isDone;
    if (!isDone) commit();
  }
  const copied = lanes.flatMap(({ key }) => readdirSync(join(copy, key))).filter((name) => name.endsWith('.db'));
  assert.equal(copied.length, sequence, 'whatever was written before the last piece is in it');
});

test('what is delivered and deleted while it is made is no loss in it', async (t) => {
  const one = await site(t);
  const { buffer, backupDir } = one;
  for (let n = 0; n < 80; n++) await append(buffer, local, payload(n));
  const batches = await waiting(buffer);
  const lane = buffer.status().lanes[0]!;
  const segments = () => readdirSync(join(one.dataDir, 'buffer', lane.lane)).length;
  const before = segments();
  let isOver = false;
  const deliveries = (async () => {
    for (const batch of batches.slice(0, 60)) {
      buffer.acknowledge([batch]);
      await append(buffer, local, payload(1_000));
      if (isOver) return;
    }
  })();
  await taken(one);
  isOver = true;
  await deliveries;
  assert.ok(before > 5);
  const again = await reopened(t, backupDir);
  const { damages, ledger } = again.status();
  assert.deepEqual([damages, ledger.dropped], [[], { ...ledger.dropped, damaged: 0 }]);
  assert.ok(isBalanced(again));
  // Whatever the original had not delivered is there.
  const numbers = new Set(numbersIn(await waitingText(again)));
  for (let n = 60; n < 80; n++) assert.ok(numbers.has(n), `${n}`);
});

test('a backup of a backup that was restored, and of an empty buffer', async (t) => {
  const one = await site(t);
  await taken(one);
  const dataDir = join(tempDir(t), 'restored');
  restore(one.backupDir, dataDir);
  const buffer = await openBuffer(t, join(dataDir, 'buffer'));
  await append(buffer, relaxed, 'a');
  const second = { buffer, dataDir, backupDir: join(tempDir(t), 'second') };
  await taken(second);
  const again = await reopened(t, second.backupDir);
  assert.equal(await waitingText(again), '<a>');
  assert.ok((await append(again, local, 'b')) > 2 * leap);
});

test('nothing is overwritten, and nothing begun that can not end well', async (t) => {
  const one = await site(t);
  await append(one.buffer, local, 'a');
  const full = tempDir(t);
  writeFileSync(join(full, 'mine'), 'x');
  await assert.rejects(taken(one, 0, full), { code: 'directory.not-empty' });
  await assert.rejects(taken(one, 0, join(full, 'mine')), { code: 'backup.failed' });
  await assert.rejects(taken(one, 1e18), { code: 'backup.failed', message: /has room for/ });
  for (const inside of [join(one.dataDir, 'buffer'), join(one.dataDir, 'buffer', 'backup')]) {
    await assert.rejects(taken(one, 0, inside), { code: 'backup.failed', message: /is inside of/ });
  }
  assert.deepEqual(readdirSync(full), ['mine']);
  assert.equal(existsSync(join(one.dataDir, 'buffer', 'backup')), false);
  const first = one.buffer.archive.backup(tempDir(t));
  await assert.rejects(one.buffer.archive.backup(tempDir(t)), { code: 'backup.failed', message: /Another backup/ });
  await first;
  await one.buffer.stop();
  await assert.rejects(taken(one, 0, join(tempDir(t), 'closed')), { code: 'buffer.closed' });
});

test('what failed half-way leaves an empty directory behind', async (t) => {
  const directory = tempDir(t);
  const failing: BackedUp = {
    identity: { gateway: 'hg', epoch: 'e' },
    archive: {
      backup: async (target) => {
        writeFileSync(join(target, 'half'), 'x');
        throw new Error('no space');
      },
    },
  };
  const options = { directory, bufferDirectory: '/nowhere', bytes: 0, version: '1', now: () => 0 };
  await assert.rejects(backUp(failing, options), { code: 'backup.failed', message: /no space/ });
  assert.deepEqual(readdirSync(directory), []);
  async function* set() {
    yield { path: 'settings.yaml', content: Buffer.from('mqtt: {}') };
    throw new Error('the disk is gone');
  }
  const empty: BackedUp = { ...failing, archive: { backup: async () => [] } };
  await assert.rejects(backUp(empty, { ...options, set }), { code: 'backup.failed', message: /the disk is gone/ });
  assert.deepEqual(readdirSync(directory), []);
});

/** A small backup, to be tampered with. */
async function sample(t: TestContext): Promise<{ directory: string; manifest: Manifest }> {
  const one = await site(t, {});
  await append(one.buffer, local, 'a');
  for (const name of ['settings.yaml', 'settings-trial.json', 'remote.yaml', 'profiles/acme/th-1.yaml', ...notKept]) {
    mkdirSync(join(one.dataDir, name, '..'), { recursive: true });
    writeFileSync(join(one.dataDir, name), `what ${name} says`);
  }
  return { directory: one.backupDir, manifest: await taken(one) };
}

const notKept = ['identity/key.pem', 'last-good.json', 'profiles/.new', 'profiles/acme/.th-1.yaml.1.new', 'a.yaml'];

test('what was set at the gateway is in its backup, and in its place again; its identity is not', async (t) => {
  const { directory, manifest } = await sample(t);
  const dataDir = tempDir(t);
  // One that was interrupted had got as far as this.
  mkdirSync(join(dataDir, 'buffer.restoring'));
  mkdirSync(join(dataDir, 'profiles', 'acme'), { recursive: true });
  writeFileSync(join(dataDir, 'settings.yaml'), 'half');
  restore(directory, dataDir);
  const kept = ['profiles', 'remote.yaml', 'settings-trial.json', 'settings.yaml'];
  assert.deepEqual(readdirSync(dataDir).sort(), ['buffer', ...kept]);
  for (const path of [...kept.slice(1), 'profiles/acme/th-1.yaml']) {
    assert.equal(readFileSync(join(dataDir, path), 'utf8'), `what ${path} says`);
    assert.equal(statSync(join(directory, path)).mode & 0o777, 0o600);
    assert.equal(statSync(join(dataDir, path)).mode & 0o777, 0o600);
  }
  assert.equal(manifest.files.length, 4 + manifest.files.filter(({ path }) => path.startsWith('buffer/')).length);
  // Of before there was more than the buffer.
  const files = manifest.files.filter(({ path }) => path.startsWith('buffer/'));
  writeFileSync(join(directory, 'manifest.json'), JSON.stringify({ ...manifest, format: 1, files }));
  const older = join(tempDir(t), 'older');
  restore(directory, older);
  assert.deepEqual(readdirSync(older), ['buffer']);
});

test('a backup that is not as it was made is refused, and nothing is restored', async (t) => {
  const { directory, manifest } = await sample(t);
  const path = join(directory, 'manifest.json');
  const text = readFileSync(path, 'utf8');
  const refused = (code: string, message: RegExp) => {
    const dataDir = join(tempDir(t), 'data');
    assert.throws(() => restore(directory, dataDir), { code, message });
    assert.deepEqual(existsSync(dataDir) ? readdirSync(dataDir) : [], []);
  };
  for (const file of manifest.files) {
    const at = join(directory, file.path);
    const bytes = readFileSync(at);
    const flipped = Buffer.from(bytes);
    flipped[bytes.length >> 1]! ^= 1;
    writeFileSync(at, flipped);
    refused('backup.invalid', /changed or damaged/);
    writeFileSync(at, bytes.subarray(0, -1));
    refused('backup.invalid', /changed or damaged/);
    rmSync(at);
    refused('backup.invalid', /is missing/);
    writeFileSync(at, bytes);
  }
  const [first] = manifest.files;
  const manifests: readonly (readonly [string, string, RegExp])[] = [
    ['', 'backup.invalid', /can't be read/],
    ['null', 'backup.invalid', /is not what/],
    ['{"format":1}', 'backup.invalid', /is not what/],
    [JSON.stringify({ ...manifest, format: 3 }), 'data.newer', /newer Headgate/],
    [JSON.stringify({ ...manifest, files: [] }), 'backup.invalid', /names no buffer\/head\.db/],
    ...[
      '../x',
      '/etc/passwd',
      'buffer/../../x',
      'buffer/..',
      'other/head.db',
      'buffer/a/b/c',
      'x.yaml',
      'profiles/../x.yaml',
      'identity/key.pem',
      'manifest.json',
    ].map(
      (evil) =>
        [JSON.stringify({ ...manifest, files: [{ ...first, path: evil }] }), 'backup.invalid', /is not what/] as const,
    ),
  ];
  for (const [changed, code, message] of manifests) {
    writeFileSync(path, changed);
    refused(code, message);
  }
  rmSync(path);
  refused('backup.invalid', /no backup, or an unfinished one/);
  writeFileSync(path, text);
  assert.equal(restore(directory, join(tempDir(t), 'data')).gateway, manifest.gateway);
});

test('a data directory that is in use is left alone, but what a collector or a broken restore left is no hindrance', async (t) => {
  const { directory } = await sample(t);
  const used = tempDir(t);
  mkdirSync(join(used, 'buffer'));
  assert.throws(() => restore(directory, used), { code: 'directory.not-empty', message: /\(buffer\)/ });
  assert.deepEqual(readdirSync(join(used, 'buffer')), []);
  const dataDir = tempDir(t);
  mkdirSync(join(dataDir, 'collector'));
  writeFileSync(join(dataDir, 'collector', 'records.db'), 'x');
  mkdirSync(join(dataDir, 'buffer.restoring', 'half'), { recursive: true });
  restore(directory, dataDir);
  const set = ['profiles', 'remote.yaml', 'settings-trial.json', 'settings.yaml'];
  assert.deepEqual(readdirSync(dataDir).sort(), ['buffer', 'collector', ...set]);
  assert.throws(() => restore(directory, dataDir), { code: 'directory.not-empty' });
  assert.throws(() => restore(directory, join(dataDir, 'collector', 'records.db')), { code: 'data.unwritable' });
});
