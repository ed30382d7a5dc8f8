import { randomBytes } from 'node:crypto';
import { RawMqtt } from '../support/raw-mqtt.ts';

/** Sends large numbered messages of one topic with QoS 1 over one connection, and keeps account of their PUBACKs. */
export class Flood {
  readonly topic: string;
  readonly acknowledged = new Set<number>();
  sent = 0;
  #client: RawMqtt | undefined;

  constructor(topic: string) {
    this.topic = topic;
  }

  /**
   * Sends `count` more, 20 at a time without an acknowledgement.
   * @returns whether all were acknowledged; false when none has come for `patienceMs`
   */
  async send(port: number, count: number, patienceMs = 10_000): Promise<boolean> {
    this.#client ??= await RawMqtt.connect(port, `flood-${this.topic.replaceAll('/', '-')}`);
    const end = this.sent + count;
    while (this.acknowledged.size < end) {
      while (this.sent < end && this.sent - this.acknowledged.size < 20) this.#publish(this.#client, this.sent++);
      if (!(await this.acknowledgements(patienceMs))) return false;
    }
    return true;
  }

  /** Takes the acknowledgements that have come, or come in time. @returns whether there were any */
  async acknowledgements(patienceMs: number): Promise<boolean> {
    const before = this.acknowledged.size;
    const isOpen = await this.#client!.someArrived(patienceMs).catch(() => false);
    for (const packet of this.#client!.inbox.splice(0)) {
      if (packet.cmd === 'puback') this.acknowledged.add((packet.messageId ?? 0) - 1);
    }
    return isOpen && this.acknowledged.size > before;
  }

  #publish(client: RawMqtt, index: number): void {
    const payload = JSON.stringify({ n: index, filling: randomBytes(3_000).toString('base64') });
    client.send({
      cmd: 'publish',
      topic: this.topic,
      qos: 1,
      messageId: index + 1,
      payload,
      dup: false,
      retain: false,
    });
  }
}
