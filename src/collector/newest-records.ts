import type { NatsOptions } from './options.ts';
import { parseSink } from './sink.ts';

/**
 * The newest `last` records of any sink, oldest first, each as one line of JSON without the line break.
 *
 * @throws HeadgateError `config.invalid` for an unknown sink, `data.*` or `sink.failed` when it can't be read
 */
export async function newestRecords(sink: string, last: number, nats?: NatsOptions): Promise<readonly string[]> {
  const address = parseSink(sink);
  if (address.kind === 'nats') {
    const { readNats } = await import('./read-nats.ts');
    return await readNats(address, nats, last);
  }
  const { readRecords } = await import('./read-records.ts');
  return readRecords(sink, last);
}
