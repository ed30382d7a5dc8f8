import type { Decision } from '../admission/decide.ts';
import type { RecordBuffer } from '../buffer/buffer.ts';
import type { Deliver, Message, Receipt } from '../core/message.ts';
import { type Clock, type ClockQuality, earliestPlausibleMs } from '../core/time.ts';
import type { Decoder } from '../profiles/decode.ts';
import { RecordEncoder } from '../wire/record-encoder.ts';
import type { FlowStatus } from './status.ts';

export interface FlowDependencies {
  readonly decode: Decoder;
  readonly decide: (message: Message) => Decision;
  readonly buffer: RecordBuffer;
  readonly clock: Clock;
}

const onItsWay: Promise<Receipt> = Promise.resolve({});

/** The flow on one screen: decode, decide, encode once, append; the receipt comes when the record is durable. */
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
    const { decode, decide, buffer, clock } = this.#deps;
    this.#received++;
    const measurement = decode(message);
    if (measurement.fields.length === 0) this.#undecoded++;
    const decision = decide(message);
    const receivedAtMs = clock.now();
    const { bytes, start, end } = this.#encoder.encode(
      measurement,
      {
        source: message.source,
        topic: message.topic,
        receivedAtMs,
        clockQuality: qualityOf(receivedAtMs),
        priority: decision.priority,
      },
      measurement.keepPayload ? message.payload : undefined,
    );
    // A disk that can't keep up holds everybody back, or memory would fill with what nobody waits for.
    if (decision.durability === 'relaxed' && !buffer.isCongested) {
      buffer.append(bytes, start, end, receivedAtMs);
      this.#confirmed++;
      return onItsWay;
    }
    return new Promise((resolve, reject) => {
      buffer.append(bytes, start, end, receivedAtMs, (error, sequence) => {
        if (error === undefined) {
          this.#confirmed++;
          resolve({ sequence });
        } else {
          this.#refused++;
          reject(error);
        }
      });
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
function qualityOf(nowMs: number): ClockQuality {
  return nowMs < earliestPlausibleMs ? 'unset' : 'estimated';
}
