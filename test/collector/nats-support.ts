import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { parseNats } from '../../src/collector/nats-address.ts';
import { NatsSink } from '../../src/collector/nats-sink.ts';
import { type NatsOptions, natsDefaults } from '../../src/collector/options.ts';
import { RecordLines } from '../../src/collector/read-nats.ts';
import type { Delivery, Outcome } from '../../src/collector/sink.ts';
import type { RecordLine } from '../support/collector.ts';
import type { NatsServer } from '../support/nats-server.ts';
import { eventually } from '../support/wait.ts';

/** A sink as a collector's thread has it; closed when the test ends. */
export async function sinkAt(
  t: TestContext,
  { url }: { readonly url: string },
  options: Partial<NatsOptions> = {},
  note: (message: string) => void = () => {},
  patienceMs = 5_000,
): Promise<NatsSink> {
  const sink = new NatsSink(parseNats(url), { ...natsDefaults, ...options }, note, patienceMs);
  await sink.open();
  t.after(() => sink.close());
  return sink;
}

/** All that an ordinary consumer of the stream gets, from its beginning. */
export async function consumed({ url }: NatsServer, stream = 'headgate'): Promise<RecordLine[]> {
  const connection = await connect({ servers: url });
  try {
    const { state } = await (await jetstreamManager(connection)).streams.info(stream);
    const lines = new RecordLines();
    if (state.messages === 0) return [];
    const consumer = await jetstream(connection).consumers.get(stream, { deliver_policy: DeliverPolicy.All });
    for await (const message of await consumer.consume()) {
      lines.add(message);
      if (message.info.pending === 0) break;
    }
    return lines.all.map((line) => JSON.parse(line) as RecordLine);
  } finally {
    await connection.close();
  }
}

/** `gateway epoch sequence` of each record in the stream, sorted. */
export async function names(server: NatsServer): Promise<string[]> {
  const records = await consumed(server);
  return records.map(({ gateway, epoch, sequence }) => `${gateway} ${epoch} ${String(sequence).padStart(9)}`).sort();
}

/** Asserts that the stream holds these sequences of one gateway, each once. */
export async function assertHolds(server: NatsServer, gateway: string, epoch: string, last: number): Promise<void> {
  const expected = Array.from({ length: last }, (_, i) => `${gateway} ${epoch} ${String(i + 1).padStart(9)}`);
  const mine = (await names(server)).filter((name) => name.startsWith(`${gateway} ${epoch} `));
  assert.deepEqual(mine, expected);
}

/** What became of deliveries, as `first-last` texts, or the outcome's name. */
export function told(outcomes: readonly Outcome[]): string[] {
  return outcomes.map((outcome) =>
    outcome.name === 'durable'
      ? outcome.sequences.map(({ first, last }) => `${first}-${last}`).join(' ')
      : outcome.name,
  );
}

/** Resolves when the stream knows nothing again of what has been published until now. */
export async function forgotten({ url }: NatsServer): Promise<void> {
  const connection = await connect({ servers: url });
  try {
    const client = jetstream(connection);
    const probe = () => client.publish('headgate.probe.window', '{}', { msgID: 'probe' });
    await probe();
    await eventually('the duplicate window to pass', async () => !(await probe()).duplicate);
  } finally {
    await connection.close();
  }
}

/**
 * Commits as gateways do, which come again: with a window of 100 ms a busy machine may take longer than the sink dares to
 * publish what it has noted.
 */
export async function insist(sink: NatsSink, deliveries: readonly Delivery[]): Promise<readonly Outcome[]> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await sink.commit(deliveries);
    } catch (error) {
      if (attempt === 20 || !/too slowly/.test(String(error))) throw error;
      await sink.close();
      await sink.open();
    }
  }
}
