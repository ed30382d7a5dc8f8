import assert from 'node:assert/strict';
import { existsSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { GateNotes } from '../../src/appliance/gate-notes.ts';
import { takenBack } from '../../src/appliance/taken-back.ts';
import { SinkFile, startCollector } from '../support/collector.ts';
import { StayingGateway } from '../support/failure-page.ts';
import { impatient, startGateway, statusOf } from '../support/gateway.ts';
import type { HeadgateProcess } from '../support/headgate-process.ts';
import { freePort } from '../support/tcp-port.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';
import { aMachine } from './gate-machine.ts';
import { block } from './places.ts';

async function publish(gateway: HeadgateProcess, count: number): Promise<void> {
  const items = Array.from({ length: count }, (_, n) => ({ topic: 'bench/a', payload: n }));
  const answer = await fetch(`http://127.0.0.1:${gateway.port('http')}/api/v1/measurements`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(items),
  });
  assert.equal(answer.status, 200, await answer.text());
}

/** The record that a gate sends. */
const isCanary = ({ source, topic }: { source: string; topic: string }): boolean =>
  source === 'headgate' && topic === 'headgate/canary';

test('a new version is kept once its disk and its collector acknowledge; a proven one gets its tries back', async (t) => {
  const dir = tempDir(t);
  const sink = new SinkFile(join(dir, 'records.ndjson'));
  const gateway = await startGateway(t, { dataDir: join(dir, 'data'), sink: `file:${sink.path}` });
  const port = gateway.port('http');
  const proven = aMachine(t, 'proven');
  assert.equal(await proven.run(port), 0);
  assert.deepEqual([proven.slots(), proven.note('rollback.json')], ['BA A8 B8', undefined]);
  // How the uplink was is written down when the machine stops.
  assert.equal(await proven.run(port, '--note'), 0);
  assert.deepEqual(proven.note('uplink.json'), { version: '0.1.0', uplink: 'worked' });
  assert.equal(sink.look().length, 0);

  const its = aMachine(t, 'trial');
  its.machine.notes.noteTakenBack({ version: '0.0.9', at: '', reason: 'of an earlier one' });
  assert.equal(await its.run(port), 0);
  assert.equal(its.slots(), 'BA A8 B8');
  assert.match(its.said.at(-1)!, /^Headgate 0\.1\.0 in slot B is kept: /);
  assert.equal(its.restarts(), 0);
  assert.deepEqual([its.note('rollback.json'), its.note('trial.json')], [undefined, undefined]);
  assert.ok(!existsSync(its.machine.trialFile));
  assert.deepEqual(sink.look().map(isCanary), [true]);
});

test('a backlog has to move, and without a connection the disk has to do', async (t) => {
  const dir = tempDir(t);
  const dataDir = join(dir, 'data');
  const uplinkPort = await freePort();
  const gateway = await startGateway(t, { dataDir, uplinkPort, set: impatient });
  await publish(gateway, 500);
  const offline = aMachine(t, 'trial');
  assert.equal(await offline.run(gateway.port('http')), 0);
  assert.equal(offline.slots(), 'BA A8 B8');
  assert.match(offline.said.at(-1)!, /is kept, offline: forwarding was not shown \(.*nobody listens there/);
  assert.equal((await statusOf(gateway)).buffer.ledger.waiting, 501);

  const sink = new SinkFile(join(dir, 'records.ndjson'));
  await startCollector(t, { sink: `file:${sink.path}`, port: uplinkPort });
  const draining = aMachine(t, 'trial', { offline: 10_000 });
  assert.equal(await draining.run(gateway.port('http')), 0);
  assert.match(draining.said.at(-1)!, /is kept: /);
  const records = await eventually('all of it', () => sink.look().length >= 502 && sink.look());
  assert.equal(records.filter(isCanary).length, 2);
});

test('a version that collectors refuse, or that does not start, is taken back, and it is written down why', async (t) => {
  const dir = tempDir(t);
  // It answers, and does not know the protocol: as a collector does that is too old.
  const stranger = await startGateway(t, { dataDir: join(dir, 'stranger'), set: { 'grpc.enabled': true } });
  const gateway = await startGateway(t, {
    dataDir: join(dir, 'data'),
    uplinkPort: stranger.port('grpc'),
    set: impatient,
  });
  const refused = aMachine(t, 'trial', { offline: 10_000 });
  assert.equal(await refused.run(gateway.port('http')), 0);
  assert.deepEqual([refused.slots(), refused.restarts()], ['AB A8 B0 on trial', 1]);
  assert.match(refused.note('rollback.json')?.reason ?? '', /^the collector refuses this version: /);
  assert.equal(refused.note('rollback.json')?.version, '0.1.0');
  assert.equal(refused.note('trial.json'), undefined);
  const { places, notes } = refused.machine;
  assert.match(
    takenBack(places.marker, notes)?.text ?? '',
    /^The update to 0\.1\.0 was taken back: the collector refuses/,
  );
  assert.deepEqual([takenBack('/nowhere'), takenBack(places.marker, new GateNotes('/nowhere'))], [undefined, null]);
  // The gateway is not root.
  assert.equal(statSync(join(refused.machine.trialFile, '../rollback.json')).mode & 0o777, 0o644);
  // As it was before: nothing was shown against this version.
  const same = aMachine(t, 'trial');
  same.machine.notes.noteUplink('0.0.9', 'refused');
  assert.equal(await same.run(gateway.port('http')), 0);
  assert.match(same.said.at(-1)!, /is kept, offline/);
});

test('a gateway that shows why it does not start is told of', async (t) => {
  const gateway = await StayingGateway.spawn(t, ['mqtt: { port: 0, hots: 127.0.0.1 }']);
  const its = aMachine(t, 'trial');
  assert.equal(await its.run(gateway.httpPort), 0);
  assert.deepEqual([its.slots(), its.restarts()], ['AB A8 B0 on trial', 1]);
  assert.match(its.note('rollback.json')?.reason ?? '', /^the gateway does not start: .*hots/);
});

test('a gateway that is killed again and again does not pass', async (t) => {
  const dataDir = join(tempDir(t), 'data');
  const [port, uplinkPort] = [await freePort(), await freePort()];
  let isOver = false;
  const killing = (async () => {
    while (!isOver) {
      const gateway = await startGateway(t, { dataDir, uplinkPort, set: { 'http.port': port } });
      await eventually('a look', async () => isOver || (await statusOf(gateway)).uplink.canary !== null);
      await gateway.kill();
    }
  })();
  const its = aMachine(t, 'trial', { steady: 10_000, runs: 1 });
  assert.equal(await its.run(port), 0);
  isOver = true;
  await killing;
  assert.deepEqual([its.slots(), its.restarts()], ['AB A8 B0 on trial', 1]);
  assert.match(its.note('rollback.json')?.reason ?? '', /started 2 times/);
});

test('of a slot whose tries were used up the one before tells', async (t) => {
  const gateway = await startGateway(t, { dataDir: join(tempDir(t), 'data') });
  const its = aMachine(t, 'proven');
  const { bootState } = its.machine.places;
  // It did not come so far as to say which version it is.
  writeFileSync(bootState, block('ORDER=A B', 'A_LEFT=0', 'B_LEFT=5', 'A_GOOD=0', 'B_GOOD=1'));
  assert.equal(await its.run(gateway.port('http')), 0);
  assert.equal(its.slots(), 'BA A0 B8');
  const told = its.note('rollback.json');
  assert.deepEqual(
    [told?.version, told?.reason],
    [undefined, 'its tries were used up before it had shown that it works'],
  );
  // It did, and then its power was cut, say.
  writeFileSync(join(its.machine.trialFile, '../trial.json'), '{"version":"0.2.0"}');
  assert.equal(await its.run(gateway.port('http')), 0);
  assert.deepEqual([its.note('rollback.json')?.version, its.note('trial.json')], ['0.2.0', undefined]);
});

test('what fails in the gate itself leaves the slot on trial', async (t) => {
  const gateway = await startGateway(t, { dataDir: join(tempDir(t), 'data') });
  const its = aMachine(t, 'trial');
  rmSync(its.machine.places.bootStateProgram);
  await assert.rejects(its.run(gateway.port('http')), { code: 'appliance.failed' });
  assert.deepEqual([its.slots(), its.restarts()], ['BA A8 B2 on trial', 0]);
  assert.ok(existsSync(its.machine.trialFile));
});
