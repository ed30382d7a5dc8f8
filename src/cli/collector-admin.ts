import { AdminClient } from '../collector/admin/client.ts';
import type { CollectorSettings } from '../collector/options.ts';
import { collectorSettings, ownFile } from '../collector/own-file.ts';
import type { Config } from '../config/schema.ts';
import { HeadgateError, messageOf } from '../core/errors.ts';
import { readIfThere } from '../lib/private-file.ts';
import { readSecret } from '../lib/secret-file.ts';
import { sinkOf, sinkOption } from './collector-sink.ts';
import { configOf, configOptions } from './config-options.ts';
import type { Terminal } from './terminal.ts';

/** The options of every verb that asks a running collector. */
export const adminOptions = {
  ...configOptions,
  ...sinkOption,
  url: { value: 'URL', about: "The collector's address; without it, that of the configuration." },
  ca: { value: 'FILE', about: "The collector's authority (PEM); without it, what the configuration has of it." },
  'token-file': { value: 'FILE', about: 'The file with the admin token; without it, that of the configuration.' },
} as const;

interface AdminValues {
  readonly config: string | undefined;
  readonly set: readonly string[];
  readonly sink: string | undefined;
  readonly url: string | undefined;
  readonly ca?: string | undefined;
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
  const settings = collectorSettings(config.collector, sink, config.dataDir);
  const path = values['token-file'] ?? config.collector.admin.tokenFile ?? ownFile(settings, 'admin-token');
  const url = values.url ?? collectorUrl(config);
  const admin = new AdminClient({ url, token: tokenIn(path), ...trustOf(values.ca, settings) });
  try {
    return await work(admin);
  } finally {
    admin.close();
  }
}

/** By what the collector is known to be the right one, where TLS is spoken. */
function trustOf(ca: string | undefined, settings: CollectorSettings): { ca?: string; certificate?: string } {
  if (ca !== undefined) return { ca: readSecret(ca, '--ca') };
  const { enabled = false, certificate } = settings.tls ?? {};
  if (!enabled) return {};
  if (certificate !== undefined) return { certificate: readSecret(certificate, 'collector.tls.certificate') };
  const authority = readIfThere(ownFile(settings, 'authority.pem'));
  // The key before it is none of our business.
  return authority === undefined ? {} : { ca: authority.slice(authority.indexOf('-----BEGIN CERTIFICATE-----')) };
}

/** Where the collector of a configuration is found on its own machine. */
export function collectorUrl({ collector: { host, port, tls } }: Config): string {
  const dialled = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `${tls.enabled ? 'https' : 'http'}://${dialled.includes(':') ? `[${dialled}]` : dialled}:${port}`;
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
