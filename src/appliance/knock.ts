import { connect } from 'node:net';

const usualPatienceMs = 5_000;
/** CONNECT of MQTT 3.1.1 (§3.1): a clean session, ten seconds of keepalive, client id `headgate-gate`. */
const clientId = Buffer.from('headgate-gate');
const hello = Buffer.concat([
  Buffer.from([0x10, 12 + clientId.length, 0, 4]),
  Buffer.from('MQTT'),
  Buffer.from([4, 2, 0, 10, 0, clientId.length]),
  clientId,
]);
const goodbye = Buffer.from([0xe0, 0]);
/** The first byte of a CONNACK (§3.2), whatever it says: who asks for a password answers too. */
const connack = 0x20;

/**
 * Whether a broker answers, on this machine.
 * @param address where it listens, as `HOST:PORT`
 * @returns undefined: it does; otherwise what it does instead, as the end of a sentence
 */
export function knock(address: string, patienceMs = usualPatienceMs): Promise<string | undefined> {
  const at = address.lastIndexOf(':');
  const host = address.slice(0, at).replace(/^\[|\]$/g, '');
  const isEverywhere = host === '::' || host === '0.0.0.0';
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const socket = connect({ host: isEverywhere ? '127.0.0.1' : host, port: Number(address.slice(at + 1)) });
  const end = (problem: string | undefined): void => {
    resolve(problem);
    socket.destroy();
  };
  socket.setTimeout(patienceMs, () => end('does not answer'));
  socket.on('error', (error) => end(`can't be connected to (${error.message})`));
  socket.on('close', () => end('ends the connection'));
  socket.once('data', ([first]) => {
    if (first !== connack) return end('answers something else');
    socket.end(goodbye);
    resolve(undefined);
  });
  socket.write(hello);
  return promise;
}
