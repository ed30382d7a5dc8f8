import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventsOf } from '../../../src/api/graphql/event-source.ts';
import { batchMessages } from '../../../src/api/grpc/event-messages.ts';
import type { LiveBatch, LiveSink } from '../../../src/core/live.ts';
import { Batch } from '../../../src/live/batch.ts';
import { FeedEvent } from '../../../src/live/event.ts';
import { SubscribeResponse } from '../../../src/wire/generated/headgate/v1/gateway.ts';

/** A gap whose first number is that of an event which is told all the same, as it lasts. */
const batch = (): LiveBatch =>
  new Batch(
    'e',
    20,
    [5, 9].map((n) => new FeedEvent(n, undefined, { kind: 'device', atMs: 0, body: {} }, undefined, 0)),
    { from: 5, to: 20, missed: 14, reason: 'coalesced' },
  );

async function overGraphql(): Promise<string[]> {
  let sink: LiveSink | undefined;
  const start = { cursor: 'e-4' };
  const events = eventsOf(
    {
      subscribe: (request) => {
        sink = request.sink;
        return { start, cursor: 'e-4', resume: () => {}, close: () => {} };
      },
      lost: () => {},
    },
    {},
    undefined,
  );
  sink!.deliver(batch());
  const told: string[] = [];
  for (let i = 0; i < 4; i++) {
    const next = (await events.next()) as { value: { events: { cursor: string } } };
    told.push(next.value.events.cursor);
  }
  return told.slice(1);
}

const forms: Readonly<Record<string, () => string[] | Promise<string[]>>> = {
  GraphQL: overGraphql,
  gRPC: () => batchMessages(batch()).map((bytes) => SubscribeResponse.decode(bytes).cursor),
};

for (const [form, cursors] of Object.entries(forms)) {
  test(`who was told of a gap over ${form} and is cut then goes on with what came within it`, async () => {
    assert.deepEqual(await cursors(), ['e-4', 'e-5', 'e-9']);
  });
}
