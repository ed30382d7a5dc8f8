import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Ending } from './connection.ts';

/** How long each question may go unanswered. */
const patienceMs = 1_000;

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/**
 * What is the matter with something that took a connection and does not speak HTTP/2 in plaintext. It is asked in the two
 * languages that it may speak instead.
 *
 * @returns undefined when it speaks neither
 */
export async function whoIsThere(endpoint: Endpoint): Promise<Ending | undefined> {
  const where = `${endpoint.host}:${endpoint.port}`;
  if (await speaksTls(endpoint)) {
    return { kind: 'rejected', reason: `what listens at ${where} speaks TLS: its address has to begin with https://` };
  }
  if (await speaksHttp1(endpoint)) {
    return {
      // A proxy may say so as long as there is no collector behind it.
      kind: 'lost',
      reason: `what listens at ${where} does not speak HTTP/2 but HTTP/1, so it is no collector: check \`uplink.url\``,
    };
  }
  return undefined;
}

function speaksTls(endpoint: Endpoint): Promise<boolean> {
  // It is only asked which language it speaks; nothing is told to it.
  const socket = connectTls({ ...endpoint, rejectUnauthorized: false });
  return asked(socket, (done) => socket.once('secureConnect', () => done(true)));
}

function speaksHttp1(endpoint: Endpoint): Promise<boolean> {
  const socket = connectTcp(endpoint);
  return asked(socket, (done) => {
    socket.write(`GET / HTTP/1.1\r\nhost: ${endpoint.host}\r\nconnection: close\r\n\r\n`);
    socket.once('data', (bytes: Buffer) => done(bytes.toString('latin1').startsWith('HTTP/1')));
  });
}

function asked(socket: Socket, ask: (done: (answer: boolean) => void) => void): Promise<boolean> {
  return new Promise((resolve) => {
    const done = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(patienceMs, () => done(false));
    socket.on('error', () => done(false));
    socket.on('close', () => done(false));
    ask(done);
  });
}
