import { connectAsync } from 'mqtt';
import { markTopic, monotonicMs, poolSize } from './load-protocol.ts';
import { until } from './wait.ts';

const receivedTopic = '$SYS/broker/publish/messages/received';

/**
 * Counts what a broker got through a bridge, at next to no cost for it: it passes on only the marks, one of
 * {@link poolSize} messages, and a bridge keeps the order. How many messages came in all, Mosquitto tells once a second.
 */
export class Marks {
  readonly #end: () => Promise<void>;
  /** Messages that must have come by now, and when the last mark did. */
  messages = 0;
  atMs = 0;
  #received = 0;

  private constructor(end: () => Promise<void>) {
    this.#end = end;
  }

  static async watch(port: number): Promise<Marks> {
    const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { clientId: 'bench-marks' });
    const marks = new Marks(() => client.endAsync(true));
    client.on('message', (topic, bytes) => {
      if (topic === receivedTopic) {
        marks.#received = Number(bytes.toString());
        return;
      }
      marks.messages += poolSize;
      marks.atMs = monotonicMs();
    });
    await client.subscribeAsync([`${markTopic}/#`, receivedTopic], { qos: 0 });
    return marks;
  }

  /** Waits until `messages` must have come. @throws an Error when they don't */
  async all(messages: number, limitMs: number): Promise<void> {
    await until(`${messages} messages at the far broker`, limitMs, 5, () => this.messages >= messages || undefined);
  }

  /** Waits until the broker itself has counted `messages`. @throws an Error when some were lost on the way */
  async counted(messages: number): Promise<void> {
    await until(`the far broker to count ${messages} messages`, 5_000, 100, () => {
      return this.#received >= messages || undefined;
    });
  }

  async end(): Promise<void> {
    await this.#end();
  }
}
