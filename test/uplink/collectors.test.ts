import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { silentLog } from '../../src/lib/log.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';
import {
  acknowledge,
  append,
  type Behaviour,
  type Call,
  collected,
  connected,
  encode,
  newBuffer,
  now,
  rudeCollector,
  rudeServer,
  startedCollector,
  upTo,
  welcome,
} from './fixtures.ts';

/** Says welcome, and acknowledges all that it is sent. */
const polite = (streams = new Set<Call>()): Behaviour & { readonly streams: Set<Call> } => ({
  streams,
  hello: (call) => call.write(welcome([], 2)),
  upload: (call, batches) => {
    for (const [first, last] of batches) call.write(acknowledge(first, last));
  },
});

const sinksOf = (t: TestContext): [string, string] => {
  const dir = tempDir(t);
  return [`file:${join(dir, 'a.ndjson')}`, `file:${join(dir, 'b.ndjson')}`];
};

const portOf = (address: string): number => Number(address.split(':')[1]);

test('the next collector takes over when the first is gone, and the first again when it is back; once in all', async (t) => {
  const [sinkA, sinkB] = sinksOf(t);
  const first = await startedCollector(t, sinkA);
  const second = await startedCollector(t, sinkB);
  const port = portOf(first.address);
  const buffer = newBuffer();
  const uplink = connected(t, buffer, [first.address, second.address], { returnAfter: 50 });
  const current = () => uplink.status().collectors.findIndex(({ isCurrent }) => isCurrent);
  for (const n of upTo(20)) append(buffer, n);
  await eventually('the first part', () => buffer.totals.waitingRecords === 0);
  assert.deepEqual([current(), uplink.status().address], [0, first.address]);
  await first.stop(new AbortController().signal);
  for (const n of upTo(20)) append(buffer, 20 + n);
  await eventually('the second part', () => buffer.totals.waitingRecords === 0);
  assert.equal(current(), 1);
  await eventually('the reason to be told', () =>
    /nobody listens there/.test(uplink.status().collectors[0]?.problem ?? ''),
  );
  await startedCollector(t, sinkA, port);
  await eventually('the return', () => current() === 0 && uplink.status().state.name === 'live');
  for (const n of upTo(20)) append(buffer, 40 + n);
  await eventually('the rest', () => buffer.totals.waitingRecords === 0);
  assert.deepEqual(
    (await collected(sinkA)).map(({ n }) => n),
    [...upTo(20), ...upTo(20).map((n) => 40 + n)],
  );
  assert.deepEqual(
    (await collected(sinkB)).map(({ n }) => n),
    upTo(20).map((n) => 20 + n),
  );
  assert.equal(uplink.status().collectors[0]?.problem, undefined);
});

test('no two collectors have a stream with records of one gateway at once, whatever comes and goes', async (t) => {
  const [a, b] = [polite(), polite()];
  const greeted = new Set<Call>();
  let most = 0;
  let hellosAtB = 0;
  for (const one of [a, b]) {
    const { hello } = one;
    one.hello = (call) => {
      greeted.add(call);
      call.on('cancelled', () => greeted.delete(call));
      most = Math.max(most, greeted.size);
      if (one === b) hellosAtB++;
      hello(call);
    };
  }
  const first = await rudeServer(t, a);
  const second = await rudeCollector(t, b);
  const buffer = newBuffer();
  const uplink = connected(t, buffer, [`127.0.0.1:${first.port}`, second], { returnAfter: 20 });
  for (let round = 1; round <= 4; round++) {
    append(buffer, round);
    await eventually(
      'it at the first',
      () => uplink.status().collectors[0]?.isCurrent === true && buffer.totals.waitingRecords === 0,
    );
    for (const call of a.streams)
      call.write(encode({ $case: 'goAway', value: { reason: 'work', retryAfterSeconds: 0 } }));
    await eventually('it at the second', () => hellosAtB >= round);
  }
  assert.equal(most, 1);
});

test('told to go, a gateway waits for the acknowledgements it is owed, sends nothing new, and sends nothing twice', async (t) => {
  const uploads: [collector: string, first: number][] = [];
  let owing: { readonly call: Call; readonly batches: (readonly [number, number])[] } | undefined;
  const a: Behaviour = {
    hello: (call) => call.write(welcome([], 2)),
    upload: (call, batches) => {
      uploads.push(...batches.map(([first]) => ['a', first] as [string, number]));
      owing = { call, batches };
      call.write(encode({ $case: 'goAway', value: { reason: 'to be serviced', retryAfterSeconds: 60 } }));
    },
  };
  const b = polite();
  const { upload } = b;
  b.upload = (call, batches) => {
    uploads.push(...batches.map(([first]) => ['b', first] as [string, number]));
    upload(call, batches);
  };
  const buffer = newBuffer();
  append(buffer, 1);
  const uplink = connected(t, buffer, [await rudeCollector(t, a), await rudeCollector(t, b)], { returnAfter: 20 });
  const { call, batches } = await eventually('it to be told', () => owing ?? false);
  await eventually('it to leave', () => uplink.status().state.name === 'connecting');
  append(buffer, 2, 3);
  for (const [first, last] of batches) call.write(acknowledge(first, last));
  await eventually('the rest', () => buffer.totals.waitingRecords === 0);
  assert.deepEqual(uploads, [
    ['a', 1],
    ['b', 2],
  ]);
  // It is not asked again before the minute is over, though the way back is open.
  const { attempts } = uplink.status();
  append(buffer, 4);
  await eventually('more', () => buffer.totals.waitingRecords === 0);
  assert.equal(uplink.status().attempts, attempts);
  assert.deepEqual(uploads.at(-1), ['b', 4]);
});

test('an HTTP/2 GOAWAY is heeded as well, while the stream goes on', async (t) => {
  const streams = new Set<Call>();
  let owing: (() => void) | undefined;
  const { server, port } = await rudeServer(t, {
    streams,
    hello: (call) => call.write(welcome([])),
    upload: (call, batches) => {
      owing = () => {
        for (const [first, last] of batches) call.write(acknowledge(first, last));
      };
    },
  });
  const b = polite();
  const buffer = newBuffer();
  append(buffer, 1);
  const uplink = connected(t, buffer, [`127.0.0.1:${port}`, await rudeCollector(t, b)]);
  const pay = await eventually('the first to be sent', () => owing ?? false);
  server.drain(`127.0.0.1:${port}`, 5_000);
  await eventually('it to be noticed', () => uplink.status().state.name === 'connecting');
  assert.equal(b.streams.size, 0);
  append(buffer, 2);
  pay();
  await eventually('the rest', () => buffer.totals.waitingRecords === 0);
  assert.deepEqual([b.streams.size, uplink.status().connections, buffer.acknowledged.length], [1, 2, 2]);
});

test('a rolling restart of two collectors: nothing is lost, nothing is doubled over both sinks', async (t) => {
  const [sinkA, sinkB] = sinksOf(t);
  let collectors = [await startedCollector(t, sinkA), await startedCollector(t, sinkB)];
  const ports = collectors.map(({ address }) => portOf(address));
  const buffer = newBuffer();
  const reasons: string[] = [];
  const uplink = connected(
    t,
    buffer,
    collectors.map(({ address }) => address),
    { returnAfter: 30 },
    { log: { ...silentLog, info: ({ reason }: { reason?: string }) => reason !== undefined && reasons.push(reason) } },
  );
  let n = 0;
  let longestMs = 0;
  let upAt = performance.now();
  const feed = setInterval(() => {
    append(buffer, ++n);
    const { name } = uplink.status().state;
    if (name === 'live' || name === 'draining') upAt = performance.now();
    longestMs = Math.max(longestMs, performance.now() - upAt);
  }, 2);
  t.after(() => clearInterval(feed));
  for (let round = 0; round < 2; round++) {
    for (const [index, sink] of [sinkA, sinkB].entries()) {
      const before = uplink.status().acknowledgedRecords;
      await eventually('records to flow', () => uplink.status().acknowledgedRecords > before + 20);
      await collectors[index]!.stop(new AbortController().signal);
      const again = await startedCollector(t, sink, ports[index]!);
      collectors = collectors.with(index, again);
    }
  }
  clearInterval(feed);
  await eventually('the rest', () => buffer.totals.waitingRecords === 0);
  const rows = [...(await collected(sinkA)), ...(await collected(sinkB))].map((row) => row.n);
  assert.deepEqual(
    rows.sort((a, b) => a - b),
    upTo(n),
  );
  t.diagnostic(`the longest time without a connection: ${Math.round(longestMs)} ms`);
  assert.ok(uplink.status().connections >= 3);
  // They were asked to leave, and did not find out by the end of the stream.
  assert.ok(reasons.includes('the collector is stopping'), reasons.join());
});

test('every address of a host name is tried before the next collector, and the name is looked up anew each time', async (t) => {
  const behaviour = polite();
  const { port } = await rudeServer(t, behaviour);
  const buffer = newBuffer();
  append(buffer, 1);
  const asked: string[] = [];
  const addresses = ['127.0.0.2', '127.0.0.3', '127.0.0.1'];
  const lookup = async (host: string) => {
    asked.push(host);
    const found = host === 'many.example' && asked.length > 2 ? addresses : addresses.slice(0, 2);
    return found.map((address) => ({ address, family: 4 }));
  };
  const other = `http://other.example:${port}`;
  const uplink = connected(t, buffer, [`http://many.example:${port}`, other], {}, { lookup });
  await eventually('it to arrive', () => buffer.totals.waitingRecords === 0);
  assert.deepEqual(asked, ['many.example', 'other.example', 'many.example']);
  assert.equal(uplink.status().address, `127.0.0.1:${port}`);
  assert.equal(
    uplink.status().collectors[1]?.problem,
    `nobody listens there (ECONNREFUSED 127.0.0.2:${port}); nobody listens there (ECONNREFUSED 127.0.0.3:${port})`,
  );
  for (const call of behaviour.streams) assert.equal(call.getHost(), `many.example:${port}`);
});

test('the families take turns', async () => {
  const { addressesOf } = await import('../../src/uplink/addresses.ts');
  const found = ['fd00::1', 'fd00::2', '10.0.0.1', '10.0.0.1', '10.0.0.2', '10.0.0.3'];
  const lookup = async () => found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  const ips = async (url: string) => (await addressesOf(url, lookup, () => 0.5)).map(({ ip }) => ip);
  assert.deepEqual(await ips('http://a.example:1'), ['fd00::1', '10.0.0.1', 'fd00::2', '10.0.0.2', '10.0.0.3']);
  assert.deepEqual(await ips('http://[::1]:1'), ['::1']);
  assert.deepEqual(await ips('http://10.9.8.7:1'), ['10.9.8.7']);
});

test('a collector that refuses this gateway is passed over, and its reason stays told', async (t) => {
  const refusing = await rudeCollector(t, {
    hello: (call) => call.emit('error', { code: 7, details: 'this gateway is not enrolled here' }),
    upload: () => {},
  });
  const b = polite();
  const buffer = newBuffer();
  append(buffer, 1);
  const uplink = connected(t, buffer, [refusing, await rudeCollector(t, b)]);
  await eventually('it to arrive', () => buffer.totals.waitingRecords === 0);
  const { state, collectors } = uplink.status();
  assert.equal(state.name, 'live');
  assert.deepEqual(
    collectors.map(({ isCurrent, problem }) => [isCurrent, problem]),
    [
      [false, 'this gateway is not enrolled here'],
      [true, undefined],
    ],
  );
});

test('a collector that looks alive and stops acknowledging is left for the next one', async (t) => {
  let uploads = 0;
  const stuck = await rudeCollector(t, {
    hello: (call) => call.write(welcome([], 2)),
    upload: (call, batches) => {
      if (++uploads === 1) for (const [first, last] of batches) call.write(acknowledge(first, last));
    },
  });
  const buffer = newBuffer();
  const uplink = connected(t, buffer, [stuck, await rudeCollector(t, polite())], { acknowledgeTimeout: 100 });
  append(buffer, 1);
  await eventually('the first one', () => uplink.status().acknowledgedRecords === 1);
  append(buffer, 2);
  await eventually('the second one', () => buffer.totals.waitingRecords === 0);
  const { connections, collectors } = uplink.status();
  assert.equal(connections, 2);
  assert.match(collectors[0]?.problem ?? '', /^nothing sent was acknowledged for/);
  assert.equal(uploads, 2);
});

test('a gateway that dials anew by its own wish stays with its collector', async (t) => {
  const [a, b] = [polite(), polite()];
  const buffer = newBuffer();
  const uplink = connected(t, buffer, [await rudeCollector(t, a), await rudeCollector(t, b)]);
  append(buffer, 1);
  await eventually('the first', () => uplink.status().acknowledgedRecords === 1);
  uplink.redial('to see whether it works');
  await eventually('another connection', () => uplink.status().connections === 2);
  assert.deepEqual(
    uplink.status().collectors.map(({ isCurrent, problem }) => [isCurrent, problem]),
    [
      [true, undefined],
      [false, undefined],
    ],
  );
  assert.equal(b.streams.size, 0);
});

test('a stop while a better collector is being looked at leaves nothing open', async (t) => {
  const b = polite();
  // Takes connections, and never says a word.
  const silent = await rudeServer(t, { hello: () => {}, upload: () => {} });
  silent.server.forceShutdown();
  const buffer = newBuffer();
  const uplink = connected(t, buffer, [`127.0.0.1:${silent.port}`, await rudeCollector(t, b)], { returnAfter: 10 });
  await eventually('some looks back', () => uplink.status().attempts > 5);
  await uplink.stop(now());
  assert.equal(uplink.status().state.name, 'offline');
  await eventually('the stream to end', () => b.streams.size === 0);
  const { attempts } = uplink.status();
  append(buffer, 1);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(uplink.status().attempts, attempts);
});

test('draining tells how much is left and how long it takes, as soon as that can be known', async (t) => {
  const time = { now: () => Date.now(), monotonic: () => monotonicMs };
  let monotonicMs = 0;
  const owing: (() => void)[] = [];
  const address = await rudeCollector(t, {
    hello: (call) => call.write(welcome([], 2)),
    upload: (call, batches) => {
      for (const [first, last] of batches) owing.push(() => call.write(acknowledge(first, last)));
    },
  });
  const buffer = newBuffer();
  // So large that one fills the window: the rest has to wait for its acknowledgement.
  for (let n = 0; n < 10; n++) buffer.append('a', Buffer.alloc(20_000), 1);
  const uplink = connected(t, buffer, address, {}, { clock: time });
  const pay = async (done: number): Promise<void> => {
    (await eventually('an upload', () => owing.shift() ?? false))();
    await eventually('it to count', () => uplink.status().acknowledgedRecords === done);
  };
  await eventually('the backlog to be on its way', () => owing.length > 0);
  assert.deepEqual(uplink.status().state, { name: 'draining', leftRecords: 10 });
  monotonicMs += 1_500;
  await pay(1);
  assert.deepEqual(uplink.status().state, { name: 'draining', leftRecords: 9 });
  monotonicMs += 1_500;
  await pay(2);
  assert.deepEqual(uplink.status().state, { name: 'draining', leftRecords: 8, etaMs: 12_000 });
  for (let done = 3; done <= 10; done++) await pay(done);
  assert.deepEqual(uplink.status().state, { name: 'live' });
});
