import { join } from 'node:path';
import { HeadgateError } from '../core/errors.ts';
import type { CollectorOptions, CollectorSettings } from './options.ts';
import { parseSink } from './sink.ts';

/** What a configured collector is told. One whose records go to NATS gets a directory for what it keeps of its own. */
export function collectorSettings(options: CollectorOptions, sink: string, dataDir: string): CollectorSettings {
  if (options.directory !== undefined || parseSink(sink).kind !== 'nats') return { ...options, sink };
  return { ...options, sink, directory: join(dataDir, 'collector') };
}

/** Where the embedded collector writes; undefined when it does not run. */
export function embeddedSink(
  {
    collector,
    uplink,
  }: { readonly collector: Pick<CollectorOptions, 'enabled' | 'sink'>; readonly uplink: { readonly url?: unknown } },
  dataDir: string,
): string | undefined {
  if (!(collector.enabled ?? uplink.url === undefined)) return undefined;
  return collector.sink ?? `sqlite:${join(dataDir, 'collector', 'records.db')}`;
}

/** Where a collector keeps a file of its own: in `collector.directory`, or else beside its records. @throws HeadgateError `config.invalid` */
export function ownFile({ directory, sink }: Pick<CollectorSettings, 'directory' | 'sink'>, name: string): string {
  if (directory !== undefined) return join(directory, name);
  const address = parseSink(sink);
  if (address.kind !== 'nats') return `${address.path}.${name}`;
  throw new HeadgateError(
    'config.invalid',
    'A collector whose records go to NATS has no place of its own: name one with `collector.directory`.',
  );
}
