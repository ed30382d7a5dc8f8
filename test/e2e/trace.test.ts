// The trace that a publisher names (W3C Trace Context) is in the collector's record, and in what is told live.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { SinkFile } from '../support/collector.ts';
import { startGateway } from '../support/gateway.ts';
import { GrpcClient } from '../support/grpc-client.ts';
import { mosquittoPub } from '../support/mosquitto.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually, within } from '../support/wait.ts';

interface Event {
  readonly topic: string;
  readonly traceId?: string | null;
}

/** What publishes a text on a topic, with these `traceparent`s. */
type Publish = (topic: string, traceparents: readonly string[]) => Promise<unknown>;

/** A trace id of each protocol's own. */
const idOf = (number: number): string => `${number}af7651916cd43dd8448eb211c80319c`;
const traceparentOf = (id: string): string => `00-${id}-b7ad6b7169203331-01`;

test('a trace id goes from every protocol to the record and to live readers; what is not valid is ignored', {
  timeout: 60_000,
}, async (t) => {
  const dir = tempDir(t);
  const sink = new SinkFile(join(dir, 'records.ndjson'));
  const gateway = await startGateway(t, { dataDir: join(dir, 'data'), sink: `file:${sink.path}` });
  const grpc = new GrpcClient(t, `127.0.0.1:${gateway.port('grpc')}`);
  const http = `127.0.0.1:${gateway.port('http')}`;
  const post = async (path: string, body: object, traceparents: readonly string[]): Promise<void> => {
    const headers = new Headers({ 'content-type': 'application/json' });
    for (const one of traceparents) headers.append('traceparent', one);
    const answer = await fetch(`http://${http}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    assert.equal(answer.status, 200, await answer.text());
  };
  const mqtt =
    (qos: number): Publish =>
    (topic, traceparents) => {
      const named = traceparents.flatMap((one) => ['-D', 'publish', 'user-property', 'traceparent', one]);
      const other = ['-D', 'publish', 'user-property', 'a', 'b'];
      return mosquittoPub(gateway.port('mqtt'), [
        '-V',
        '5',
        '-q',
        `${qos}`,
        '-t',
        topic,
        '-m',
        '1',
        ...other,
        ...named,
      ]);
    };
  const socket = new WebSocket(`ws://${http}/api/v1/live/ws`);
  await within(5_000, 'the WebSocket', once(socket, 'open'));
  const frames: { readonly type: string; readonly id: unknown; readonly events?: readonly Event[] }[] = [];
  socket.addEventListener('message', ({ data }) => frames.push(JSON.parse(String(data))));
  const say = async (frame: { readonly id: string }, type: string): Promise<unknown> => {
    socket.send(JSON.stringify(frame));
    return await eventually(`${type} to ${frame.id}`, () =>
      frames.some((one) => one.id === frame.id && one.type === type),
    );
  };
  await say({ ...{ type: 'subscribe', filter: { kinds: ['measurement'] } }, id: 's' }, 'subscribed');
  const told: { readonly ready?: object; readonly record?: Event }[] = [];
  const subscribe = { path: '/headgate.v1.Gateway/Subscribe', requests: [{ kinds: ['measurement'] }] };
  grpc.follow(subscribe, (answer) => told.push(answer));
  await eventually('the gRPC subscription', () => told.some(({ ready }) => ready !== undefined));

  const mutation = 'mutation ($topic: String!) { publish(topic: $topic, payloadBase64: "MQ==") { sequence } }';
  const protocols: Readonly<Record<string, Publish>> = {
    'mqtt qos 0': mqtt(0),
    'mqtt qos 1': mqtt(1),
    'mqtt qos 2': mqtt(2),
    rest: (topic, named) => post('/api/v1/measurements', { topic, payload: 1 }, named),
    graphql: (topic, named) => post('/graphql', { query: mutation, variables: { topic } }, named),
    ws: (topic, named) => say({ ...{ type: 'publish', topic, payload: 1, traceparent: named[0] }, id: topic }, 'ack'),
    grpc: async (topic, named) => {
      const metadata = named.map((one) => ['traceparent', one] as const);
      const requests = [{ id: 1, topic, payload: Buffer.from('1').toString('base64') }];
      const { answers, failure } = await grpc.ask({ path: '/headgate.v1.Gateway/Publish', requests, metadata });
      assert.equal(failure ?? answers[0]?.failure, undefined);
    },
  };
  const expected: Record<string, string | undefined> = {};
  for (const [index, [name, publish]] of Object.entries(protocols).entries()) {
    const id = idOf(index);
    await publish(`${name}/named`, [traceparentOf(id)]);
    await publish(`${name}/upper case`, [traceparentOf(id).toUpperCase()]);
    await publish(`${name}/none`, []);
    Object.assign(expected, { [`${name}/named`]: id, [`${name}/upper case`]: undefined, [`${name}/none`]: undefined });
    if (name === 'ws') continue;
    await publish(`${name}/twice`, [traceparentOf(id), traceparentOf(id)]);
    expected[`${name}/twice`] = undefined;
  }
  // Every record of a message has it.
  const several = { topic: 'several', payloadText: 'm a=1 1700000000000000000\nm a=2 1700000001000000000\n' };
  await post('/api/v1/measurements', several, [traceparentOf(idOf(9))]);
  expected.several = idOf(9);
  const byTopic = (all: readonly Event[]) => Object.fromEntries(all.map(({ topic, traceId }) => [topic, traceId]));
  const count = Object.keys(expected).length;
  await eventually('all records', () => Object.keys(byTopic(sink.look())).length === count);
  const lines = sink.look();
  assert.deepEqual(byTopic(lines), expected);
  const ofSeveral = lines.filter(({ topic }) => topic === 'several').map(({ traceId }) => traceId);
  assert.deepEqual(ofSeveral, [expected.several, expected.several]);
  const events = (): readonly Event[] => frames.flatMap((frame) => frame.events ?? []);
  await eventually('all events', () => Object.keys(byTopic(events())).length === count);
  assert.deepEqual(byTopic(events()), expected);
  const records = (): readonly Event[] => told.flatMap(({ record }) => (record === undefined ? [] : [record]));
  await eventually('all events over gRPC', () => Object.keys(byTopic(records())).length === count);
  const inBase64 = (id: string | undefined) => id && Buffer.from(id, 'hex').toString('base64');
  const wanted = Object.entries(expected).map(([topic, id]) => [topic, inBase64(id)]);
  assert.deepEqual(byTopic(records()), Object.fromEntries(wanted));
  socket.close();
});
