import { connect, type Socket } from 'node:net';
import { monotonicMs } from './load-protocol.ts';
import { AnswerScanner, connectPacket, pingPacket } from './mqtt-bytes.ts';
import { type Percentiles, percentilesOf } from './statistics.ts';
import { within } from './wait.ts';

const everyMs = 20;
const pingresp = 0xd0;

/** An idle MQTT client that pings 50 times a second: how long others wait for the main thread, seen from outside. */
export class PingProbe {
  readonly #socket: Socket;
  readonly #timer: NodeJS.Timeout;
  /** When each unanswered ping was sent; answers come in order. */
  readonly #sent: number[] = [];
  #times: number[] = [];

  private constructor(socket: Socket, onPing: (listener: () => void) => void) {
    this.#socket = socket;
    onPing(() => this.#times.push(monotonicMs() - (this.#sent.shift() ?? Number.NaN)));
    this.#timer = setInterval(() => {
      this.#sent.push(monotonicMs());
      socket.write(pingPacket);
    }, everyMs);
  }

  static async connect(port: number): Promise<PingProbe> {
    let onPing = () => {};
    let onConnack = () => {};
    const connected = new Promise<void>((resolve) => {
      onConnack = resolve;
    });
    const scanner = new AnswerScanner(
      () => {},
      (type) => (type === pingresp ? onPing() : onConnack()),
    );
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    socket.on('data', (bytes) => scanner.scan(bytes));
    const failed = new Promise<never>((_, reject) => socket.once('error', reject));
    // After it is connected, a lost connection shows as pings that nobody answered.
    failed.catch(() => {});
    socket.write(connectPacket('bench-probe'));
    await within('the probe to be connected', 10_000, Promise.race([connected, failed]));
    return new PingProbe(socket, (listener) => {
      onPing = listener;
    });
  }

  /** Forgets what was measured so far. */
  reset(): void {
    this.#times = [];
  }

  /** Times from ping to answer; a ping that is still unanswered counts as long as it has waited. */
  end(): Percentiles {
    clearInterval(this.#timer);
    this.#socket.destroy();
    const now = monotonicMs();
    return percentilesOf([...this.#times, ...this.#sent.map((sent) => now - sent)]);
  }
}
