import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { nextBackoff } from '../../src/lib/backoff.ts';
import { ConnectRequest, ConnectResponse, type Welcome } from '../../src/wire/generated/headgate/v1/uplink.ts';
import { encodeUpload } from '../../src/wire/upload.ts';

export interface LightGatewayEvents {
  /** A TCP connection was accepted. */
  onAccepted(): void;
  onWelcome(): void;
  /** A connection that had been welcomed is gone. */
  onLost(): void;
  /** A dial came to nothing. */
  onRefused(): void;
  /** A batch of so many records is durable, so long after it was sent. */
  onAcknowledged(records: number, ms: number): void;
  onFailed(reason: string): void;
}

export interface LightGatewaySettings {
  readonly url: string;
  readonly ca: string | undefined;
  /** The encoded records of one batch, and how many they are. The same every time: only their numbers differ. */
  readonly records: Uint8Array;
  readonly count: number;
}

/** As the gateway's own defaults. */
const retry = { minMs: 500, maxMs: 30_000 };
const path = '/headgate.v1.Uplink/Connect';

interface Flight {
  readonly first: number;
  sentAt: number;
}

/**
 * A gateway as the collector sees it, as light as it can be: one HTTP/2 connection with one stream, the real protocol,
 * the real pauses between dials, and no buffer. What is not acknowledged when a connection breaks is sent again.
 */
export class LightGateway {
  readonly #name: string;
  readonly #settings: LightGatewaySettings;
  readonly #events: LightGatewayEvents;
  readonly #flights: Flight[] = [];
  #session: ClientHttp2Session | undefined;
  #stream: ClientHttp2Stream | undefined;
  #isWelcome = false;
  /** The collector has asked it to leave: it sends no more here. */
  #isLeaving = false;
  #isEnding = false;
  #lineage = '';
  #pauseMs = 0;
  #spreadMs = 0;
  #held: Buffer = Buffer.alloc(0);
  #next = 1;
  /** Sends a batch whenever none is under way. */
  isFull = false;

  constructor(index: number, settings: LightGatewaySettings, events: LightGatewayEvents) {
    this.#name = `fleet-${index}`;
    this.#settings = settings;
    this.#events = events;
  }

  get isWelcome(): boolean {
    return this.#isWelcome;
  }

  get inFlight(): number {
    return this.#flights.length;
  }

  get sentRecords(): number {
    return this.#next - 1;
  }

  dial(): void {
    const { url, ca } = this.#settings;
    const session = connect(url, { ...(ca !== undefined && { ca }), settings: { enablePush: false } });
    this.#session = session;
    session.once('connect', () => this.#events.onAccepted());
    // The close says it too.
    session.on('error', () => {});
    session.once('close', () => this.#gone(session));
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc+proto',
      te: 'trailers',
    });
    this.#stream = stream;
    this.#held = Buffer.alloc(0);
    stream.on('data', (bytes: Buffer) => this.#read(bytes));
    stream.on('error', () => {});
    stream.once('close', () => session.destroy());
    const value = {
      version: 2,
      gateway: this.#name,
      epoch: 'e',
      firstWaiting: BigInt(this.#flights[0]?.first ?? 0),
      lastSequence: BigInt(this.sentRecords),
      agent: 'fleet',
      lineages: this.#lineage === '' ? [] : [this.#lineage],
      takesOver: '',
      heardEverySeconds: 3_600,
    };
    this.#write(ConnectRequest.encode({ message: { $case: 'hello', value } }).finish());
  }

  /** Sends one more batch. It waits for the next connection when there is none. */
  send(): void {
    const flight = { first: this.#next, sentAt: performance.now() };
    this.#next += this.#settings.count;
    this.#flights.push(flight);
    if (this.#isWelcome && !this.#isLeaving) this.#upload(flight);
  }

  end(): void {
    this.#isEnding = true;
    this.#session?.destroy();
  }

  #upload({ first }: Flight): void {
    const { records, count } = this.#settings;
    this.#write(encodeUpload([{ lane: 'a', firstSequence: first, count, records, isHistorical: false }]).message);
  }

  #welcomed(welcome: Welcome): void {
    this.#isWelcome = true;
    this.#isLeaving = false;
    this.#pauseMs = 0;
    this.#spreadMs = welcome.reconnectSpreadMs;
    if (welcome.lineage !== '') {
      this.#lineage = welcome.lineage;
      const value = { lineage: welcome.lineage };
      this.#write(ConnectRequest.encode({ message: { $case: 'confirm', value } }).finish());
    }
    for (const { first, last } of welcome.durable) this.#settle(Number(first), Number(last));
    for (const flight of this.#flights) this.#upload(flight);
    this.#events.onWelcome();
    if (this.isFull && this.#flights.length === 0) this.send();
  }

  #settle(first: number, last: number): void {
    const { count } = this.#settings;
    for (let at = 0; at < this.#flights.length; ) {
      const flight = this.#flights[at]!;
      if (flight.first < first || flight.first + count - 1 > last) {
        at++;
        continue;
      }
      this.#flights.splice(at, 1);
      this.#events.onAcknowledged(count, performance.now() - flight.sentAt);
    }
  }

  #read(bytes: Buffer): void {
    this.#held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    while (this.#held.length >= 5) {
      const length = this.#held.readUInt32BE(1);
      if (this.#held.length < 5 + length) return;
      const { message } = ConnectResponse.decode(this.#held.subarray(5, 5 + length));
      this.#held = this.#held.subarray(5 + length);
      if (message?.$case === 'welcome') this.#welcomed(message.value);
      if (message?.$case === 'goAway') this.#isLeaving = true;
      if (this.#isLeaving) this.#leaveWhenSettled();
      if (message?.$case !== 'acknowledge') continue;
      for (const { first, last } of message.value.durable) this.#settle(Number(first), Number(last));
      if (this.#isLeaving) this.#leaveWhenSettled();
      else if (this.isFull && this.#flights.length === 0) this.send();
    }
  }

  #leaveWhenSettled(): void {
    if (this.#flights.length === 0) this.#session?.destroy();
  }

  #write(message: Uint8Array): void {
    const head = Buffer.alloc(5);
    head.writeUInt32BE(message.length, 1);
    this.#stream?.write(Buffer.concat([head, message]));
  }

  #gone(session: ClientHttp2Session): void {
    if (this.#session !== session || this.#isEnding) return;
    this.#session = undefined;
    this.#stream = undefined;
    const spreadMs = this.#isWelcome ? this.#spreadMs * Math.random() : 0;
    if (this.#isWelcome) this.#events.onLost();
    else this.#events.onRefused();
    this.#isWelcome = false;
    this.#pauseMs = nextBackoff(retry, this.#pauseMs, Math.random());
    setTimeout(() => {
      if (!this.#isEnding) this.dial();
    }, this.#pauseMs + spreadMs);
  }
}
