import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type RecordLine, SinkFile } from '../support/collector.ts';
import { type GatewayStatus, startGateway, statusOf } from '../support/gateway.ts';
import { Device } from '../support/mqtt-client.ts';
import { Oracle, type Verdict } from '../support/oracle.ts';
import { type Random, seededRandom } from '../support/random.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

const offline = { 'uplink.url': 'http://127.0.0.1:9', 'buffer.segmentBytes': '64KiB' };

function segmentsOf(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\d{8}\.db(-wal)?$/.test(name) && statSync(join(directory, name)).size > 4096)
    .map((name) => join(directory, name))
    .sort();
}

const damages: Readonly<Record<string, (directory: string, random: Random) => void>> = {
  'bits flipped in every segment': (directory, random) => {
    for (const path of segmentsOf(directory)) {
      const bytes = readFileSync(path);
      for (let i = 0; i < 3; i++) bytes[random.between(0, bytes.length - 1)]! ^= 1 << random.between(0, 7);
      writeFileSync(path, bytes);
    }
  },
  'a segment deleted': (directory) => {
    const path = segmentsOf(directory).find((one) => one.endsWith('.db'))!;
    rmSync(path);
  },
  'the head is garbage': (directory, random) => {
    writeFileSync(join(directory, 'head.db'), random.bytes(8_000));
    rmSync(join(directory, 'head.db-wal'), { force: true });
  },
  'a page zeroed, and the shelf gone': (directory, random) => {
    const [path = ''] = segmentsOf(directory);
    const bytes = readFileSync(path);
    const page = random.between(1, Math.floor(bytes.length / 4096) - 1);
    bytes.fill(0, page * 4096, (page + 1) * 4096);
    writeFileSync(path, bytes);
    rmSync(join(directory, 'shelf.db'), { force: true });
  },
};

test('a gateway that was killed and whose files are damaged starts, and loses nothing but what was hit', {
  timeout: 120_000,
}, async (t) => {
  const random = seededRandom(t);
  const dir = tempDir(t);
  const dataDir = join(dir, 'data');
  const oracle = new Oracle();
  const device = new Device({ oracle, topic: 'damage/a', window: 100 });
  const first = await startGateway(t, { dataDir, set: offline });
  assert.ok(await device.run(first.port('mqtt'), 6_000));
  const { id, epoch } = (await statusOf(first)).gateway;
  await first.kill();
  assert.ok(segmentsOf(join(dataDir, 'buffer')).length >= 3, 'too few segments to be worth it');
  for (const [what, damage] of Object.entries(damages)) {
    const copy = join(dir, what.replaceAll(/\W+/g, '-'));
    cpSync(dataDir, copy, { recursive: true });
    damage(join(copy, 'buffer'), random);
    const sink = new SinkFile(join(dir, `${what.replaceAll(/\W+/g, '-')}.ndjson`));
    const started = performance.now();
    const set = { 'buffer.segmentBytes': '64KiB' };
    const gateway = await startGateway(t, { dataDir: copy, sink: `file:${sink.path}`, set });
    assert.ok(performance.now() - started < 10_000);
    const fresh = new Oracle();
    assert.ok(await new Device({ oracle: fresh, topic: 'damage/fresh' }).run(gateway.port('mqtt'), 20));
    const status = await eventually(
      'everything that is left to arrive',
      async () => {
        const now = await statusOf(gateway);
        return now.buffer.waitingRecords === 0 && sink.look().some(({ topic }) => topic === 'damage/fresh') && now;
      },
      { timeoutMs: 20_000 },
    );
    await eventually('the fresh ones', () => fresh.judge(sink.look()).lost.length === 0);
    const verdict = oracle.judge(sink.look().filter(({ topic }) => topic === 'damage/a'));
    t.diagnostic(`${what}: ${verdict.lost.length} of ${verdict.acknowledged} lost`);
    await eventually('the losses to be told', () => assertTold(what, status, verdict, sink.look()), {
      timeoutMs: 20_000,
    });
    assert.deepEqual([status.gateway.id, status.gateway.epoch], [id, epoch], `${what}: another identity`);
    for (const kind of ['doubled', 'foreign', 'altered', 'disordered', 'repeatedSequences'] as const) {
      assert.deepEqual(verdict[kind], [], `${what}: ${kind}`);
    }
    assert.ok(verdict.arrived >= verdict.acknowledged / 4, `${what}: hardly anything is left`);
    if (what !== 'a segment deleted') assert.ok(existsSync(join(copy, 'buffer', 'damaged')), `${what}: no evidence`);
    await gateway.stop();
  }
});

function assertTold(
  what: string,
  { buffer, health }: GatewayStatus,
  { lost, acknowledged }: Verdict,
  records: readonly RecordLine[],
): void {
  const { received, delivered, waiting, dropped } = buffer.ledger;
  const sum = Object.values(dropped).reduce((all, count) => all + count, 0);
  assert.equal(received, delivered + waiting + sum, `${what}: ${JSON.stringify(buffer.ledger)}`);
  const counted = dropped.damaged ?? 0;
  const gaps = records.flatMap(({ gap }) => (gap?.reason === 'GAP_REASON_DAMAGED' ? [Number(gap.count ?? 0)] : []));
  assert.equal(
    gaps.reduce((all, count) => all + count, 0),
    counted,
    `${what}: the gaps and the ledger differ`,
  );
  // A gateway that is killed has not noted how far the file went that it was writing. Of the end of that, and of nothing
  // else, less may be counted than is lost: then it is told that more are lost than could be counted.
  const names = new Set(lost);
  let end = acknowledged;
  while (names.has(`damage/a #${end - 1}`)) end--;
  const before = lost.length - (acknowledged - end);
  assert.ok(
    before <= counted,
    `${what}: ${lost.length} are lost, ${before} of them not at the end, ${counted} are told`,
  );
  if (lost.length > counted) {
    assert.ok(gaps.includes(0), `${what}: ${lost.length} are lost, ${counted} are told, and not that there are more`);
    assert.ok(
      buffer.damages.some((one) => /at least|can not be told/.test(one)),
      `${what}: ${buffer.damages.join()}`,
    );
  }
  assert.ok(buffer.damages.length > 0, `${what}: no damage is told`);
  assert.equal(health.state, 'degraded', what);
}
