import type { RuleBook } from '../admission/rule-book.ts';
import type { Waiter } from '../buffer/batch.ts';
import type { RecordBuffer } from '../buffer/buffer.ts';
import { reportsHandling } from '../buffer/reports.ts';
import type { Heard } from '../core/decoded.ts';
import type { Bearer, Deliver, Receipt, Take } from '../core/message.ts';
import type { TrustedClock } from '../core/time.ts';
import type { Decoder } from '../profiles/decoder.ts';
import { RecordEncoder } from '../wire/record-encoder.ts';
import type { FlowStatus } from './status.ts';

export interface FlowDependencies {
  readonly decode: Decoder;
  readonly rules: RuleBook;
  readonly buffer: RecordBuffer;
  readonly clock: TrustedClock;
  /** Told of every message once it is decided on. */
  readonly heard: Heard;
}

/** Source and device of what the gateway says of itself. */
const own = 'headgate';

/** The flow on one screen: decode, decide, encode once, append; the receipt comes when the record is durable enough. */
export class Flow {
  readonly #deps: FlowDependencies;
  readonly #encoder = new RecordEncoder();
  readonly #outcomes: Outcomes;
  #received = 0;
  #undecoded = 0;

  constructor(deps: FlowDependencies) {
    this.#deps = deps;
    this.#outcomes = new Outcomes(deps.rules);
  }

  readonly take: Take = (message, bearer) => {
    const { decode, rules, buffer, clock, heard } = this.#deps;
    this.#received++;
    const receivedAtMs = clock.now();
    const decoded = decode(message, receivedAtMs);
    const [measurement] = decoded.measurements;
    if (decoded.kind === 'raw') this.#undecoded++;
    const { handling, verdict } = rules.decide(message, measurement, rules.needsTime ? clock.monotonic() : 0);
    heard(decoded, message, receivedAtMs);
    const { deviceId } = measurement;
    if (verdict !== 'keep') {
      // The rule has decided what becomes of it: its source has done its part.
      buffer.discard(handling, verdict, deviceId, receivedAtMs);
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
      },
      decoded.keepPayload ? message.payload : undefined,
    );
    const isEarly = handling.durability === 'relaxed' || handling.durability === 'memory';
    if (isEarly && !buffer.mustWait(handling)) {
      buffer.append(handling, bytes, start, end, receivedAtMs, undefined, message.delivery, deviceId);
      this.#outcomes.confirm(bearer, 0);
      return;
    }
    const waiter = new Awaited(this.#outcomes, bearer, handling.rule, message.topic, deviceId);
    buffer.append(handling, bytes, start, end, receivedAtMs, waiter, message.delivery, deviceId);
  };

  readonly deliver: Deliver = (message) =>
    new Promise((resolve, reject) => {
      const taken = (sequence: number): void => resolve(sequence > 0 ? { sequence } : {});
      this.take(message, { taken, refused: reject });
    });

  /** Takes in what the gateway says of itself: no rule is asked, and no decoder, and it is no message that came in. */
  readonly report = (topic: string, payload: Uint8Array): Promise<Receipt> => {
    const { buffer, clock } = this.#deps;
    const receivedAtMs = clock.now();
    const { priority } = reportsHandling;
    const { bytes, start, end } = this.#encoder.encode(
      { deviceId: own, fields: [] },
      { source: own, topic, receivedAtMs, clockQuality: clock.quality(), priority },
      payload,
    );
    return new Promise((resolve, reject) => {
      const settled = (error: Error | undefined, sequence: number): void =>
        error === undefined ? resolve({ sequence }) : reject(error);
      buffer.append(reportsHandling, bytes, start, end, receivedAtMs, { settled }, undefined, own);
    });
  };

  status(): FlowStatus {
    const { confirmed, refused } = this.#outcomes;
    return { received: this.#received, confirmed, refused, undecoded: this.#undecoded };
  }
}

/** Tells bearers, counts what they are told, and takes back what the rules noted of a message that was not kept. */
class Outcomes {
  readonly #rules: RuleBook;
  confirmed = 0;
  refused = 0;

  constructor(rules: RuleBook) {
    this.#rules = rules;
  }

  confirm(bearer: Bearer, sequence: number): void {
    this.confirmed++;
    bearer.taken(sequence);
  }

  settle({ bearer, rule, topic, deviceId }: Awaited, error: Error | undefined, sequence: number): void {
    // Refused, or dropped for want of room: what comes next is not a repetition of it.
    if (error !== undefined || sequence === 0) this.#rules.forget(rule, topic, deviceId);
    if (error === undefined) this.confirm(bearer, sequence);
    else {
      this.refused++;
      bearer.refused(error);
    }
  }
}

/** A message whose record is on its way to the disk. One small object, because there are many of them. */
class Awaited implements Waiter {
  readonly #outcomes: Outcomes;
  readonly bearer: Bearer;
  readonly rule: string;
  readonly topic: string;
  readonly deviceId: string;

  constructor(outcomes: Outcomes, bearer: Bearer, rule: string, topic: string, deviceId: string) {
    this.#outcomes = outcomes;
    this.bearer = bearer;
    this.rule = rule;
    this.topic = topic;
    this.deviceId = deviceId;
  }

  settled(error: Error | undefined, sequence: number): void {
    this.#outcomes.settle(this, error, sequence);
  }
}
