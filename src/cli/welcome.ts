/** Where a gateway that is ready can be reached. */
export interface Reachable {
  /** `HOST:PORT` of each server that listens. */
  readonly addresses: { readonly mqtt?: string; readonly http?: string; readonly collector?: string };
  /** HTTP is spoken by TLS. */
  readonly isSecure?: boolean;
  /** Where the embedded collector writes; undefined when records go to a collector elsewhere. */
  readonly sink?: string | undefined;
  /** The sink that `collector records` reads when it is told nothing. */
  readonly usualSink: string;
}

const cli = 'npm run -s headgate --';

/** What `run --welcome` prints once the gateway is ready: lines to copy into another terminal, with the real addresses. */
export function welcome({ addresses, isSecure = false, sink, usualSink }: Reachable): string {
  const rows: [string, string][] = [];
  if (addresses.mqtt !== undefined) {
    const { host, port } = reachable(addresses.mqtt);
    const message = `-q 1 -t sensors/kitchen -m '{"temperature": 21.5}'`;
    rows.push(['Publish', `mosquitto_pub -h ${host.replace(/[[\]]/g, '')} -p ${port} ${message}`]);
    const url = `mqtt://${host}:${port}`;
    rows.push(['Simulate', `${cli} demo${url === 'mqtt://127.0.0.1:1883' ? '' : ` --url ${url}`}`]);
  }
  if (sink !== undefined) {
    if (sink === usualSink) rows.push(['Collected', `${cli} collector records`], ['', `(kept in ${sink})`]);
    else rows.push(['Collected', `${cli} collector records --sink ${/^[\w:./-]+$/.test(sink) ? sink : `'${sink}'`}`]);
  }
  if (addresses.http !== undefined) {
    const { host, port } = reachable(addresses.http);
    const url = `http${isSecure ? 's' : ''}://${host}:${port}`;
    rows.push(['Status', `${cli} status${url === 'http://127.0.0.1:8080' ? '' : ` --url ${url}`}`]);
    rows.push(['', `${url}/ in a browser`]);
  }
  const column = Math.max(0, ...rows.map(([name]) => name.length)) + 3;
  return [
    '',
    'Headgate is ready. Try in another terminal:',
    '',
    ...rows.map(([name, line]) => `  ${name.padEnd(column)}${line}`),
    '',
  ].join('\n');
}

/** An address to connect to: a server that listens everywhere is reached on loopback. */
function reachable(address: string): { host: string; port: string } {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon);
  const port = address.slice(colon + 1);
  if (host === '0.0.0.0') return { host: '127.0.0.1', port };
  return { host: host === '[::]' || host === '::' ? '[::1]' : host, port };
}
