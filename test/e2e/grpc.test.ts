import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { SinkFile } from '../support/collector.ts';
import { startGateway } from '../support/gateway.ts';
import { GrpcClient } from '../support/grpc-client.ts';
import { MosquittoSub, mosquittoPub } from '../support/mosquitto.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

async function site(t: TestContext) {
  const dir = tempDir(t);
  const sink = new SinkFile(join(dir, 'records.ndjson'));
  const gateway = await startGateway(t, { dataDir: join(dir, 'data'), sink: `file:${sink.path}` });
  return { sink, gateway, client: new GrpcClient(t, `127.0.0.1:${gateway.port('grpc')}`) };
}

interface Reflected {
  readonly listServicesResponse: { readonly service: readonly { readonly name: string }[] };
  readonly fileDescriptorResponse: { readonly fileDescriptorProto: readonly string[] };
  readonly errorResponse: { readonly errorCode: number };
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

test('a program publishes over gRPC, and each message is answered when it is durable', {
  timeout: 60_000,
}, async (t) => {
  const { sink, client } = await site(t);
  const requests = [
    ...Array.from({ length: 1_000 }, (_, index) => ({
      id: index + 1,
      topic: 'hall/climate',
      payload: base64(`{"t":${index}}`),
    })),
    { id: 5_001, topic: 'hall/#', payload: base64('1') },
    { id: 5_002, topic: 'headgate/devices/x/commands', payload: base64('1') },
  ];
  const { answers, failure } = await client.ask({ path: '/headgate.v1.Gateway/Publish', requests });
  assert.equal(failure, undefined);
  assert.equal(answers.length, 1_002);
  const refused = answers.filter((answer) => answer.failure !== undefined);
  assert.deepEqual(
    refused.map(({ id, failure: why }) => [id, (why as { code: string }).code]),
    [
      ['5001', 'request.invalid'],
      ['5002', 'request.invalid'],
    ],
  );
  const sequences = answers.flatMap(({ sequence }) => (sequence === undefined ? [] : [Number(sequence)]));
  assert.equal(new Set(sequences).size, 1_000);
  await eventually('delivery', () => sink.look().length === 1_000);
  assert.deepEqual([...new Set(sink.look().map(({ source, topic }) => `${source} ${topic}`))], ['grpc hall/climate']);
  assert.deepEqual(
    sink.look().map(({ sequence }) => Number(sequence)),
    sequences.sort((a, b) => a - b),
  );
});

test('devices are listed page by page and looked at one by one; failures have the words of the table', {
  timeout: 60_000,
}, async (t) => {
  const { client } = await site(t);
  const publish = (topic: string, text: string) =>
    client.ask({ path: '/headgate.v1.Gateway/Publish', requests: [{ id: 1, topic, payload: base64(text) }] });
  for (const name of ['a', 'b', 'c'])
    await publish(`sensors/${name}`, '{"temperature":21.5,"on":true,"n":9007199254740993}');
  const list = (request: object) => client.ask({ path: '/headgate.v1.Gateway/ListDevices', requests: [request] });
  const first = (await list({ pageSize: 2 })).answers[0] as {
    devices: { id: string }[];
    nextPageToken: string;
    total: string;
  };
  assert.equal(first.total, '3');
  const second = (await list({ pageSize: 2, pageToken: first.nextPageToken })).answers[0] as typeof first;
  const ids = [...first.devices, ...second.devices].map(({ id }) => id);
  assert.equal(ids.length, 3);
  assert.equal(second.nextPageToken, undefined);
  const got = await client.ask({ path: '/headgate.v1.Gateway/GetDevice', requests: [{ id: ids[0] }] });
  const { device } = got.answers[0] as { device: { presence: string; fields: { field: object }[] } };
  assert.equal(device.presence, 'online');
  assert.deepEqual(
    device.fields.map(({ field }) => field),
    [
      { name: 'temperature', number: 21.5 },
      { name: 'on', boolean: true },
      { name: 'n', integer: '9007199254740993' },
    ],
  );
  const unknown = await client.ask({ path: '/headgate.v1.Gateway/GetDevice', requests: [{ id: 'nobody' }] });
  assert.equal(unknown.failure?.status, 'NOT_FOUND');
  assert.equal(unknown.failure?.trailing['headgate-code'], 'device.unknown');
  const wrong = await list({ pageSize: 5_000 });
  assert.equal(wrong.failure?.status, 'INVALID_ARGUMENT');
  assert.match(wrong.failure?.details ?? '', /`limit` must be from 1 to 1000/);
});

test('tools find out how it is, and what it can be asked', { timeout: 60_000 }, async (t) => {
  const { client } = await site(t);
  const health = (service: string) => client.ask({ path: '/grpc.health.v1.Health/Check', requests: [{ service }] });
  assert.deepEqual((await health('')).answers, [{ status: 'SERVING' }]);
  assert.deepEqual((await health('headgate.v1.Gateway')).answers, [{ status: 'SERVING' }]);
  assert.equal((await health('other')).failure?.status, 'NOT_FOUND');
  const watched = await client.ask({ path: '/grpc.health.v1.Health/Watch', requests: [{}], take: 1 });
  assert.deepEqual(watched.answers, [{ status: 'SERVING' }]);
  const reflect = (...requests: object[]) =>
    client.ask({ path: '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo', requests });
  const { answers } = await reflect(
    { listServices: '*' },
    { fileContainingSymbol: 'headgate.v1.Gateway' },
    { fileContainingSymbol: 'headgate.v1.Gateway.Publish' },
    { fileByFilename: 'google/protobuf/timestamp.proto' },
    { fileContainingSymbol: 'no.such.Thing' },
  );
  const [services, gateway, method, timestamp, nothing] = answers as unknown as readonly Reflected[];
  assert.deepEqual(services?.listServicesResponse.service.map(({ name }: { name: string }) => name).sort(), [
    'grpc.health.v1.Health',
    'grpc.reflection.v1.ServerReflection',
    'headgate.v1.Gateway',
  ]);
  assert.equal(gateway?.fileDescriptorResponse.fileDescriptorProto.length, 4, 'the file, and the three that it needs');
  assert.deepEqual(method?.fileDescriptorResponse, gateway?.fileDescriptorResponse);
  assert.equal(timestamp?.fileDescriptorResponse.fileDescriptorProto.length, 1);
  assert.equal(nothing?.errorResponse.errorCode, 5);
});

test('a program gives a device a command and is told each state of it, to the answer', {
  timeout: 60_000,
}, async (t) => {
  const { client, gateway } = await site(t);
  const mqtt = gateway.port('mqtt');
  const device = await MosquittoSub.start(t, mqtt, ['-t', 'headgate/devices/pump/commands']);
  const result = '{"status":"ok","result":{"valve":40}}';
  const path = '/headgate.v1.Gateway/SendCommand';
  const asked = client.ask({
    path,
    requests: [{ deviceId: 'pump', name: 'set', payload: base64('{"valve":40}'), id: 'c-1' }],
  });
  await eventually('the command', () => device.lines.length > 0);
  await mosquittoPub(mqtt, ['-t', 'headgate/devices/pump/commands/c-1/result', '-m', result]);
  const { answers, failure } = await asked;
  assert.equal(failure, undefined);
  const updates = answers.map(({ update }) => update as { state: string; commandId: string; result?: string });
  assert.deepEqual(
    updates.map(({ state }) => state.replace('COMMAND_STATE_', '')),
    ['QUEUED', 'SENT', 'ACKNOWLEDGED'].slice(-updates.length),
  );
  assert.equal(Buffer.from(updates.at(-1)?.result ?? '', 'base64').toString(), '{"valve":40}');
  // What comes again under the same id does nothing again.
  const again = await client.ask({ path, requests: [{ deviceId: 'pump', name: 'set', id: 'c-1' }] });
  assert.deepEqual(
    again.answers.map(({ update }) => (update as { state: string }).state),
    ['COMMAND_STATE_ACKNOWLEDGED'],
  );
  assert.equal(device.lines.length, 1);
  const refused = await client.ask({ path, requests: [{ deviceId: 'pump', id: 'not an id' }] });
  assert.equal(refused.failure?.status, 'INVALID_ARGUMENT');
});

test('who subscribes goes on after a cursor without a gap, and is told when that leads nowhere', {
  timeout: 60_000,
}, async (t) => {
  const { client } = await site(t);
  const path = '/headgate.v1.Gateway/Subscribe';
  const seen: Readonly<Record<string, unknown>>[] = [];
  client.follow({ path, requests: [{ kinds: ['measurement'], devices: ['n*'] }] }, (answer) => seen.push(answer));
  await eventually('the subscription', () => seen.length > 0);
  const requests = ['n1', 'other', 'n2', 'n3'].map((topic, id) => ({ id, topic, payload: base64('1') }));
  await client.ask({ path: '/headgate.v1.Gateway/Publish', requests });
  await eventually('three events', () => seen.length === 4);
  const topics = (answers: readonly Readonly<Record<string, unknown>>[]) =>
    answers.flatMap(({ record }) => (record === undefined ? [] : [(record as { topic: string }).topic]));
  assert.deepEqual(topics(seen), ['n1', 'n2', 'n3']);
  const after = seen[1]?.cursor;
  const again = await client.ask({ path, requests: [{ after, kinds: ['measurement'], devices: ['n*'] }], take: 3 });
  assert.deepEqual(topics(again.answers), ['n2', 'n3']);
  assert.deepEqual(again.answers[0], { cursor: after, ready: {} });
  const reset = await client.ask({ path, requests: [{ after: 'abc-7' }], take: 1 });
  assert.deepEqual(reset.answers[0]?.reset, { reason: 'epoch' });
  const wrong = await client.ask({ path, requests: [{ kinds: ['nonsense'] }] });
  assert.equal(wrong.failure?.status, 'INVALID_ARGUMENT');
});
