import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { HeadgateError } from '../../src/core/errors.ts';
import { acknowledged, deliveryOf, openSink, range, storedNames, temporaryDirectory } from './fixtures.ts';

interface Place {
  readonly path: string;
  readonly address: string;
}

function placeIn(directory: string): Place {
  const path = `${directory}/records.ndjson`;
  return { path, address: `file:${path}` };
}

function runsOf(address: string): string {
  const sink = openSink(address);
  const runs = [...sink.progress('gw', 'e')].map(({ first, last }) => `${first}-${last}`).join(' ');
  sink.close();
  return runs;
}

test('cut anywhere in its last lines, the file keeps the whole ones and takes the others again', (t) => {
  const { path, address } = placeIn(temporaryDirectory(t));
  const sink = openSink(address);
  sink.commit([deliveryOf('gw', 'e', [[1, 2, 3]])]);
  sink.close();
  const state = readFileSync(`${path}.state`);
  const whole = readFileSync(path);
  const more = openSink(address);
  more.commit([deliveryOf('gw', 'e', [[4, 5]])]);
  more.close();
  const full = readFileSync(path);
  const endOfFour = full.indexOf('\n', whole.length) + 1;
  for (let length = whole.length; length < full.length; length++) {
    // As after a power cut: the checkpoint is old, and the group behind it was never acknowledged.
    writeFileSync(`${path}.state`, state);
    writeFileSync(path, full.subarray(0, length));
    const again = openSink(address);
    const durable = [...again.progress('gw', 'e')];
    assert.deepEqual(durable, [{ first: 1, last: length >= endOfFour ? 4 : 3 }], `cut to ${length} bytes`);
    assert.deepEqual(acknowledged(again.commit([deliveryOf('gw', 'e', [[4, 5]])])), ['4-5']);
    again.close();
    assert.deepEqual(readFileSync(path), full, `cut to ${length} bytes`);
  }
  assert.ok(!existsSync(`${path}.damaged`));
});

test('without its state the file says by itself what is durable', (t) => {
  const { path, address } = placeIn(temporaryDirectory(t));
  const sink = openSink(address);
  sink.commit([deliveryOf('gw', 'e', [range(1, 10), [15, 16]]), deliveryOf('other', 'e', [[1]])]);
  sink.close();
  rmSync(`${path}.state`);
  assert.equal(runsOf(address), '1-10 15-16');
});

test('what is no record at the end of the file is put aside, not thrown away', (t) => {
  const { path, address } = placeIn(temporaryDirectory(t));
  const tails: [name: string, tail: Buffer][] = [
    ['zeros, as a power cut leaves them', Buffer.alloc(9000)],
    ['garbage with line breaks', Buffer.from('some\nthing\nelse')],
    [
      'half a line before a whole one',
      Buffer.from('{"gateway":"gw","epo\n{"gateway":"gw","epoch":"e","sequence":"77"}\n'),
    ],
    ['a record without a sequence', Buffer.from('{"gateway":"gw","epoch":"e","sequence":"0"}\n')],
    ['a line of another kind', Buffer.from('[1]\n')],
    ['null', Buffer.from('null\n')],
  ];
  for (const [name, tail] of tails) {
    rmSync(path, { force: true });
    rmSync(`${path}.damaged`, { force: true });
    rmSync(`${path}.state`, { force: true });
    const sink = openSink(address);
    sink.commit([deliveryOf('gw', 'e', [[1, 2, 3]])]);
    sink.close();
    const sound = readFileSync(path);
    appendFileSync(path, tail);
    const notes: string[] = [];
    openSink(address, (message) => notes.push(message)).close();
    assert.deepEqual(readFileSync(path), sound, name);
    assert.equal(notes.length, 1, name);
    const isTorn = !tail.includes('\n');
    assert.equal(existsSync(`${path}.damaged`), !isTorn, name);
    if (!isTorn) assert.deepEqual(readFileSync(`${path}.damaged`), tail, name);
    assert.equal(runsOf(address), '1-3', name);
  }
});

test('a file that holds something else is left alone', (t) => {
  const { path, address } = placeIn(temporaryDirectory(t));
  for (const content of ['127.0.0.1 localhost\n', 'no line break', '{"a":1}\n', '\n']) {
    writeFileSync(path, content);
    assert.throws(() => openSink(address), isError('data.unreadable', path));
    assert.equal(readFileSync(path, 'utf8'), content);
  }
  // The torn beginning of a first record is ours.
  writeFileSync(path, '{"gatew');
  assert.equal(runsOf(address), '');
  assert.equal(readFileSync(path, 'utf8'), '');
});

test('a file that was moved away or cut short is begun anew, and nothing is stored again', (t) => {
  const { path, address } = placeIn(temporaryDirectory(t));
  const first = openSink(address);
  first.commit([deliveryOf('gw', 'e', [range(1, 10)])]);
  first.close();
  renameSync(path, `${path}.1`);
  assert.equal(runsOf(address), '1-10');
  const second = openSink(address);
  second.commit([deliveryOf('gw', 'e', [range(8, 12)])]);
  second.close();
  assert.deepEqual(storedNames(address), ['gw/e/11', 'gw/e/12']);
  truncateSync(path, 0);
  assert.equal(runsOf(address), '1-12');
  // Another file in its place is read as a whole, also when it is longer.
  renameSync(`${path}.1`, path);
  appendFileSync(path, '{"gateway":"gw","epoch":"e","sequence":"40"}\n');
  assert.equal(runsOf(address), '1-12 40-40');
});

test('cut by another program while it is open, the file goes on without a hole', (t) => {
  const { path, address } = placeIn(temporaryDirectory(t));
  const sink = openSink(address);
  sink.commit([deliveryOf('gw', 'e', [range(1, 10)])]);
  truncateSync(path, 0);
  sink.commit([deliveryOf('gw', 'e', [[11]])]);
  sink.close();
  assert.deepEqual(storedNames(address), ['gw/e/11']);
  assert.equal(runsOf(address), '1-11');
});

test('the checkpoint moves on, so that opening reads little', (t) => {
  const { path, address } = placeIn(temporaryDirectory(t));
  const sink = openSink(address);
  // 16 MiB is some 65,000 of these records; the checkpoint follows the group that goes beyond them.
  for (let first = 1; first <= 80_000; first += 20_000) {
    sink.commit([deliveryOf('gw', 'e', [range(first, first + 19_999)])]);
  }
  assert.equal([...sink.progress('gw', 'e')].map(({ first, last }) => `${first}-${last}`).join(), '1-80000');
  // As after a crash: without a close, and with what lies before the checkpoint made unreadable.
  const state = readFileSync(`${path}.state`);
  sink.close();
  const bytes = readFileSync(path);
  assert.ok(bytes.length > 16 << 20);
  writeFileSync(path, bytes.fill(0x20, 0, 1000));
  writeFileSync(`${path}.state`, state);
  assert.equal(runsOf(address), '1-80000');
});

test('two collectors never write to one file', (t) => {
  const { path, address } = placeIn(temporaryDirectory(t));
  const sink = openSink(address);
  assert.throws(() => openSink(address), isError('data.in-use', path));
  sink.close();
  openSink(address).close();
});

test('what can be no file of records is named', (t) => {
  const directory = temporaryDirectory(t);
  const { path, address } = placeIn(directory);
  assert.throws(() => openSink(`file:${directory}`), isError('data.unwritable', directory));
  writeFileSync(path, '');
  assert.throws(() => openSink(`file:${path}/below.ndjson`), isError('data.unwritable', path));
  writeFileSync(`${path}.state`, 'this is no database, but it is long enough to be looked at as one'.repeat(200));
  assert.throws(() => openSink(address), isError('data.unreadable', path));
});

function isError(code: string, path: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof HeadgateError, String(error));
    assert.equal(error.code, code, error.message);
    assert.ok(error.message.includes(path), error.message);
    return true;
  };
}
