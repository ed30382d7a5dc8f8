import type { Socket } from 'node:net';
import type { AedesPublishPacket, Client, PublishPacket } from 'aedes';
import { messageOf } from '../../core/errors.ts';
import type { Deliver, Receipt } from '../../core/message.ts';
import type { Log } from '../../lib/log.ts';
import type { Tally } from '../../lib/tally.ts';
import { markAnswered } from './aedes-guard.ts';
import type { Link } from './link.ts';
import type { PacketInspector } from './packet-fault.ts';
import type { ClientWindow } from './redelivery.ts';
import type { RefusedReason } from './refused.ts';
import type { SessionStore } from './sessions.ts';

/** MQTT 5.0 § 2.4: DISCONNECT reason codes that we send. */
const reasonCode = { serverBusy: 0x89 };

export interface IntakeDependencies {
  readonly deliver: Deliver;
  readonly inspector: PacketInspector;
  readonly sessions: SessionStore;
  readonly refused: Tally<RefusedReason>;
  readonly log: Log;
  /** What belongs to a client's connection; undefined for one that is gone. */
  readonly linkOf: (client: Client) => Link | undefined;
  /** Whether anybody who is connected listens to a topic. */
  readonly hasListeners: (topic: string) => boolean;
  /** Keeps a message for those who will want it, and passes it on to those who listen; aedes' own `publish`. */
  readonly publish: (packet: PublishPacket, client: Client, done: (error?: Error | null) => void) => void;
}

/** What ends the connection of a client whose message was not taken. It is counted already. */
export class NotTaken extends Error {}

/** Lets the PUBACK or PUBREC go out, or ends the connection. */
type Done = (error?: Error | null) => void;

/** A QoS 1 or 2 message on its way in. */
interface Incoming {
  readonly client: Client;
  readonly link: Link;
  readonly window: ClientWindow;
  readonly packet: PublishPacket;
  readonly packetId: number;
  readonly digest: number;
}

/**
 * The way of a PUBLISH or a will into the flow. It runs before aedes acknowledges, stores or passes on anything, and an
 * acknowledgement goes out when all that it stands for is durable: the record, and for those who will want the message
 * here, their copy of it.
 */
export class Intake {
  readonly #deps: IntakeDependencies;
  readonly #wills = new Set<Promise<unknown>>();
  #duplicates = 0;

  constructor(deps: IntakeDependencies) {
    this.#deps = deps;
  }

  /** QoS 1 and 2 messages that came again and were not taken in again. */
  get duplicates(): number {
    return this.#duplicates;
  }

  /** What aedes asks as `authorizePublish`. */
  take(client: Client | null, packet: PublishPacket, done: Done): void {
    const fault = this.#deps.inspector.faultOf(packet);
    if (fault !== undefined) {
      this.#refuseFaulty(client, packet, fault, done);
      return;
    }
    const link = client === null ? undefined : this.#deps.linkOf(client);
    const { messageId } = packet as { messageId?: number };
    // A will has no packet id: it comes from us, once.
    if (client === null || link === undefined || packet.qos === 0 || messageId === undefined) {
      this.#takeUnnumbered(client, link, packet, done);
      return;
    }
    const incoming: Incoming = {
      client,
      link,
      window: link.windowOf(client.id),
      packet,
      packetId: messageId,
      digest: this.#deps.inspector.digestOf(packet),
    };
    link.throttle.began();
    if (packet.qos === 1) this.#takeOnceOrMore(incoming, done);
    else this.#takeOnce(incoming, done);
  }

  /** A will whose client was connected when the gateway died. Never rejects. */
  async publishWill(will: AedesPublishPacket): Promise<void> {
    await new Promise<void>((resolve) => {
      this.take(null, { ...will, cmd: undefined } as unknown as PublishPacket, (error) => {
        if (error) resolve();
        else this.#deps.publish(will, null as unknown as Client, () => resolve());
      });
    });
  }

  /** Settled when every will that is on its way has been taken in. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#wills);
  }

  #takeUnnumbered(client: Client | null, link: Link | undefined, packet: PublishPacket, done: Done): void {
    const { topic, qos } = packet;
    const outcome = this.#deps.deliver({ source: 'mqtt', topic, payload: bytesOf(packet), mqttQos: qos });
    link?.throttle.began();
    const settled = outcome.then(
      () => {
        link?.throttle.ended();
        if (link !== undefined && !this.#isForOthers(packet)) markAnswered(packet);
        done(null);
      },
      (error) => this.#refuse(client, packet, error, done),
    );
    if (packet.cmd !== undefined) return;
    this.#wills.add(settled);
    settled.finally(() => this.#wills.delete(settled));
  }

  /** QoS 1. Nearly every message of a gateway is for the collector alone: it is done with once it is acknowledged. */
  #takeOnceOrMore(incoming: Incoming, done: Done): void {
    const { window, packet, packetId, digest } = incoming;
    const known = packet.dup ? window.find(packetId, digest) : undefined;
    switch (known?.state) {
      case undefined:
        this.#deliver(incoming).then(
          () => this.#passOnAndAcknowledge(incoming, done),
          (error) => {
            window.forget(packetId);
            this.#refuse(incoming.client, packet, error, done);
          },
        );
        return;
      case 'under-way': {
        const again = (): void => this.#takeOnceOrMore(incoming, done);
        // Whatever became of the first one, it is known by now; when it was not taken in, this one is.
        known.outcome.then(again, again);
        return;
      }
      case 'taken':
        this.#duplicates++;
        this.#passOnAndAcknowledge(incoming, done);
        return;
      case 'acknowledged':
        this.#duplicates++;
        this.#acknowledge(incoming, done);
        return;
    }
  }

  #passOnAndAcknowledge(incoming: Incoming, done: Done): void {
    const { client, window, packet, packetId, digest } = incoming;
    if (!this.#isForOthers(packet)) {
      this.#acknowledge(incoming, done);
      return;
    }
    // aedes would acknowledge first, then keep it for those who are away, and not even that when its sender is gone.
    const passedOn = this.#passOn(incoming);
    window.waitFor(packetId, digest, passedOn);
    passedOn.then(
      () => this.#acknowledge(incoming, done),
      (error) => {
        window.taken(packetId, digest);
        this.#refuse(client, packet, error, done);
      },
    );
  }

  /** Says PUBACK, and to aedes that nothing is left to be done. */
  #acknowledge({ link, window, packet, packetId, digest }: Incoming, done: Done): void {
    link.throttle.ended();
    window.acknowledged(packetId, digest, link.isOpen);
    link.throttle.puback(packetId);
    markAnswered(packet);
    done(null);
  }

  /** QoS 2. What is done with when this says so is only acknowledged by aedes, which takes it for a copy. */
  #takeOnce(incoming: Incoming, done: Done): void {
    const { client, link, packet } = incoming;
    const { isNew, taken } = this.#deps.sessions.takeOnce(client.id, incoming, packet.dup, () =>
      this.#takeAll(incoming),
    );
    if (!isNew) this.#duplicates++;
    taken.then(
      () => {
        link.throttle.ended();
        done(null);
      },
      (error) => this.#refuse(client, packet, error, done),
    );
  }

  async #takeAll(incoming: Incoming): Promise<void> {
    const { client, link, window, packet, packetId, digest } = incoming;
    // Its session may have forgotten what the process, or the disk, still knows.
    const known = packet.dup ? window.find(packetId, digest) : undefined;
    if (known?.state === 'under-way') {
      // Whatever became of the first one, it is known by then.
      await known.outcome.catch(() => {});
      return await this.#takeAll(incoming);
    }
    if (known !== undefined) this.#duplicates++;
    else await this.#deliverOrForget(incoming);
    // Not durable yet, and it need not be: the record's own delivery key is. But where passing on puts copies on the
    // shelf, it goes there together with them, so that they are not put there twice.
    if (!client.clean) this.#deps.sessions.keepOpen(client.id, packetId);
    if (known?.state !== 'acknowledged' && this.#isForOthers(packet)) {
      const passedOn = this.#passOn(incoming);
      window.waitFor(packetId, digest, passedOn);
      await passedOn.catch((error) => {
        window.taken(packetId, digest);
        throw error;
      });
    }
    window.acknowledged(packetId, digest, link.isOpen);
  }

  async #deliverOrForget(incoming: Incoming): Promise<void> {
    try {
      await this.#deliver(incoming);
    } catch (error) {
      incoming.window.forget(incoming.packetId);
      throw error;
    }
  }

  #deliver({ client, window, packet, packetId, digest }: Incoming): Promise<Receipt> {
    const { topic, qos } = packet;
    const delivery = { client: client.id, packetId, digest };
    const receipt = this.#deps.deliver({ source: 'mqtt', topic, payload: bytesOf(packet), mqttQos: qos, delivery });
    window.begin(packetId, digest, receipt);
    return receipt;
  }

  /** Settled when all copies that have to be durable are. */
  #passOn({ client, packet }: Incoming): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#deps.publish(packet, client, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Somebody here listens, or will want it later: the broker has more to do than to acknowledge. */
  #isForOthers({ topic, retain }: PublishPacket): boolean {
    return retain || this.#deps.hasListeners(topic) || this.#deps.sessions.wants(topic);
  }

  /** What MQTT forbids ends the connection in every version; it is not stored, and not acknowledged. */
  #refuseFaulty(client: Client | null, packet: PublishPacket, fault: string, done: Done): void {
    this.#deps.refused.add('protocol-error');
    // A will comes when its connection is over already: aedes has to hear of it, to forget it.
    if (client === null || packet.cmd === undefined) done(new Error(fault));
    else (client.conn as Socket).destroy();
  }

  /**
   * No receipt, so no acknowledgement: the connection ends, and the client sends the message again on its next one.
   * An MQTT 5 client is told that the server is busy; a PUBACK with an error code would make it give the message up.
   */
  #refuse(client: Client | null, packet: PublishPacket, error: unknown, done: Done): void {
    this.#deps.refused.add('not-taken');
    this.#deps.log.debug({ client: client?.id, reason: messageOf(error) }, 'A message was not taken.');
    // A will's client is gone already.
    if (client?.version === 5 && packet.cmd !== undefined) client.disconnect({ reasonCode: reasonCode.serverBusy });
    else done(new NotTaken(messageOf(error), { cause: error }));
  }
}

function bytesOf({ payload }: PublishPacket): Uint8Array {
  return typeof payload === 'string' ? Buffer.from(payload) : payload;
}
