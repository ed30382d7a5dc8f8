import { RecordJson } from '../wire/record-json.ts';
import type { DecodedRecord } from '../wire/record-reader.ts';
import type { Served } from './nats-gateways.ts';
import type { Publication } from './nats-publisher.ts';

/** What a message's headers take at the most, the part's number included. */
const maxHeaderBytes = 1024;

/** Says which part of a record a message is, as `2/3`. A message without it is a whole record. */
export const partHeader = 'Headgate-Part';

export interface StagedRecord {
  readonly served: Served;
  readonly record: DecodedRecord;
}

/**
 * Records as messages for JetStream: the line of JSON that the file sink writes, and `Nats-Msg-Id`
 * `GATEWAY/EPOCH/SEQUENCE`, by which the stream knows one again. A record that NATS would not take because of its size
 * is cut: into parts that make its line again when they are put one behind the other, named
 * `GATEWAY/EPOCH/SEQUENCE/PART/OF` and numbered in a header.
 */
export class RecordMessages {
  readonly #json = new RecordJson();
  readonly #maxBytes: number;
  readonly #prefixes = new WeakMap<Served, string>();

  /** @param maxMessageBytes that NATS takes, headers included */
  constructor(maxMessageBytes: number) {
    this.#maxBytes = Math.max(1, maxMessageBytes - maxHeaderBytes);
  }

  *of(records: Iterable<StagedRecord>): Generator<Publication> {
    for (const { served, record } of records) {
      const line = Buffer.from(this.#json.line(this.#prefixOf(served), record));
      const subject = served.subjects.of(record.deviceId);
      const id = served.idPrefix + record.sequence;
      if (line.byteLength <= this.#maxBytes) yield { subject, payload: line, headers: ['Nats-Msg-Id', id] };
      else yield* this.#parts(served, record.sequence, { subject, payload: line, headers: [] }, id);
    }
  }

  *#parts(served: Served, sequence: number, { subject, payload }: Publication, id: string): Generator<Publication> {
    const count = Math.ceil(payload.byteLength / this.#maxBytes);
    const known = served.parts.get(sequence);
    for (let part = 1; part <= count; part++) {
      if (known?.has(part)) continue;
      const bytes = payload.subarray((part - 1) * this.#maxBytes, part * this.#maxBytes);
      yield {
        subject,
        payload: bytes,
        headers: ['Nats-Msg-Id', `${id}/${part}/${count}`, partHeader, `${part}/${count}`],
      };
    }
  }

  #prefixOf(served: Served): string {
    const known = this.#prefixes.get(served);
    if (known !== undefined) return known;
    const prefix = this.#json.prefix(served.gateway, served.epoch);
    this.#prefixes.set(served, prefix);
    return prefix;
  }
}
