import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Aedes, type AedesOptions, type Client, type PublishPacket } from 'aedes';
import type { MqttVersion } from '../support/raw-mqtt.ts';

/** One call of `authorizePublish`, held until the test answers it. */
export interface Asked {
  readonly client: Client;
  readonly packet: PublishPacket;
  readonly answer: (error?: Error | null) => void;
}

export interface BareBroker {
  readonly aedes: Aedes;
  readonly port: number;
  /** Every `authorizePublish` call, in order. */
  readonly asked: Asked[];
  /** Messages of `clientError` and `connectionError`, in order. */
  readonly errors: string[];
  [Symbol.asyncDispose](): Promise<void>;
}

export interface BareOptions extends Partial<AedesOptions> {
  /** Leave `authorizePublish` unanswered until the test does it. Default: answered at once. */
  readonly hold?: boolean;
  /** Runs before aedes sees the socket. */
  readonly onSocket?: (socket: Socket) => void;
  readonly onClient?: (client: Client) => void;
}

/** Aedes on a real socket, with nothing of Headgate around it. */
export async function bareBroker({
  hold = false,
  onSocket,
  onClient,
  ...options
}: BareOptions = {}): Promise<BareBroker> {
  const asked: Asked[] = [];
  const errors: string[] = [];
  const aedes = await Aedes.createBroker({
    authorizePublish: (client, packet, callback) => {
      const answer = (error?: Error | null) => callback(error ?? null);
      asked.push({ client: client as Client, packet, answer });
      if (!hold) answer();
    },
    ...options,
  });
  aedes.on('clientError', (_client, error) => errors.push(error.message));
  aedes.on('connectionError', (_client, error) => errors.push(error.message));
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    onSocket?.(socket);
    const client = aedes.handle(socket);
    onClient?.(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    aedes,
    port: (server.address() as AddressInfo).port,
    asked,
    errors,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await new Promise<void>((resolve) => aedes.close(resolve));
    },
  };
}

/** A PUBLISH; the packet id is left out for QoS 0. */
export function publish(
  qos: 0 | 1 | 2,
  messageId: number,
  more: Partial<{ topic: string; payload: string | Buffer; dup: boolean; retain: boolean; properties: object }> = {},
) {
  const packet = {
    cmd: 'publish' as const,
    topic: 't',
    payload: `${messageId}`,
    dup: false,
    retain: false,
    qos,
    ...more,
  };
  return qos === 0 ? packet : { ...packet, messageId };
}

export const versions: readonly MqttVersion[] = [3, 4, 5];
