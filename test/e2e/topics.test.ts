import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { TopicPage } from '../../src/api/topic-query.ts';
import type { TopicSummary } from '../../src/registry/topics/describe.ts';
import { type RecordLine, SinkFile } from '../support/collector.ts';
import { startGateway } from '../support/gateway.ts';
import { mosquittoPub } from '../support/mosquitto.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

async function site(t: TestContext) {
  const dir = tempDir(t);
  const sink = new SinkFile(join(dir, 'records.ndjson'));
  const start = async () => {
    const gateway = await startGateway(t, { dataDir: join(dir, 'data'), sink: `file:${sink.path}` });
    const url = `http://127.0.0.1:${gateway.port('http')}/api/v1/topics`;
    const publish = (topic: string, payload: string) =>
      mosquittoPub(gateway.port('mqtt'), ['-q', '1', '-t', topic, '-m', payload]);
    const rowOf = async (topic: string): Promise<TopicSummary | undefined> => {
      const page = (await (await fetch(`${url}?limit=1000`)).json()) as TopicPage;
      return page.topics.find(({ examples }) => examples.includes(topic));
    };
    const post = async (path: string, body: object) => {
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`${url}/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
      return { status: answer.status, ...((await answer.json()) as { says?: string; detail?: string }) };
    };
    return { gateway, publish, rowOf, post };
  };
  const arrived = (topic: string, count: number): Promise<RecordLine> =>
    eventually(`${count} records of ${topic}`, () => {
      const records = sink.look().filter((record) => record.topic === topic);
      return records.length >= count && records[count - 1]!;
    });
  return { start, arrived };
}

const payload = '{"Time":"2026-11-25T00:00:00","SI7021":{"Temperature":20.5},"TempUnit":"C"}';

test('what is unknown is shown, adopted, and stays so after a restart, as does what was adopted without asking', async (t) => {
  const { start, arrived } = await site(t);
  const first = await start();
  await first.publish('plant/7/report', payload);
  await first.publish('tele/plug/SENSOR', payload);
  assert.notEqual((await arrived('plant/7/report', 1)).profile, 'tasmota/tasmota');
  const automatic = await arrived('tele/plug/SENSOR', 1);
  assert.deepEqual([automatic.profile, automatic.deviceId], ['tasmota/tasmota', 'tasmota:plug']);
  const row = await first.rowOf('plant/7/report');
  assert.equal(row?.lastPayload.text, payload);
  assert.equal(row?.template, 'plant/+/report');
  assert.ok(row.state === 'unknown' || row.state === 'suggested', row.state);
  assert.equal((await first.rowOf('tele/plug/SENSOR'))?.state, 'automatic');

  const typo = await first.post('adopt', { template: 'plant/+/report', profile: 'tasmota/tasmoto' });
  assert.deepEqual([typo.status, /did you mean `tasmota\/tasmota`/.test(typo.detail ?? '')], [404, true]);
  const wish = { template: 'plant/+/report', profile: 'tasmota/tasmota', device: 'plant/{device}/report' };
  await first.post('adopt?dryRun=true', wish);
  await first.publish('plant/7/report', payload);
  assert.notEqual((await arrived('plant/7/report', 2)).profile, 'tasmota/tasmota');
  assert.equal(
    (await first.post('adopt', wish)).says,
    '1 topic of 1 device is decoded by tasmota/tasmota from now on.',
  );
  await first.publish('plant/7/report', payload);
  const adopted = await arrived('plant/7/report', 3);
  assert.deepEqual([adopted.profile, adopted.deviceId], ['tasmota/tasmota', 'tasmota:7']);
  // Whoever asks about rules is told of the same device.
  const rules = `http://127.0.0.1:${first.gateway.port('http')}/api/v1/rules`;
  const asked = new URLSearchParams({ topic: 'plant/9/report', payload });
  const { explain } = (await (await fetch(`${rules}?${asked}`)).json()) as { explain: { message: { device: string } } };
  assert.equal(explain.message.device, 'tasmota:9');
  await first.post('ignore', { topic: 'tele/other/SENSOR' });
  await first.gateway.stop();

  const second = await start();
  await second.publish('plant/8/report', payload);
  assert.deepEqual((await arrived('plant/8/report', 1)).deviceId, 'tasmota:8');
  assert.equal((await second.rowOf('plant/8/report'))?.state, 'adopted');
  await second.publish('tele/plug/SENSOR', payload);
  await arrived('tele/plug/SENSOR', 2);
  const again = await second.rowOf('tele/plug/SENSOR');
  assert.deepEqual([again?.state, again?.suggestions[0]?.reason], ['automatic', 'it was recognised before']);
  await second.publish('tele/other/SENSOR', payload);
  assert.equal((await arrived('tele/other/SENSOR', 1)).profile, undefined);
  assert.equal((await second.rowOf('tele/other/SENSOR'))?.state, 'ignored');
});
