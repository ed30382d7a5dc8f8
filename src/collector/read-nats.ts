import { DeliverPolicy, type JetStreamClient, type JsMsg, jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsAddress } from './nats-address.ts';
import { connectNats, natsError } from './nats-connection.ts';
import { partHeader } from './nats-messages.ts';
import { subjectRoot } from './nats-subjects.ts';
import { type NatsOptions, natsDefaults } from './options.ts';

/**
 * The newest `last` records of the stream, oldest first, each as one line of JSON.
 *
 * @throws HeadgateError `config.invalid`, `sink.failed`
 */
export async function readNats(
  address: NatsAddress,
  options: NatsOptions = natsDefaults,
  last: number,
): Promise<string[]> {
  const { credentials, ca, cert, key, stream } = options;
  const identity = { credentials, ca, cert, key };
  const connection = await connectNats(address, { identity, name: 'headgate collector records', reconnect: false });
  try {
    const manager = await jetstreamManager(connection);
    const { state } = await manager.streams.info(stream);
    const client = jetstream(connection);
    // Messages may have been deleted between those that are there: then it takes more of the stream.
    for (let count = last; ; count *= 4) {
      const from = Math.max(state.first_seq, state.last_seq - count + 1);
      const lines = await readFrom(client, stream, from, state.last_seq);
      if (lines.length >= last || from <= state.first_seq) return lines.slice(-last);
    }
  } catch (error) {
    throw natsError(address, error);
  } finally {
    await connection.close();
  }
}

async function readFrom(client: JetStreamClient, stream: string, from: number, to: number): Promise<string[]> {
  const lines = new RecordLines();
  if (to < from || to === 0) return [];
  const consumer = await client.consumers.get(stream, {
    filter_subjects: `${subjectRoot}.*.*`,
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: from,
  });
  try {
    if ((await consumer.info(true)).num_pending === 0) return [];
    for await (const message of await consumer.consume()) {
      if (message.seq <= to) lines.add(message);
      if (message.seq >= to || message.info.pending === 0) break;
    }
    return lines.all;
  } finally {
    await consumer.delete();
  }
}

/** Records as they come out of the stream, those that were cut put together again. */
export class RecordLines {
  readonly all: string[] = [];
  readonly #parts = new Map<string, Map<number, Uint8Array>>();

  add(message: Pick<JsMsg, 'headers' | 'data'>): void {
    const [part, of] = (message.headers?.get(partHeader) ?? '').split('/').map(Number);
    if (part === undefined || of === undefined) {
      this.all.push(Buffer.from(message.data).toString());
      return;
    }
    const id = (message.headers?.get('Nats-Msg-Id') ?? '').split('/').slice(0, 3).join('/');
    const parts = (this.#parts.get(id) ?? new Map<number, Uint8Array>()).set(part, message.data);
    this.#parts.set(id, parts);
    if (parts.size < of) return;
    this.#parts.delete(id);
    const inOrder = [...parts].sort(([a], [b]) => a - b).map(([, bytes]) => bytes);
    this.all.push(Buffer.concat(inOrder).toString());
  }
}
