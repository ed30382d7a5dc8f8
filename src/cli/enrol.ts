import { X509Certificate } from 'node:crypto';
import { resolve } from 'node:path';
import { HeadgateError } from '../core/errors.ts';
import { readSecret } from '../lib/secret-file.ts';
import { identityDirectory } from '../uplink/credentials.ts';
import { enrol } from '../uplink/enrol.ts';
import { helpText, parseArguments, type Usage, wrong } from './arguments.ts';
import { configOf, configOptions } from './config-options.ts';
import type { Terminal } from './terminal.ts';

const usage = {
  verb: 'enrol',
  about:
    'Trades a one-time token of the collector for a certificate, which the uplink shows from its next connection on. A\n' +
    'gateway that runs need not be restarted. May be repeated with the same token when it was broken off.',
  options: {
    ...configOptions,
    url: { value: 'URL', about: 'The collector, https://HOST:PORT; without it, the first of `uplink.url`.' },
    token: { value: 'TOKEN', about: 'What `headgate collector enrol-token` printed.' },
    'token-file': { value: 'FILE', about: 'The file that it is in: other users can see arguments.' },
    ca: { value: 'FILE', about: "The collector's authority (PEM); without it, `uplink.tls.ca`." },
    fingerprint: { value: 'SHA256', about: 'Its fingerprint, where the file is not at hand.' },
    gateway: { value: 'ID', about: 'Its name; without it, `gateway.id`.' },
    json: { about: 'Print what came of it as JSON.' },
  },
} as const satisfies Usage;

/** `headgate enrol`. */
export async function enrolGateway(args: string[], terminal: Terminal): Promise<number> {
  const { values, isHelp } = parseArguments(usage, args);
  if (isHelp) {
    terminal.out(helpText(usage));
    return 0;
  }
  const config = configOf(values, terminal);
  const { tls } = config.uplink;
  const url = values.url ?? config.uplink.url?.[0] ?? '';
  if (!URL.canParse(url) || !url.startsWith('https://'))
    throw wrong(usage, '--url takes the address of a collector with TLS, https://HOST:PORT.');
  const tokenFile = values['token-file'];
  const token = tokenFile === undefined ? values.token : readSecret(tokenFile, '--token-file').trim();
  if (!token) throw wrong(usage, '--token TOKEN or --token-file FILE is needed.');
  const gateway = values.gateway ?? config.gateway.id;
  if (gateway === undefined) {
    throw new HeadgateError(
      'usage.invalid',
      'headgate enrol: name the gateway with --gateway ID, or better with `gateway.id` in its configuration: a certificate is for a name.',
    );
  }
  const ca = values.ca ?? (values.fingerprint === undefined ? tls.ca : undefined);
  const directory = identityDirectory(resolve(config.dataDir));
  const { certificate } = await enrol({
    url,
    token,
    gateway,
    directory,
    trust: {
      ...(ca !== undefined && { ca: readSecret(ca, values.ca === undefined ? 'uplink.tls.ca' : '--ca') }),
      ...(values.fingerprint !== undefined && { fingerprint: values.fingerprint }),
    },
    ...(tls.serverName !== undefined && { serverName: tls.serverName }),
  });
  const until = new Date(new X509Certificate(certificate).validTo).toISOString();
  terminal.out(
    values.json
      ? JSON.stringify({ gateway, url, directory, until }, undefined, 2)
      : `${gateway} is enrolled at ${url} until ${until}; it renews by itself. Its key is in ${directory}.`,
  );
  return 0;
}
