import { join } from 'node:path';
import type { CollectorSettings } from './options.ts';
import { parseSink } from './sink.ts';

/** Where a collector keeps a file of its own: in `collector.directory`, or else beside its records. */
export function ownFile({ directory, sink }: Pick<CollectorSettings, 'directory' | 'sink'>, name: string): string {
  return directory === undefined ? `${parseSink(sink).path}.${name}` : join(directory, name);
}
