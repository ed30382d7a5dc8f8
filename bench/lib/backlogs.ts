import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Gateway, unreachable } from './headgate.ts';
import { Load } from './load.ts';

/** At least so many. */
export interface BacklogSize {
  readonly records: number;
  readonly bytes: number;
}

interface Prepared extends BacklogSize {
  readonly folder: string;
}

/** Data directories with a backlog, each prepared once and copied for those who change it. */
export class Backlogs {
  readonly #folder: string;
  readonly #say: (line: string) => void;
  readonly #prepared: Prepared[] = [];

  constructor(folder: string, say: (line: string) => void) {
    this.#folder = folder;
    this.#say = say;
  }

  /** A data directory that waits for a collector. Not to be drained: take a {@link copy} for that. */
  async get(wanted: BacklogSize): Promise<Prepared> {
    // Not much more either: a drain of twice the records is another measurement.
    const isNear = (has: number, asked: number) => has >= asked && (asked === 0 || has < 2 * asked);
    const fits = this.#prepared.find(({ records, bytes }) => {
      return isNear(records, wanted.records) && isNear(bytes, wanted.bytes);
    });
    if (fits !== undefined) return fits;
    const prepared = await this.#prepare(wanted);
    this.#prepared.push(prepared);
    return prepared;
  }

  async copy(wanted: BacklogSize, to: string): Promise<Prepared> {
    const prepared = await this.get(wanted);
    cpSync(prepared.folder, to, { recursive: true });
    // Or the kernel would write the copy while somebody measures.
    execFileSync('sync');
    return { ...prepared, folder: to };
  }

  async #prepare({ records, bytes }: BacklogSize): Promise<Prepared> {
    const folder = join(this.#folder, `backlog-${this.#prepared.length}`);
    mkdirSync(folder);
    this.#say(
      `  preparing a backlog of at least ${records.toLocaleString('en')} records and ${Math.round(bytes / 1e6)} MB …`,
    );
    const gateway = await Gateway.start({ settings: { dataDir: folder, 'uplink.url': unreachable } });
    const load = await Load.connect({
      port: gateway.mqttPort,
      connections: 10,
      pace: { kind: 'window', size: 500 },
      isTimed: false,
      stallMs: 20_000,
    });
    load.start();
    const isEnough = gateway.statusWhen('the backlog to be stored', 600_000, 100, (status) => {
      return status.number('buffer.waitingRecords') >= records && status.number('buffer.waitingBytes') >= bytes;
    });
    await Promise.race([isEnough, load.failed]);
    const { counts } = await load.stop();
    await load.end();
    const status = await gateway.status();
    const stored = status.number('buffer.waitingRecords');
    await gateway.end();
    if (stored !== counts.acknowledged) {
      throw new Error(`${counts.acknowledged} messages were acknowledged, but ${stored} records wait`);
    }
    return { folder, records: stored, bytes: status.number('buffer.waitingBytes') };
  }
}
