import { connect, type Socket } from 'node:net';
import { generate, type IConnackPacket, type IConnectPacket, type Packet, type Parser, parser } from 'mqtt-packet';
import { within } from './wait.ts';

export type MqttVersion = 3 | 4 | 5;
type CommandOf<C extends Packet['cmd']> = Extract<Packet, { cmd: C }>;

/** A CONNECT that does no more than it must: clean session, no keepalive. */
export function connectPacket(
  clientId: string,
  version: MqttVersion = 4,
  more: Partial<IConnectPacket> = {},
): IConnectPacket {
  return {
    cmd: 'connect',
    protocolId: version === 3 ? 'MQIsdp' : 'MQTT',
    protocolVersion: version,
    clean: true,
    keepalive: 0,
    clientId,
    ...more,
  };
}

/**
 * One TCP connection that speaks MQTT packet by packet and does nothing of its own accord: no acknowledgement, no
 * ping, no second try. So a test decides, and sees, every packet.
 */
export class RawMqtt {
  readonly socket: Socket;
  /** What came and was not taken yet, in order. */
  readonly inbox: Packet[] = [];
  /** Every command that ever came, in order. */
  readonly commands: string[] = [];
  /** Settled when the connection is gone, whoever ended it. */
  readonly closed: Promise<void>;
  #version: MqttVersion = 4;
  #wake: (() => void) | undefined;
  #isClosed = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    let incoming: Parser | undefined;
    socket.on('data', (data) => {
      // Not before the first bytes come: by then CONNECT is written and the version known.
      incoming ??= this.#newParser();
      incoming.parse(data);
    });
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#isClosed = true;
        this.#wake?.();
        resolve();
      });
    });
    // A reset is one of the ways in which a connection ends; `closed` tells.
    socket.on('error', () => {});
  }

  #newParser(): Parser {
    const incoming = parser({ protocolVersion: this.#version });
    incoming.on('packet', (packet) => {
      this.inbox.push(packet);
      this.commands.push(packet.cmd);
      this.#wake?.();
    });
    // Hostile tests speak one version and are answered in another: what can't be read ends the connection.
    incoming.on('error', (error: Error) => {
      this.commands.push(`unreadable (${error.message})`);
      this.socket.destroy();
    });
    return incoming;
  }

  static async open(port: number, host = '127.0.0.1'): Promise<RawMqtt> {
    const socket = connect({ port, host, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new RawMqtt(socket);
  }

  /** Opens, says CONNECT, and waits for CONNACK. */
  static async connect(
    port: number,
    clientId: string,
    version: MqttVersion = 4,
    more: Partial<IConnectPacket> = {},
  ): Promise<RawMqtt & { connack: IConnackPacket }> {
    const client = await RawMqtt.open(port);
    client.send(connectPacket(clientId, version, more));
    const connack = await client.take('connack');
    return Object.assign(client, { connack });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Writes the packets in one piece, so that they (on loopback, when small) arrive in one read. */
  send(...packets: Packet[]): void {
    for (const packet of packets) {
      if (packet.cmd === 'connect') this.#version = (packet.protocolVersion ?? 4) as MqttVersion;
    }
    this.sendBytes(Buffer.concat(packets.map((packet) => generate(packet, { protocolVersion: this.#version }))));
  }

  sendBytes(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  /**
   * The next packet of this kind, leaving others in the inbox.
   *
   * @throws an Error with what came instead, after `timeoutMs` or when the connection ends
   */
  async take<C extends Packet['cmd']>(cmd: C, timeoutMs = 3_000): Promise<CommandOf<C>> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const index = this.inbox.findIndex((packet) => packet.cmd === cmd);
      if (index !== -1) return this.inbox.splice(index, 1)[0] as CommandOf<C>;
      if (this.#isClosed) throw new Error(`the connection ended before ${cmd}; came: ${this.commands.join(' ')}`);
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await within(Math.max(1, deadline - performance.now()), `${cmd} (came: ${this.commands.join(' ')})`, woken);
    }
  }

  /** Waits until something is in the inbox; false when the connection ended, though something may have come before. */
  async someArrived(timeoutMs: number): Promise<boolean> {
    if (this.inbox.length === 0 && !this.#isClosed) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await within(timeoutMs, 'any packet', woken);
    }
    return !this.#isClosed;
  }

  /** Takes `count` packets of this kind. */
  async takeMany<C extends Packet['cmd']>(cmd: C, count: number, timeoutMs = 5_000): Promise<CommandOf<C>[]> {
    const taken: CommandOf<C>[] = [];
    while (taken.length < count) taken.push(await this.take(cmd, timeoutMs));
    return taken;
  }

  /** A PINGREQ and its answer: what the broker handles in order has been handled by then. */
  async ping(): Promise<void> {
    this.send({ cmd: 'pingreq' });
    await this.take('pingresp');
  }

  async ended(timeoutMs = 3_000): Promise<void> {
    await within(timeoutMs, `the end of the connection (came: ${this.commands.join(' ')})`, this.closed);
  }

  /** Ends without DISCONNECT, as a power cut does, but for the FIN. */
  async drop(): Promise<void> {
    this.socket.destroy();
    await this.closed;
  }
}
