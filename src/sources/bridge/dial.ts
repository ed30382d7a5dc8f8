import { createRequire } from 'node:module';
import { isIP, connect as netConnect, type Socket, type TcpNetConnectOpts } from 'node:net';
import { Readable } from 'node:stream';
import { connect as tlsConnect } from 'node:tls';
import type { IClientOptions, MqttClient } from 'mqtt';
import { HeadgateError } from '../../core/errors.ts';
import { lazy } from '../../lib/lazy.ts';
import { readSecret } from '../../lib/secret-file.ts';
import type { BridgeOptions } from './options.ts';

/** The library, loaded for the first bridge: a gateway without one does without its 20 MB. */
const mqtt = lazy(() => createRequire(import.meta.url)('mqtt') as typeof import('mqtt'));

/**
 * A client for one connection: it connects once, and neither connects nor subscribes again by itself. Its session at the broker
 * outlives it. Files with secrets are read now.
 *
 * @throws {HeadgateError} config.invalid, config.unreadable
 */
export function dial(options: BridgeOptions, clientId: string): MqttClient {
  const { url, protocol, username, keepalive, connectTimeout, sessionExpiry, maxInFlight, maxPacketSize } = options;
  const password = passwordOf(options);
  const isTls = /^(mqtts|wss):/.test(url);
  const settings: IClientOptions = {
    clientId,
    clean: false,
    protocolVersion: protocol === 5 ? 5 : 4,
    keepalive: Math.max(1, Math.round(keepalive / 1_000)),
    connectTimeout,
    reconnectPeriod: 0,
    resubscribe: false,
    manualConnect: true,
    incomingStore: nothingStored as IClientOptions['incomingStore'] & object,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(isTls && tlsOf(options)),
    wsOptions: {
      createConnection: (how: object) => {
        const socket = connectSocket(how, isTls, options.tls.serverName);
        sockets.set(client, socket);
        return socket;
      },
    },
    ...(protocol === 5 && {
      properties: {
        sessionExpiryInterval: Math.round(sessionExpiry / 1_000),
        receiveMaximum: maxInFlight,
        maximumPacketSize: packetBytes(maxPacketSize),
      },
    }),
  };
  // MQTT.js makes the socket when it is told to connect.
  const client: MqttClient = mqtt().connect(url, settings);
  return client;
}

/** The sockets under WebSockets, of which MQTT.js tells nothing. */
const sockets = new WeakMap<MqttClient, Socket>();

/** The socket of a client that is connected. */
export function socketOf(client: MqttClient): Partial<Socket> {
  return sockets.get(client) ?? (client.stream as unknown as Partial<Socket>);
}

/** As `ws` does it, which has no way to say for which name the certificate has to be. */
function connectSocket(how: object, isTls: boolean, serverName: string | undefined): Socket {
  // The path of the URL; for a socket it would be that of a file.
  const options = { ...(how as TcpNetConnectOpts), path: undefined };
  if (!isTls) return netConnect(options);
  const { host = '' } = options;
  return tlsConnect({ ...options, servername: serverName ?? (isIP(host) === 0 ? host : '') });
}

type Stored = (error?: Error) => void;

/** What came with QoS 2 was taken in before its PUBREC: there is nothing left to keep for its PUBREL. */
const nothingStored = {
  put(_packet: unknown, done: Stored) {
    done();
    return this;
  },
  get(_packet: unknown, done: Stored) {
    done(new Error('nothing is kept'));
    return this;
  },
  del(_packet: unknown, done: Stored) {
    done();
    return this;
  },
  createStream: () => Readable.from([]),
  close(done: Stored) {
    done();
  },
};

/** A packet has a topic, and in MQTT 5 properties, around its payload. */
function packetBytes(payloadBytes: number): number {
  return Math.min(payloadBytes + 128 * 1024, 268_435_455);
}

function passwordOf({ name, url, password, passwordFile, username }: BridgeOptions): string | undefined {
  if (username !== undefined && password === undefined && passwordFile === undefined) return undefined;
  const found = passwordFile === undefined ? password : readSecret(passwordFile, `bridges.${name}.passwordFile`).trim();
  if (found === '')
    throw new HeadgateError('config.unreadable', `\`bridges.${name}.passwordFile\`, for ${url}, is an empty file.`);
  return found;
}

function tlsOf({ name, tls }: BridgeOptions): IClientOptions {
  const read = (file: string | undefined, key: string) =>
    file === undefined ? undefined : readSecret(file, `bridges.${name}.tls.${key}`);
  const ca = read(tls.ca, 'ca');
  const cert = read(tls.certificate, 'certificate');
  const key = read(tls.key, 'key');
  return {
    rejectUnauthorized: true,
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(tls.serverName !== undefined && { servername: tls.serverName }),
  };
}
