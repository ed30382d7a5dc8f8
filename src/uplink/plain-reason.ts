import { status } from '@grpc/grpc-js';

const network: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ETIMEDOUT: 'it does not answer',
  EHOSTUNREACH: 'that host can not be reached',
  ENETUNREACH: 'that network can not be reached',
  ECONNRESET: 'it broke the connection off',
};

/** What grpc-js says of peers that are no collector, and what that means. */
const strangers: readonly (readonly [said: RegExp, means: string])[] = [
  [/Name resolution failed|ENOTFOUND/, 'the host name is unknown'],
  [
    /Protocol error/,
    "what listens there does not speak HTTP/2: is that the collector's port, and does it want https instead of http, or the reverse?",
  ],
  [/Failed to connect/, "it closes the connection at once: is that the collector's port?"],
  [/Stream refused by server/, "it refuses the stream: is that the collector's port?"],
  [
    /Received HTTP status code (\d+)/,
    "a web server or proxy answers there, with status $1: is that the collector's port?",
  ],
  [/does not implement the method/, "a gRPC server answers there, but no collector: is that the collector's port?"],
];

/** grpc-js wraps what the network said in words about resolvers and back-off: here is what it means. */
export function plainReason(details: string, code?: status): string {
  const found =
    /\b(?:connect )?(ECONNREFUSED|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ECONNRESET)\b ?([\w.:[\]]*[\w\]])?/.exec(details);
  if (found !== null) {
    const [, name = '', where = ''] = found;
    return `${network[name]} (${name}${where === '' ? '' : ` ${where}`})`;
  }
  for (const [said, means] of strangers) {
    const match = said.exec(details);
    if (match !== null) return means.replace('$1', match[1] ?? '');
  }
  const plain = details
    .replace(/ ?Resolution note: ?$/, '')
    .replace(/^No connection established\. Last error: (.*?)\.?(?: \(\d{4}-[\dT:.-]+Z\)\.?)?$/s, '$1')
    .trim();
  if (code !== status.INVALID_ARGUMENT) return plain;
  return `${plain} Records wait here until collector and gateway fit together: update the older of the two`;
}
