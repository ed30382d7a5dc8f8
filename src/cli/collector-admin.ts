import { AdminClient } from '../collector/admin/client.ts';
import { collectorSettings, ownFile } from '../collector/own-file.ts';
import type { Config } from '../config/schema.ts';
import { HeadgateError, messageOf } from '../core/errors.ts';
import { readIfThere } from '../lib/private-file.ts';
import { sinkOf, sinkOption } from './collector-sink.ts';
import { configOf, configOptions } from './config-options.ts';
import type { Terminal } from './terminal.ts';

/** The options of every verb that asks a running collector. */
export const adminOptions = {
  ...configOptions,
  ...sinkOption,
  url: { value: 'URL', about: "The collector's address; without it, that of the configuration." },
  'token-file': { value: 'FILE', about: 'The file with the admin token; without it, that of the configuration.' },
} as const;

interface AdminValues {
  readonly config: string | undefined;
  readonly set: readonly string[];
  readonly sink: string | undefined;
  readonly url: string | undefined;
  readonly 'token-file': string | undefined;
}

/**
 * Asks the collector that the configuration, or the options, name.
 *
 * @throws {HeadgateError} collector.unreachable, collector.refused; config.unreadable without a token
 */
export async function withAdmin<T>(
  values: AdminValues,
  terminal: Terminal,
  work: (admin: AdminClient) => Promise<T>,
): Promise<T> {
  const config = configOf(values, terminal);
  const sink = sinkOf(config, values);
  const path =
    values['token-file'] ??
    config.collector.admin.tokenFile ??
    ownFile(collectorSettings(config.collector, sink, config.dataDir), 'admin-token');
  const admin = new AdminClient({ url: values.url ?? urlOf(config), token: tokenIn(path) });
  try {
    return await work(admin);
  } finally {
    admin.close();
  }
}

function urlOf({ collector: { host, port } }: Config): string {
  const dialled = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${dialled.includes(':') ? `[${dialled}]` : dialled}:${port}`;
}

function tokenIn(path: string): string {
  let reason = 'there is none: a collector makes it at its first start';
  try {
    const token = readIfThere(path)?.trim();
    if (token) return token;
  } catch (error) {
    reason = messageOf(error);
  }
  throw new HeadgateError('config.unreadable', `The collector's admin token ${path} can't be read: ${reason}.`);
}
