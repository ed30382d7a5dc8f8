import type { FieldLine, RecordLine } from './collector.ts';
import { eventually } from './wait.ts';

/** One message that a test client means to send: the `index`-th of its device, from 0. */
export interface Expected {
  readonly topic: string;
  readonly index: number;
  readonly payload: Buffer;
}

interface Sending {
  readonly expected: Expected;
  /** How often it was put on the wire. */
  times: number;
  isAcknowledged: boolean;
}

/** What is wrong with a sink. Each list names messages as `topic #index`; all are empty when the promise was kept. */
export interface Verdict {
  /** Acknowledged, and not there. */
  readonly lost: readonly string[];
  /** There more often than the client itself has sent it. */
  readonly doubled: readonly string[];
  /** There, and never sent. */
  readonly foreign: readonly string[];
  /** There with other fields, another payload or another device. */
  readonly altered: readonly string[];
  /** There behind a later message of its topic; what was sent late goes beside what came in since, each in its order. */
  readonly disordered: readonly string[];
  /** A sequence that occurs twice in one epoch of one gateway. */
  readonly repeatedSequences: readonly string[];
  /** Messages there, each counted once. */
  readonly arrived: number;
  /** Messages there twice because the client had sent them twice. */
  readonly resent: number;
  readonly acknowledged: number;
}

const magic = 0xfe;

/**
 * A message whose payload can be told from its topic and index alone, so that a record can be held against it. Every
 * fifth is binary, which the gateway keeps as it is; the others are JSON with one value of each kind.
 */
export function regenerate(topic: string, index: number): Expected {
  if (index % 5 === 4) {
    const payload = Buffer.alloc(20 + (index % 40), magic);
    payload.writeUInt32BE(index, 1);
    payload.writeUInt32BE(hashOf(topic, index), 5);
    return { topic, index, payload };
  }
  const payload = JSON.stringify({
    n: index,
    value: hashOf(topic, index) / 8,
    nested: { text: `å-${index}`, on: index % 2 === 0 },
  });
  return { topic, index, payload: Buffer.from(payload) };
}

/**
 * Keeps what a test's clients have sent and been promised, and holds a sink against it. An obligation exists only
 * from the PUBACK (or PUBREC) on; before it, a message may be there or not.
 */
export class Oracle {
  readonly #sendings = new Map<string, Sending>();

  /** Call before the message goes on the wire, each time it does. */
  sent(expected: Expected): void {
    const key = `${expected.topic} #${expected.index}`;
    const sending = this.#sendings.get(key);
    if (sending === undefined) this.#sendings.set(key, { expected, times: 1, isAcknowledged: false });
    else sending.times += 1;
  }

  /** Call when its acknowledgement has come. */
  acknowledged(expected: Expected): void {
    const sending = this.#sendings.get(`${expected.topic} #${expected.index}`);
    if (sending === undefined) throw new Error('acknowledged, but never sent');
    sending.isAcknowledged = true;
  }

  get acknowledgedCount(): number {
    let count = 0;
    for (const { isAcknowledged } of this.#sendings.values()) if (isAcknowledged) count += 1;
    return count;
  }

  judge(records: readonly RecordLine[]): Verdict {
    const counts = new Map<string, number>();
    const latest = new Map<string, number>();
    const sequences = new Set<string>();
    const foreign: string[] = [];
    const altered: string[] = [];
    const disordered: string[] = [];
    const repeatedSequences: string[] = [];
    for (const record of records) {
      const name = `${record.gateway} ${record.epoch} ${record.sequence}`;
      if (sequences.has(name)) repeatedSequences.push(name);
      sequences.add(name);
      const index = indexOf(record);
      const key = `${record.topic} #${index}`;
      const sending = this.#sendings.get(key);
      if (index === undefined || sending === undefined) {
        foreign.push(index === undefined ? JSON.stringify(record) : key);
        continue;
      }
      if (!isTrue(record, sending.expected)) altered.push(key);
      const before = counts.get(key) ?? 0;
      counts.set(key, before + 1);
      // Only the first occurrence: one that the client sent again comes late by the client's own doing.
      if (before === 0) {
        const order = `${record.topic} ${record.historical === true ? 'late' : 'live'}`;
        if (index < (latest.get(order) ?? -1)) disordered.push(key);
        else latest.set(order, index);
      }
    }
    const sendings = [...this.#sendings];
    return {
      lost: sendings.filter(([key, { isAcknowledged }]) => isAcknowledged && !counts.has(key)).map(([key]) => key),
      doubled: sendings.filter(([key, { times }]) => (counts.get(key) ?? 0) > times).map(([key]) => key),
      foreign,
      altered,
      disordered,
      repeatedSequences,
      arrived: counts.size,
      resent: [...counts.values()].filter((count) => count > 1).length,
      acknowledged: this.acknowledgedCount,
    };
  }

  /** @throws an Error that names the first faults of each kind */
  assertKept(records: readonly RecordLine[]): Verdict {
    const verdict = this.judge(records);
    const faults = (['lost', 'doubled', 'foreign', 'altered', 'disordered', 'repeatedSequences'] as const)
      .filter((kind) => verdict[kind].length > 0)
      .map((kind) => `${verdict[kind].length} ${kind}: ${verdict[kind].slice(0, 5).join(', ')}`);
    if (faults.length > 0) {
      throw new Error(
        `of ${verdict.acknowledged} acknowledged messages, ${records.length} records: ${faults.join('; ')}`,
      );
    }
    return verdict;
  }
}

/**
 * Waits until every acknowledged message is in the sink, and judges the rest. Faults of the other kinds do not pass.
 *
 * @throws an Error that names the first faults of each kind
 */
export async function settled(
  oracle: Oracle,
  records: () => readonly RecordLine[] | Promise<readonly RecordLine[]>,
  timeoutMs = 20_000,
): Promise<Verdict> {
  return await eventually(
    'the sink to hold all that was acknowledged',
    async () => oracle.assertKept(await records()),
    { timeoutMs, everyMs: 100 },
  );
}

function indexOf({ fields, payload }: RecordLine): number | undefined {
  if (fields !== undefined) return fields.find(({ name }) => name === 'n')?.number as number | undefined;
  const bytes = Buffer.from(payload ?? '', 'base64');
  return bytes.length >= 9 && bytes[0] === magic ? bytes.readUInt32BE(1) : undefined;
}

function isTrue(record: RecordLine, { topic, index, payload }: Expected): boolean {
  if (record.topic !== topic || record.deviceId !== topic || record.source !== 'mqtt') return false;
  if (payload[0] === magic) return record.fields === undefined && record.payload === payload.toString('base64');
  const said = JSON.parse(payload.toString()) as { value: number; nested: { text: string; on: boolean } };
  const fields: FieldLine[] = [
    { name: 'n', number: index },
    { name: 'value', number: said.value },
    { name: 'nested.text', text: said.nested.text },
    { name: 'nested.on', boolean: said.nested.on },
  ];
  return record.payload === undefined && JSON.stringify(record.fields) === JSON.stringify(fields);
}

/** FNV-1a over topic and index: a number of 32 bits that only this message has. */
export function hashOf(topic: string, index: number): number {
  let value = 0x811c9dc5;
  for (const byte of Buffer.from(`${topic} ${index}`)) value = Math.imul(value ^ byte, 0x01000193);
  return value >>> 0;
}
