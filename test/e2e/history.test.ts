import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { GrpcClient } from '../support/grpc-client.ts';
import { tempDir } from '../support/temp-dir.ts';

interface Series {
  readonly field: string;
  readonly times: readonly number[];
  readonly values?: readonly unknown[];
  readonly [measure: string]: unknown;
}

const measures = ['min', 'max', 'avg', 'count', 'first', 'last'] as const;

test('a window is the same over REST, GraphQL, gRPC and WebSocket, and what there is not is refused alike', {
  timeout: 60_000,
}, async (t) => {
  const gateway = await startGateway(t, { dataDir: tempDir(t) });
  const url = `http://127.0.0.1:${gateway.port('http')}`;
  const post = async (path: string, body: object): Promise<Response> =>
    fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const nowMs = Date.now();
  const atMs = Math.floor(nowMs / 60_000) * 60_000 - 300_000;
  const items = [20, 21.5, 19.25].map((temperature, i) => ({
    device: 'lab:1',
    time: new Date(atMs + i * 20_000).toISOString(),
    fields: { temperature: { value: temperature, unit: 'Cel' }, isOpen: i === 1 },
  }));
  assert.equal((await post('/api/v1/measurements', items)).status, 200);
  const from = new Date(atMs).toISOString();

  const rest = async (device: string, query: string): Promise<{ series: Series[]; code?: string }> =>
    (await (await fetch(`${url}/api/v1/measurements?device=${device}&${query}`)).json()) as { series: Series[] };
  const graphql = async (device: string, bucket: string | null) => {
    const wanted = `field tags unit type times values ${measures.join(' ')}`;
    const query = `query($device: ID!, $from: String, $bucket: String) {
      measurements(device: $device, from: $from, bucket: $bucket) { kind bucketSeconds leftSeries losses { points } series { ${wanted} } } }`;
    const answer = await post('/graphql', { query, variables: { device, from, bucket } });
    return (await answer.json()) as {
      data: { measurements: { series: Series[] } } | null;
      errors?: readonly { readonly extensions: { readonly code: string } }[];
    };
  };
  const client = new GrpcClient(t, `127.0.0.1:${gateway.port('grpc')}`);
  const grpc = (deviceId: string, bucketSeconds: number) =>
    client.ask({
      path: '/headgate.v1.Gateway/GetMeasurements',
      requests: [{ deviceId, from, bucketSeconds, fields: ['temperature'] }],
    });

  const [wanted, isOpen] = (await rest('lab:1', `from=${from}&bucket=1m`)).series;
  assert.deepEqual(wanted, {
    ...{ field: 'temperature', tags: '', unit: 'Cel', type: 'number', times: [atMs] },
    ...{ min: [19.25], max: [21.5], avg: [20.25], count: [3], first: [20], last: [19.25] },
  });
  assert.deepEqual([isOpen!.min, isOpen!.max], [[0], [1]]);
  const asked = (await graphql('lab:1', '1m')).data!.measurements.series[0];
  assert.deepEqual(asked, { ...wanted, values: null });
  const { answers, failure } = await grpc('lab:1', 60);
  assert.equal(failure, undefined);
  const [told] = answers as unknown as [{ series: [Series & { readonly timeMs: readonly string[] }] }];
  assert.deepEqual(told.series[0].timeMs, [String(atMs)]);
  for (const measure of measures) {
    const numbers = (told.series[0][measure] as readonly (string | number)[]).map(Number);
    assert.deepEqual(numbers, wanted![measure], measure);
  }

  const socket = new WebSocket(`${url.replace('http', 'ws')}/api/v1/live/ws`);
  t.after(() => socket.close());
  await once(socket, 'open');
  const frame = once(socket, 'message');
  const parameters = { device: 'lab:1', from, bucket: '1m' };
  socket.send(JSON.stringify({ type: 'query', id: 1, what: 'measurements', query: parameters }));
  const [{ data }] = (await frame) as [{ readonly data: string }];
  assert.deepEqual(JSON.parse(data).result.series[0], wanted);

  // As narrow as there is: of so long ago, memory has nothing.
  const [narrow] = (await graphql('lab:1', null)).data!.measurements.series;
  assert.deepEqual([narrow!.times.length, narrow!.last], [3, [20, 21.5, 19.25]]);
  assert.equal((await rest('nobody', `from=${from}`)).code, 'device.unknown');
  assert.equal((await graphql('nobody', null)).errors?.[0]?.extensions.code, 'device.unknown');
  assert.equal((await grpc('nobody', 0)).failure?.trailing['headgate-code'], 'device.unknown');
  assert.equal((await rest('lab:1', 'bucket=15s')).code, 'request.invalid');
  assert.equal((await graphql('lab:1', '15s')).errors?.[0]?.extensions.code, 'request.invalid');
  assert.equal((await grpc('lab:1', 15)).failure?.trailing['headgate-code'], 'request.invalid');
});
