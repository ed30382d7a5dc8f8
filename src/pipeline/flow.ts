import type { RuleBook } from '../admission/rule-book.ts';
import type { RecordBuffer } from '../buffer/buffer.ts';
import type { Deliver, Receipt } from '../core/message.ts';
import { type Clock, type ClockQuality, earliestPlausibleMs } from '../core/time.ts';
import type { Decoder } from '../profiles/decode.ts';
import { RecordEncoder } from '../wire/record-encoder.ts';
import type { FlowStatus } from './status.ts';

export interface FlowDependencies {
  readonly decode: Decoder;
  readonly rules: RuleBook;
  readonly buffer: RecordBuffer;
  readonly clock: Clock;
}

const settled: Promise<Receipt> = Promise.resolve({});

/** The flow on one screen: decode, decide, encode once, append; the receipt comes when the record is durable enough. */
export class Flow {
  readonly #deps: FlowDependencies;
  readonly #encoder = new RecordEncoder();
  #received = 0;
  #confirmed = 0;
  #refused = 0;
  #undecoded = 0;

  constructor(deps: FlowDependencies) {
    this.#deps = deps;
  }

  readonly deliver: Deliver = (message) => {
    const { decode, rules, buffer, clock } = this.#deps;
    this.#received++;
    const measurement = decode(message);
    if (measurement.fields.length === 0) this.#undecoded++;
    const { handling, verdict } = rules.decide(message, measurement, rules.needsTime ? clock.monotonic() : 0);
    const receivedAtMs = clock.now();
    if (verdict !== 'keep') {
      // The rule has decided what becomes of it: its source has done its part.
      buffer.discard(handling, verdict, measurement.deviceId, receivedAtMs);
      this.#confirmed++;
      return settled;
    }
    const { bytes, start, end } = this.#encoder.encode(
      measurement,
      {
        source: message.source,
        topic: message.topic,
        receivedAtMs,
        clockQuality: qualityOf(receivedAtMs),
        priority: handling.priority,
      },
      measurement.keepPayload ? message.payload : undefined,
    );
    const isEarly = handling.durability === 'relaxed' || handling.durability === 'memory';
    const { deviceId } = measurement;
    if (isEarly && !buffer.mustWait(handling)) {
      buffer.append(handling, bytes, start, end, receivedAtMs, undefined, message.delivery, deviceId);
      this.#confirmed++;
      return settled;
    }
    const { topic } = message;
    return new Promise((resolve, reject) => {
      const settle = (error: Error | undefined, sequence: number): void => {
        if (error === undefined) {
          this.#confirmed++;
          // Dropped for want of room: what comes next is not a repetition of it.
          if (sequence === 0) rules.forget(handling.rule, topic, deviceId);
          resolve(sequence > 0 ? { sequence } : {});
        } else {
          this.#refused++;
          rules.forget(handling.rule, topic, deviceId);
          reject(error);
        }
      };
      buffer.append(handling, bytes, start, end, receivedAtMs, settle, message.delivery, deviceId);
    });
  };

  status(): FlowStatus {
    return {
      received: this.#received,
      confirmed: this.#confirmed,
      refused: this.#refused,
      undecoded: this.#undecoded,
    };
  }
}

/** A clock that says a time before any Headgate was made has not been set since boot; more is not known yet. */
export function qualityOf(nowMs: number): ClockQuality {
  return nowMs < earliestPlausibleMs ? 'unset' : 'estimated';
}
