import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { createClient } from 'graphql-ws';
import { parseExact } from '../../src/lib/exact-json.ts';
import { atEnd } from './at-end.ts';
import type { GrpcClient } from './grpc-client.ts';
import type { HeadgateProcess } from './headgate-process.ts';
import { MosquittoSub, mosquittoPub, runProgram } from './mosquitto.ts';
import { eventually, within } from './wait.ts';

/** What a reader got of a message, whatever the protocol. */
export interface Seen {
  readonly deviceId: string;
  readonly topic: string;
  readonly kind: string;
  readonly source: string;
  /** `NAME=VALUE`, whole numbers digit by digit, texts in quotes. */
  readonly fields: readonly string[];
  /** As base64; absent: the record does not keep it. */
  readonly payload?: string;
  readonly sequence: string;
}

export interface Reader {
  readonly name: string;
  /** What it got so far. */
  seen(): readonly Seen[];
}

export interface Writer {
  readonly name: string;
  publish(topic: string, payload: Buffer): Promise<void>;
}

/** An event as REST, SSE, WebSocket and GraphQL have it. */
interface EventJson {
  readonly event?: string;
  readonly deviceId: string;
  readonly topic: string;
  readonly kind: string;
  readonly source: string;
  readonly sequence?: unknown;
  readonly fields?: readonly { readonly name: string; readonly value: unknown }[] | null;
  readonly payloadText?: string | null;
  readonly payloadBase64?: string | null;
}

interface FrameJson {
  readonly type: string;
  readonly events: readonly EventJson[];
}

/** A record in proto3's JSON. */
interface RecordJson extends Omit<EventJson, 'fields'> {
  readonly fields?: readonly Readonly<Record<string, unknown>>[];
  readonly payload?: string;
}

const text = (value: unknown): string => (typeof value === 'string' ? JSON.stringify(value) : String(value));

function seenIn(event: EventJson): Seen {
  const { deviceId, topic, kind, source, fields, payloadText, payloadBase64, sequence } = event;
  const payload = typeof payloadText === 'string' ? Buffer.from(payloadText).toString('base64') : payloadBase64;
  return {
    ...{ deviceId, topic, kind, source, sequence: String(sequence) },
    fields: (fields ?? []).map(({ name, value }) => `${name}=${text(value)}`),
    ...(typeof payload === 'string' && { payload }),
  };
}

const isMeasurement = ({ event }: EventJson): boolean => event === 'measurement';
const parsed = <T>(json: string): T => parseExact(json) as T;

/** Programs that publish, each by another protocol, none of them ours. */
export function writersOf(gateway: HeadgateProcess, grpc: GrpcClient): Writer[] {
  const http = `127.0.0.1:${gateway.port('http')}`;
  const curl = async (path: string, body: object): Promise<void> => {
    const args = ['-sS', '--fail-with-body', '-X', 'POST', '-H', 'content-type: application/json', '-d', '@-'];
    const { code, stdout, stderr } = await runProgram(
      'curl',
      [...args, `http://${http}${path}`],
      Buffer.from(JSON.stringify(body)),
    );
    if (code !== 0) throw new Error(`curl ended with ${code}: ${stderr}${stdout}`);
    const answer = stdout.toString();
    if (answer.includes('"errors"')) throw new Error(answer);
  };
  return [
    {
      name: 'mqtt',
      publish: (topic, payload) => mosquittoPub(gateway.port('mqtt'), ['-q', '1', '-t', topic, '-s'], payload),
    },
    {
      name: 'rest',
      publish: (topic, payload) => curl('/api/v1/measurements', { topic, payloadBase64: payload.toString('base64') }),
    },
    {
      name: 'graphql',
      publish: (topic, payload) =>
        curl('/graphql', {
          query:
            'mutation ($topic: String!, $bytes: String) { publish(topic: $topic, payloadBase64: $bytes) { sequence } }',
          variables: { topic, bytes: payload.toString('base64') },
        }),
    },
    {
      name: 'ws',
      publish: async (topic, payload) => {
        const socket = new WebSocket(`ws://${http}/api/v1/live/ws`);
        await within(5_000, 'the WebSocket', once(socket, 'open'));
        const answered = once(socket, 'message') as Promise<[MessageEvent]>;
        socket.send(JSON.stringify({ type: 'publish', id: 1, topic, payloadBase64: payload.toString('base64') }));
        const [{ data }] = await within(5_000, 'the acknowledgement', answered);
        socket.close();
        if (JSON.parse(String(data)).type !== 'ack') throw new Error(String(data));
      },
    },
    {
      name: 'grpc',
      publish: async (topic, payload) => {
        const requests = [{ id: 1, topic, payload: payload.toString('base64') }];
        const { answers, failure } = await grpc.ask({ path: '/headgate.v1.Gateway/Publish', requests });
        if (failure !== undefined || answers[0]?.failure !== undefined)
          throw new Error(JSON.stringify({ answers, failure }));
      },
    },
  ];
}

/** Programs that read what devices under a topic say, each by another protocol; all are subscribed when it resolves. */
export async function readersOf(
  t: TestContext,
  gateway: HeadgateProcess,
  grpc: GrpcClient,
  topic: string,
): Promise<Reader[]> {
  return [
    await sse(t, gateway, topic),
    await poll(t, gateway, topic),
    await webSocket(t, gateway, topic),
    await graphql(t, gateway, topic),
    await subscribed(grpc, topic),
    await mqtt(t, gateway),
  ];
}

/** `curl -N`. */
async function sse(t: TestContext, gateway: HeadgateProcess, topic: string): Promise<Reader> {
  const url = `http://127.0.0.1:${gateway.port('http')}/api/v1/live?kinds=measurement&topics=${encodeURIComponent(topic)}`;
  const child = spawn('curl', ['-sSN', url], { stdio: ['ignore', 'pipe', 'inherit'] });
  atEnd(t, () => child.kill('SIGKILL'));
  let all = '';
  child.stdout.on('data', (data: Buffer) => {
    all += data.toString();
  });
  await eventually('the event stream', () => all.includes('event: ready'));
  const data = (): string[] => all.split('\n').filter((line) => line.startsWith('data: '));
  const events = () => data().map((line) => parsed<EventJson>(line.slice(6)));
  return { name: 'sse', seen: () => events().filter(isMeasurement).map(seenIn) };
}

/** `curl`, again and again, from cursor to cursor. */
async function poll(t: TestContext, gateway: HeadgateProcess, topic: string): Promise<Reader> {
  const base = `http://127.0.0.1:${gateway.port('http')}/api/v1/live/poll?kinds=measurement&topics=${encodeURIComponent(topic)}`;
  const found: Seen[] = [];
  const ask = async (query: string): Promise<string> => {
    const { stdout } = await runProgram('curl', ['-sS', `${base}${query}`]);
    const { events, next } = parsed<{ events: EventJson[]; next: string }>(stdout.toString());
    found.push(...events.filter(isMeasurement).map(seenIn));
    return next;
  };
  let cursor = await ask('');
  let isOver = false;
  const follow = async (): Promise<void> => {
    while (!isOver) cursor = await ask(`&waitMs=500&after=${cursor}`);
  };
  // The gateway may have gone first.
  const running = follow().catch(() => {});
  atEnd(t, async () => {
    isOver = true;
    await running;
  });
  return { name: 'poll', seen: () => found };
}

/** Node's own WebSocket. */
async function webSocket(t: TestContext, gateway: HeadgateProcess, topic: string): Promise<Reader> {
  const socket = new WebSocket(`ws://127.0.0.1:${gateway.port('http')}/api/v1/live/ws`);
  atEnd(t, () => socket.close());
  const frames: FrameJson[] = [];
  socket.onmessage = ({ data }) => frames.push(parsed<FrameJson>(String(data)));
  await within(5_000, 'the WebSocket', once(socket, 'open'));
  socket.send(JSON.stringify({ type: 'subscribe', id: 1, filter: { kinds: ['measurement'], topics: [topic] } }));
  await eventually('the subscription', () => frames.some(({ type }) => type === 'subscribed'));
  return {
    name: 'ws',
    seen: () =>
      frames.filter(({ type }) => type === 'events').flatMap(({ events }) => events.filter(isMeasurement).map(seenIn)),
  };
}

/** graphql-ws' client. */
async function graphql(t: TestContext, gateway: HeadgateProcess, topic: string): Promise<Reader> {
  const client = createClient({
    url: `ws://127.0.0.1:${gateway.port('http')}/graphql`,
    jsonMessageReviver: (_key, value, context?: { source?: string }) =>
      typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? '')
        ? BigInt(context!.source!)
        : value,
  });
  atEnd(t, () => client.dispose());
  const events: EventJson[] = [];
  const query = `subscription ($topics: [String!]) {
    events(kinds: ["measurement"], topics: $topics) {
      event deviceId topic kind source sequence payloadText payloadBase64 fields { name value }
    }
  }`;
  client.subscribe<{ events: EventJson }>(
    { query, variables: { topics: [topic] } },
    {
      next: ({ data }) => {
        if (data) events.push(data.events);
      },
      error: () => {},
      complete: () => {},
    },
  );
  await eventually('the GraphQL subscription', () => events.length > 0);
  return { name: 'graphql', seen: () => events.filter(isMeasurement).map(seenIn) };
}

/** Google's gRPC library. It tells what it got when it has got so much: see `GrpcClient.follow`. */
async function subscribed(grpc: GrpcClient, topic: string): Promise<Reader> {
  const answers: { readonly ready?: object; readonly record?: RecordJson }[] = [];
  const request = { topics: [topic], kinds: ['measurement'] };
  grpc.follow({ path: '/headgate.v1.Gateway/Subscribe', requests: [request] }, (answer) => answers.push(answer));
  await eventually('the gRPC subscription', () => answers.some(({ ready }) => ready !== undefined));
  return {
    name: 'grpc',
    seen: () => answers.flatMap(({ record }) => (record === undefined ? [] : [recordSeen(record)])),
  };
}

function recordSeen(record: RecordJson): Seen {
  const { deviceId, topic, source, sequence, kind, fields = [], payload } = record;
  const value = (field: Readonly<Record<string, unknown>>): string => {
    if (field.integer !== undefined) return String(field.integer);
    if (field.number !== undefined) return String(field.number);
    return text(field.boolean ?? field.text ?? field.data);
  };
  return {
    ...{ deviceId, topic, source, sequence: String(sequence) },
    kind: kind.replace('MESSAGE_KIND_', '').toLowerCase(),
    fields: fields.map((field) => `${field.name}=${value(field)}`),
    ...(payload !== undefined && { payload }),
  };
}

/** `mosquitto_sub` on the topics of decoded values; it is told no payloads, and nothing of messages without values. */
async function mqtt(t: TestContext, gateway: HeadgateProcess): Promise<Reader> {
  const args = ['-t', 'headgate/devices/#', '-T', 'headgate/devices/+/commands', '-R'];
  const sub = await MosquittoSub.start(t, gateway.port('mqtt'), args);
  const bodies = () => sub.lines.map((line) => parsed<EventJson>(line.slice(line.indexOf('{'))));
  return {
    name: 'mqtt',
    seen: () =>
      bodies()
        .filter(({ topic }) => topic !== undefined)
        .map(seenIn),
  };
}
