import { HeadgateError } from '../core/errors.ts';

/** Where a NATS server, or a cluster of them, is found, and who we are there. */
export interface NatsAddress {
  readonly kind: 'nats';
  /** `host:port` each; which of them answers does not matter. At least one. */
  readonly servers: readonly string[];
  /** Whether the address asked for TLS. A server may ask for it anyway. */
  readonly isEncrypted: boolean;
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
}

const usualPort = 4222;

/**
 * `nats://HOST:PORT`, or `tls://…`, several with commas between them. The first that names a user, or a token, names it
 * for all: `nats://user:password@host`, `nats://token@host`.
 *
 * @throws HeadgateError `config.invalid`; its message holds no secret
 */
export function parseNats(text: string): NatsAddress {
  const urls = text.split(',').map((part) => parseUrl(part.trim()));
  const { username = '', password = '' } = urls.find((url) => url.username !== '') ?? {};
  const servers = urls.map(({ hostname, port }) => `${hostname}:${port || usualPort}`);
  const address: NatsAddress = { kind: 'nats', servers, isEncrypted: urls.some(({ protocol }) => protocol === 'tls:') };
  if (username === '') return address;
  if (password === '') return { ...address, token: decodeURIComponent(username) };
  return { ...address, user: decodeURIComponent(username), password: decodeURIComponent(password) };
}

/** The address without user, password and token: for logs and for people. */
export function natsText({ servers, isEncrypted }: NatsAddress): string {
  return servers.map((server) => `${isEncrypted ? 'tls' : 'nats'}://${server}`).join(',');
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isAddress = url !== undefined && /^(nats|tls):$/.test(url.protocol) && url.hostname !== '';
  if (isAddress && /^\/?$/.test(url.pathname) && url.search === '' && url.hash === '') return url;
  throw new HeadgateError(
    'config.invalid',
    `"${text.replace(/\/\/[^@]*@/, '//…@')}" is no address of a NATS server: write \`nats://HOST:PORT\` or \`tls://HOST:PORT\`, with \`USER:PASSWORD@\` before HOST where one is needed, and commas between several.`,
  );
}
