import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { LiveHub } from '../../src/dashboard/live/hub.ts';
import type { FromPage, ToPage } from '../../src/dashboard/live/protocol.ts';
import { eventually } from '../support/wait.ts';

/** The gateway's live feed, as a page's hub asks for it. */
function feed(t: TestContext) {
  const asked: URL[] = [];
  const streams: ReadableStreamDefaultController<Uint8Array>[] = [];
  t.mock.method(globalThis, 'fetch', async (url: URL, { signal }: RequestInit) => {
    asked.push(url);
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        streams.push(controller);
        signal?.addEventListener('abort', () => controller.error(signal.reason));
      },
    });
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
  });
  const tell = (...entries: readonly object[]) =>
    streams
      .at(-1)
      ?.enqueue(new TextEncoder().encode(entries.map((entry) => `data: ${JSON.stringify(entry)}\n\n`).join('')));
  return { asked, streams, tell };
}

function pageOf(t: TestContext, want: Partial<FromPage> = {}) {
  const hub = new LiveHub('http://gateway/');
  const told: ToPage[] = [];
  const page = { tell: (message: ToPage) => told.push(message) };
  hub.hear(page, { type: 'want', wishes: [{}], isVisible: true, ...want } as FromPage);
  t.after(() => hub.hear(page, { type: 'bye' }));
  return { hub, page, told, kinds: () => told.map(({ type }) => type) };
}

const aDevice = (cursor: string) => ({ event: 'device', cursor, deviceId: 'a' });

test('the stream begins where the page was before it asked for anything, and goes on from there', async (t) => {
  const { asked, streams, tell } = feed(t);
  const { hub, page, told } = pageOf(t, { after: 'e-7' });
  await eventually('the stream', () => asked.length === 1);
  assert.equal(asked[0]?.searchParams.get('after'), 'e-7');
  tell({ event: 'ready', cursor: 'e-7' }, aDevice('e-9'));
  await eventually('that it is live', () => told.some(({ type }) => type === 'events'));
  // Another page, opened earlier, does not take it back.
  const other = { tell: () => {} };
  hub.hear(other, { type: 'want', wishes: [{}], isVisible: true, after: 'e-3' });
  streams[0]?.close();
  await eventually('the stream again', () => {
    hub.hear(page, { type: 'again' });
    return asked.length === 2;
  });
  assert.equal(asked[1]?.searchParams.get('after'), 'e-9');
  hub.hear(other, { type: 'bye' });
});

test('whoever is told to ask again has been told what came before', async (t) => {
  const { asked, tell } = feed(t);
  const { told, kinds } = pageOf(t, { after: 'e-7' });
  await eventually('the stream', () => asked.length === 1);
  tell({ event: 'reset', cursor: 'f-0', reason: 'restart' }, aDevice('f-1'), {
    event: 'gap',
    missed: 3,
    reason: 'slow',
  });
  await eventually('the gap', () => told.some((message) => message.type === 'missed' && message.why === 'gap'));
  assert.deepEqual(kinds(), ['state', 'missed', 'state', 'events', 'missed']);
});

test('a gateway that starts is asked for the same stream again, however often it says so', async (t) => {
  const asked: string[] = [];
  const starting = { code: 'gateway.not-ready', detail: 'It is starting.' };
  t.mock.method(globalThis, 'fetch', async (url: URL) => {
    asked.push(url.pathname);
    return Response.json(starting, { status: 503, headers: { 'retry-after': '1' } });
  });
  const { hub, page, told } = pageOf(t);
  await eventually('five attempts', () => {
    hub.hear(page, { type: 'again' });
    return asked.length >= 5;
  });
  assert.deepEqual([...new Set(asked)], ['/api/v1/live']);
  assert.deepEqual(told, [{ type: 'state', state: { state: 'connecting' } }]);
});
