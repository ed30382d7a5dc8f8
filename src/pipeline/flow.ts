import type { RuleBook } from '../admission/rule-book.ts';
import { seriesOf } from '../admission/series.ts';
import type { RecordBuffer } from '../buffer/buffer.ts';
import { reportsHandling } from '../buffer/reports.ts';
import type { Decoded, Heard, MessageKind, Request } from '../core/decoded.ts';
import type { Measurement } from '../core/measurement.ts';
import type { Bearer, Deliver, DeliveryKey, Message, Receipt, Take } from '../core/message.ts';
import type { Onlooker } from '../core/taken.ts';
import type { TrustedClock, UnixMs } from '../core/time.ts';
import type { Decoder } from '../profiles/decoder.ts';
import { RecordEncoder } from '../wire/record-encoder.ts';
import { deliveryOf, divide, isEarly } from './lots.ts';
import { Awaited, Outcomes, Seen, Several } from './outcomes.ts';
import type { FlowStatus } from './status.ts';

export interface FlowDependencies {
  readonly decode: Decoder;
  readonly rules: RuleBook;
  readonly buffer: RecordBuffer;
  readonly clock: TrustedClock;
  /** Told of every message once it is decided on. */
  readonly heard: Heard;
  /** Publishes what a decoder asks of the device that sent a message, to whoever is there. It does not throw. */
  readonly publish: (request: Request, message: Message) => void;
  /** Told of every measurement that the gateway has; absent: nobody looks on. */
  readonly onlooker?: Onlooker | undefined;
}

/** What the gateway says of itself or a device. */
export interface Own {
  readonly source: string;
  readonly topic: string;
  readonly measurement: Measurement;
  readonly kind?: MessageKind | undefined;
  /** By which its record is recognised, should the process die before it knows that it is stored. */
  readonly delivery?: DeliveryKey;
}

/** Source and device of what the gateway says of itself. */
const own = 'headgate';

/** What a source says itself, as if it had been decoded. */
function asSaid(measurement: Measurement): Decoded {
  return { kind: 'measurement', deviceId: measurement.deviceId, measurements: [measurement], keepPayload: false };
}

/** The flow on one screen: decode, decide, encode once, append; the receipt comes when the record is durable enough. */
export class Flow {
  readonly #deps: FlowDependencies;
  readonly #encoder = new RecordEncoder();
  readonly #outcomes: Outcomes;
  #received = 0;
  #undecoded = 0;
  #lastMessage = 0;

  constructor(deps: FlowDependencies) {
    this.#deps = deps;
    this.#outcomes = new Outcomes(deps.rules, deps.onlooker);
  }

  readonly take: Take = (message, bearer) => {
    const { decode, rules, buffer, clock } = this.#deps;
    this.#received++;
    const receivedAtMs = clock.now();
    const decoded = message.said === undefined ? decode(message, receivedAtMs) : asSaid(message.said);
    if (decoded.kind === 'raw' || decoded.kind === 'failed') this.#undecoded++;
    if (decoded.measurements.length > 1) {
      this.#takeSeveral(message, bearer, decoded, receivedAtMs);
      return;
    }
    const { handling, verdict } = rules.decide(message, decoded, rules.needsTime ? clock.monotonic() : 0);
    if (handling.priority === 'bulk' && message.refusalOfBulk !== undefined) {
      const refusal = message.refusalOfBulk();
      if (refusal !== undefined) {
        this.#outcomes.refuse(bearer, refusal);
        return;
      }
    }
    this.#tell(decoded, message, receivedAtMs);
    const [measurement] = decoded.measurements;
    const { deviceId } = measurement;
    const seen = this.#seen(measurement, decoded, message, receivedAtMs, decoded.keepPayload);
    if (verdict !== 'keep') {
      // The rule has decided what becomes of it: its source has done its part.
      buffer.discard(handling, verdict, deviceId, receivedAtMs);
      this.#outcomes.show(seen, 0);
      this.#outcomes.confirm(bearer, 0);
      return;
    }
    const { bytes, start, end } = this.#encoder.encode(
      measurement,
      {
        source: message.source,
        topic: message.topic,
        receivedAtMs,
        clockQuality: clock.quality(),
        priority: handling.priority,
        kind: decoded.kind,
        profile: decoded.profile,
        message: undefined,
        supersedes: undefined,
        isRetained: message.isRetained,
        traceId: message.traceId,
      },
      decoded.keepPayload ? message.payload : undefined,
    );
    if (isEarly(handling) && !buffer.mustWait(handling)) {
      buffer.append(handling, bytes, start, end, receivedAtMs, undefined, message.delivery, deviceId);
      this.#outcomes.show(seen, 0);
      this.#outcomes.confirm(bearer, 0);
      return;
    }
    const waiter = new Awaited(this.#outcomes, bearer, handling.rule, message.topic, seriesOf(measurement), seen);
    buffer.append(handling, bytes, start, end, receivedAtMs, waiter, message.delivery, deviceId);
  };

  /** The same for a message that becomes several records, each under the rule that holds for it. */
  #takeSeveral(message: Message, bearer: Bearer, decoded: Decoded, receivedAtMs: UnixMs): void {
    const { rules, buffer, clock } = this.#deps;
    const nowMs = rules.needsTime ? clock.monotonic() : 0;
    const decisions = decoded.measurements.map((_, index) => rules.decide(message, decoded, nowMs, index));
    this.#tell(decoded, message, receivedAtMs);
    const { lots, left } = divide(decoded.measurements, decisions);
    const several = new Several(this.#outcomes, bearer, message.topic, lots);
    // Before anything of it is stored: what was stored would come again with the rest.
    for (const { handling } of lots) {
      const refusal = buffer.refusal(handling);
      if (refusal !== undefined) {
        several.refused(refusal);
        return;
      }
    }
    const [first] = decoded.measurements;
    const see = (measurement: Measurement): Seen | undefined =>
      this.#seen(measurement, decoded, message, receivedAtMs, decoded.keepPayload && measurement === first);
    for (const { handling, verdict, measurement } of left) {
      buffer.discard(handling, verdict, measurement.deviceId, receivedAtMs);
      this.#outcomes.show(see(measurement), 0);
    }
    const about = {
      source: message.source,
      topic: message.topic,
      receivedAtMs,
      clockQuality: clock.quality(),
      kind: decoded.kind,
      profile: decoded.profile,
      message: decoded.measurements.length - left.length > 1 ? this.#nextMessage() : undefined,
      isRetained: message.isRetained,
      traceId: message.traceId,
    };
    let payload = decoded.keepPayload ? message.payload : undefined;
    for (const lot of lots) {
      const { handling, measurements } = lot;
      const envelope = { ...about, priority: handling.priority };
      const seen = measurements.map(see);
      const waiter = isEarly(handling) && !buffer.mustWait(handling) ? undefined : several.awaiting(lot, seen);
      for (const { deviceId } of measurements) buffer.follow(handling, deviceId);
      for (const [index, measurement] of measurements.entries()) {
        const { bytes, start, end } = this.#encoder.encode(measurement, envelope, payload);
        payload = undefined;
        const isLast = index === measurements.length - 1;
        const told = isLast ? waiter : undefined;
        const delivery = isLast ? deliveryOf(message.delivery, lot, lots) : undefined;
        buffer.append(handling, bytes, start, end, receivedAtMs, told, delivery, undefined, !isLast);
      }
      if (waiter === undefined) this.#outcomes.showAll(seen, 0);
    }
    several.appended();
  }

  #tell(decoded: Decoded, message: Message, receivedAtMs: UnixMs): void {
    this.#deps.heard(decoded, message, receivedAtMs);
    if (decoded.requests !== undefined) for (const request of decoded.requests) this.#deps.publish(request, message);
  }

  /** What whoever looks on will be told of a measurement. */
  #seen(
    measurement: Measurement,
    { kind, profile }: Decoded,
    { source, topic, payload, traceId }: Message,
    receivedAtMs: UnixMs,
    isPayloadKept: boolean,
  ): Seen | undefined {
    const { onlooker, clock } = this.#deps;
    if (onlooker === undefined) return undefined;
    const kept = isPayloadKept && onlooker.wantsPayloads ? Uint8Array.from(payload) : undefined;
    return new Seen(measurement, kind, source, topic, receivedAtMs, clock.quality(), profile, kept, traceId);
  }

  /** A number for a message's records. */
  #nextMessage(): number {
    this.#lastMessage = this.#lastMessage === 0xffff_ffff ? 1 : this.#lastMessage + 1;
    return this.#lastMessage;
  }

  readonly deliver: Deliver = (message) =>
    new Promise((resolve, reject) => {
      const taken = (sequence: number): void => resolve(sequence > 0 ? { sequence } : {});
      this.take(message, { taken, refused: reject });
    });

  /** Takes in what the gateway says of itself: no rule is asked, and no decoder, and it is no message that came in. */
  readonly report = (topic: string, payload: Uint8Array): Promise<Receipt> =>
    this.#append({ source: own, topic, measurement: { deviceId: own, fields: [] } }, payload);

  /** The same for what it says of a device or itself in fields, as something that happened. */
  readonly tell = (told: Own): Promise<Receipt> => this.#append({ kind: 'event', ...told }, undefined);

  #append({ source, topic, measurement, kind, delivery }: Own, payload: Uint8Array | undefined): Promise<Receipt> {
    const { buffer, clock } = this.#deps;
    const receivedAtMs = clock.now();
    const { priority } = reportsHandling;
    const about = { source, topic, receivedAtMs, clockQuality: clock.quality(), priority, kind };
    const { bytes, start, end } = this.#encoder.encode(measurement, about, payload);
    return new Promise((resolve, reject) => {
      const settled = (error: Error | undefined, sequence: number): void =>
        error === undefined ? resolve({ sequence }) : reject(error);
      buffer.append(reportsHandling, bytes, start, end, receivedAtMs, { settled }, delivery, measurement.deviceId);
    });
  }

  status(): FlowStatus {
    const { confirmed, refused } = this.#outcomes;
    return { received: this.#received, confirmed, refused, undecoded: this.#undecoded };
  }
}
