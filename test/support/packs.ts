import type { RecordLine } from './collector.ts';
import { type Expected, hashOf } from './oracle.ts';

// Messages that become several records, and what must have become of them.

/** A message of 1 to 20 measurements, as a SenML pack that can be told from its topic and index alone. */
export function packOf(topic: string, index: number): Expected {
  const entries = partsOf(topic, index).flatMap(({ fields }, part) =>
    fields.map(([n, v]) => ({ n, v, ...(part > 0 && { t: part }) })),
  );
  const [first, ...others] = entries;
  return { topic, index, payload: Buffer.from(JSON.stringify([{ bt: baseOf(index), ...first }, ...others])) };
}

interface Part {
  readonly time: string;
  /** `n`: which message; `part`: which of its measurements; every third has a field `third`, for rules to go by. */
  readonly fields: readonly (readonly [name: string, value: number])[];
}

function partsOf(topic: string, index: number): Part[] {
  const count = 1 + (hashOf(topic, index) % 20);
  return Array.from({ length: count }, (_, part) => ({
    time: new Date((baseOf(index) + part) * 1000).toISOString(),
    fields: [
      ['n', index],
      ['part', part],
      ['value', hashOf(topic, index) / 8],
      ...(part % 3 === 2 ? [['third', 1] as const] : []),
    ],
  }));
}

function baseOf(index: number): number {
  return 1_790_000_000 + index * 100;
}

interface Sending {
  readonly expected: Expected;
  times: number;
  isAcknowledged: boolean;
}

/** Keeps the books of packs, as `Oracle` does of messages that are one record. */
export class PackOracle {
  readonly #sendings = new Map<string, Sending>();

  sent(expected: Expected): void {
    const key = `${expected.topic} #${expected.index}`;
    const sending = this.#sendings.get(key);
    if (sending === undefined) this.#sendings.set(key, { expected, times: 1, isAcknowledged: false });
    else sending.times++;
  }

  acknowledged({ topic, index }: Expected): void {
    this.#sendings.get(`${topic} #${index}`)!.isAcknowledged = true;
  }

  get acknowledgedCount(): number {
    return [...this.#sendings.values()].filter(({ isAcknowledged }) => isAcknowledged).length;
  }

  /**
   * Every record of an acknowledged message is there; none more often than its client has sent it; none is altered or foreign.
   * @param isWhole of a topic whose messages are all or nothing: each of a message's records is there as often as the others
   * @returns messages of which some records are there more often than others
   * @throws an Error that names the first faults of each kind
   */
  assertKept(records: readonly RecordLine[], isWhole: (topic: string) => boolean): number {
    const counts = new Map<string, number>();
    const faults = { lost: [], doubled: [], torn: [], altered: [], foreign: [], repeated: [] } as Record<
      string,
      string[]
    >;
    const sequences = new Set<string>();
    for (const record of records) {
      if (sequences.has(record.sequence)) faults.repeated!.push(record.sequence);
      sequences.add(record.sequence);
      const field = (name: string) => record.fields?.find((one) => one.name === name)?.number;
      const key = `${record.topic} #${field('n')}`;
      const part = Number(field('part'));
      const expected = this.#sendings.has(key) ? partsOf(record.topic, Number(field('n')))[part] : undefined;
      if (expected === undefined) {
        faults.foreign!.push(JSON.stringify(record));
        continue;
      }
      const fields = record.fields!.map(({ name, number }) => [name, number]);
      const isTrue = JSON.stringify(fields) === JSON.stringify(expected.fields) && record.time === expected.time;
      if (!isTrue) faults.altered!.push(`${key}.${part}`);
      counts.set(`${key}.${part}`, (counts.get(`${key}.${part}`) ?? 0) + 1);
    }
    let torn = 0;
    for (const [key, { expected, times, isAcknowledged }] of this.#sendings) {
      const each = partsOf(expected.topic, expected.index).map((_, part) => counts.get(`${key}.${part}`) ?? 0);
      if (isAcknowledged && each.includes(0)) faults.lost!.push(key);
      if (Math.max(...each) > times) faults.doubled!.push(key);
      if (new Set(each).size === 1) continue;
      torn++;
      if (isWhole(expected.topic)) faults.torn!.push(`${key}: ${each}`);
    }
    const said = Object.entries(faults).flatMap(([kind, names]) =>
      names.length === 0 ? [] : [`${names.length} ${kind}: ${names.slice(0, 3).join(', ')}`],
    );
    if (said.length > 0) throw new Error(`of ${this.acknowledgedCount} acknowledged packs: ${said.join('; ')}`);
    return torn;
  }
}
