import type { AedesPublishPacket, Client, PublishPacket } from 'aedes';
import { messageOf } from '../../core/errors.ts';
import type { Take } from '../../core/message.ts';
import type { Log } from '../../lib/log.ts';
import type { Tally } from '../../lib/tally.ts';
import { markAnswered } from './aedes-guard.ts';
import { type Done, Incoming, type IncomingEvents, taken, Unnumbered } from './incoming.ts';
import type { Link } from './link.ts';
import type { PacketInspector } from './packet-fault.ts';
import { disconnectCodeOf, refusalCodeOf } from './reason-codes.ts';
import type { RefusedReason } from './refused.ts';
import type { SessionStore } from './sessions.ts';

export interface IntakeDependencies {
  readonly take: Take;
  readonly inspector: PacketInspector;
  readonly sessions: SessionStore;
  readonly refused: Tally<RefusedReason>;
  readonly log: Log;
  /** What belongs to a client's connection; undefined for one that is gone. */
  readonly linkOf: (client: Client) => Link | undefined;
  /** Ends a connection; an MQTT 5 client is told why. */
  readonly refuse: (client: Client, code: number, why: string) => void;
  /** Keeps a message for those who will want it, and passes it on to those who listen; aedes' own `publish`. */
  readonly publish: (packet: PublishPacket, client: Client, done: (error?: Error | null) => void) => void;
}

/** What ends the connection of a client whose message was not taken. It is counted already. */
export class NotTaken extends Error {}

/**
 * The way of a PUBLISH or a will into the flow. It runs before aedes acknowledges, stores or passes on anything, and an
 * acknowledgement goes out when all that it stands for is durable: the record, and for those who will want the message
 * here, their copy of it.
 */
export class Intake {
  readonly #deps: IntakeDependencies;
  readonly #events: IncomingEvents;
  readonly #wills = new Set<Promise<unknown>>();
  #duplicates = 0;

  constructor(deps: IntakeDependencies) {
    this.#deps = deps;
    this.#events = {
      taken: (incoming) => this.#passOnAndAcknowledge(incoming),
      refused: (incoming, error) => {
        incoming.window.forget(incoming.packetId);
        this.#refuse(incoming.sender, incoming.packet, error, incoming.done);
      },
      unnumberedTaken: (message) => this.#unnumberedTaken(message),
      unnumberedRefused: ({ sender, packet, done }, error) => this.#refuse(sender, packet, error, done),
    };
  }

  /** QoS 1 and 2 messages that came again and were not taken in again. */
  get duplicates(): number {
    return this.#duplicates;
  }

  /** Whether there is nothing to be done for a PUBLISH but to take it in: with QoS 1 it is acknowledged from here. */
  isPlain({ qos, topic }: PublishPacket): boolean {
    return qos === 1 && this.#deps.inspector.isGood(topic);
  }

  /** What aedes asks as `authorizePublish`. */
  take(client: Client | null, packet: PublishPacket, done: Done): void {
    const fault = this.#deps.inspector.faultOf(packet);
    if (fault !== undefined) {
      this.#refuseFaulty(client, packet, fault, done);
      return;
    }
    const link = client === null ? undefined : this.#deps.linkOf(client);
    link?.published(packet.payload.length);
    const { messageId } = packet as { messageId?: number };
    // A will has no packet id: it comes from us, once.
    if (client === null || link === undefined || packet.qos === 0 || messageId === undefined) {
      this.#takeUnnumbered(client, link, packet, done);
      return;
    }
    const digest = this.#deps.inspector.digestOf(packet);
    const incoming = new Incoming(this.#events, client, link, packet, messageId, digest, done);
    link.throttle.began();
    if (packet.qos === 1) this.#takeOnceOrMore(incoming);
    else this.#takeOnce(incoming);
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
    link?.throttle.began();
    if (packet.cmd !== undefined) {
      const message = new Unnumbered(this.#events, client, link, packet, done);
      this.#deps.take(message, message);
      return;
    }
    const will = new Promise<void>((resolve) => {
      const settled: Done = (error) => {
        done(error);
        resolve();
      };
      const message = new Unnumbered(this.#events, client, link, packet, settled);
      this.#deps.take(message, message);
    });
    this.#wills.add(will);
    will.finally(() => this.#wills.delete(will));
  }

  #unnumberedTaken({ link, packet, done }: Unnumbered): void {
    link?.throttle.ended();
    if (link !== undefined && !this.#isForOthers(packet)) markAnswered(packet);
    done(null);
  }

  /** QoS 1. Nearly every message of a gateway is for the collector alone: it is done with once it is acknowledged. */
  #takeOnceOrMore(incoming: Incoming): void {
    const { window, packet, packetId, digest } = incoming;
    const known = packet.dup ? window.find(packetId, digest) : undefined;
    switch (known?.state) {
      case undefined:
        window.begin(packetId, digest, incoming);
        this.#deps.take(incoming, incoming);
        return;
      case 'under-way': {
        const again = (): void => this.#takeOnceOrMore(incoming);
        // Whatever became of the first one, it is known by now; when it was not taken in, this one is.
        known.outcome.then(again, again);
        return;
      }
      case 'taken':
        this.#duplicates++;
        this.#passOnAndAcknowledge(incoming);
        return;
      case 'acknowledged':
        this.#duplicates++;
        this.#acknowledge(incoming);
        return;
    }
  }

  #passOnAndAcknowledge(incoming: Incoming): void {
    const { sender, window, packet, packetId, digest, done } = incoming;
    if (!this.#isForOthers(packet)) {
      this.#acknowledge(incoming);
      return;
    }
    // aedes would acknowledge first, then keep it for those who are away, and not even that when its sender is gone.
    const passedOn = this.#passOn(incoming);
    window.waitFor(packetId, digest, passedOn);
    passedOn.then(
      () => this.#acknowledge(incoming),
      (error) => {
        window.taken(packetId, digest);
        this.#refuse(sender, packet, error, done);
      },
    );
  }

  /** Says PUBACK, and to aedes that nothing is left to be done. */
  #acknowledge({ link, window, packet, packetId, digest, done }: Incoming): void {
    link.throttle.ended();
    window.acknowledged(packetId, digest, link.isOpen);
    link.throttle.puback(packetId);
    markAnswered(packet);
    done(null);
  }

  /** QoS 2. What is done with when this says so is only acknowledged by aedes, which takes it for a copy. */
  #takeOnce(incoming: Incoming): void {
    const { sender, client, link, packet, done } = incoming;
    const outcome = this.#deps.sessions.takeOnce(client, incoming, packet.dup, () => this.#takeAll(incoming));
    if (!outcome.isNew) this.#duplicates++;
    outcome.taken.then(
      () => {
        link.throttle.ended();
        done(null);
      },
      (error) => this.#refuse(sender, packet, error, done),
    );
  }

  async #takeAll(incoming: Incoming): Promise<void> {
    const { sender, client, link, window, packet, packetId, digest } = incoming;
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
    if (!sender.clean) this.#deps.sessions.keepOpen(client, packetId);
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
    const { window, packetId, digest } = incoming;
    const outcome = taken(this.#deps.take, incoming);
    window.begin(packetId, digest, { outcome });
    try {
      await outcome;
    } catch (error) {
      window.forget(packetId);
      throw error;
    }
  }

  /** Settled when all copies that have to be durable are. */
  #passOn({ sender, packet }: Incoming): Promise<void> {
    return new Promise((resolve, reject) => {
      // Known before it is put into queues: some do not want what is their own (MQTT 5.0 § 3.8.3.1).
      Object.assign(packet, { clientId: sender.id });
      this.#deps.publish(packet, sender, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Somebody here listens, or will want it later: the broker has more to do than to acknowledge. */
  #isForOthers({ topic, retain }: PublishPacket): boolean {
    return retain || this.#deps.sessions.subscribers.wants(topic);
  }

  /** What MQTT forbids ends the connection in every version; it is not stored, and not acknowledged. */
  #refuseFaulty(client: Client | null, packet: PublishPacket, fault: string, done: Done): void {
    if (client !== null && packet.cmd !== undefined) {
      this.#deps.refuse(client, disconnectCodeOf(fault), fault);
      return;
    }
    this.#deps.refused.add('protocol-error');
    // A will comes when its connection is over already: aedes has to hear of it, to forget it.
    done(new Error(fault));
  }

  /**
   * No receipt, so no acknowledgement: the connection ends, and the client sends the message again on its next one.
   * An MQTT 5 client is told why; a PUBACK with an error code would make it give the message up.
   */
  #refuse(client: Client | null, packet: PublishPacket, error: unknown, done: Done): void {
    this.#deps.refused.add('not-taken');
    this.#deps.log.debug({ client: client?.id, reason: messageOf(error) }, 'A message was not taken.');
    // A will's client is gone already.
    if (client?.version === 5 && packet.cmd !== undefined) client.disconnect({ reasonCode: refusalCodeOf(error) });
    else done(new NotTaken(messageOf(error), { cause: error }));
  }
}
