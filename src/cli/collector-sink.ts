import type { Config } from '../config/schema.ts';
import { usualSink } from './config-options.ts';

export const sinkOption = {
  sink: { value: 'SINK', about: 'Where records go: sqlite:PATH, file:PATH or nats://HOST:PORT.' },
} as const;

/** The sink in effect: `--sink`, else `collector.sink`, else the database in the data directory. */
export function sinkOf(config: Config, { sink }: { readonly sink: string | undefined }): string {
  return sink ?? config.collector.sink ?? usualSink(config.dataDir);
}
