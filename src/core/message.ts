import type { Measurement } from './measurement.ts';

/** What a source took in: one MQTT PUBLISH, one serial frame, one request's body. */
export interface Message {
  /** The way in, named after its protocol: `mqtt`, `serial`, `rest`, … */
  readonly source: string;
  /** Where it came from within its source: the MQTT topic, the serial port's name, … Never empty. */
  readonly topic: string;
  /** The bytes as they came. The pipeline reads them before `deliver` returns and never keeps them. */
  readonly payload: Uint8Array;
  /** What it means, where its source says so itself; absent: the payload is decoded. */
  readonly said?: Measurement;
  /** Asked when its rule makes it `bulk`: why it is not taken now. Absent: its source can't be told to come again later. */
  readonly refusalOfBulk?: () => Error | undefined;
  /** MQTT's own quality of service, for messages that came over MQTT. */
  readonly mqttQos?: 0 | 1 | 2;
  /** A broker had kept it, and gives it now: when it was said, nobody knows. Absent: it is said now. */
  readonly isRetained?: true;
  /** The trace that it belongs to, as its `traceparent` says: 32 hex digits in lower case, from `traceIdIn`. Absent: none was named. */
  readonly traceId?: string | undefined;
  /** By what its source would recognise it, should it be sent again because the acknowledgement got lost. */
  readonly delivery?: DeliveryKey;
}

/** One delivery of one client, stored with the record, so that it is recognised after a crash too. */
export interface DeliveryKey {
  /** The client's name within its source. */
  readonly client: string;
  /** The client's number for the message, from 1 to 65535; used again for others later. */
  readonly packetId: number;
  /** Checksum of topic and payload, 32 bits unsigned. */
  readonly digest: number;
  /** Set where the message's records are not stored all at once: this key is of some of them. */
  readonly part?: DeliveryPart | undefined;
}

/** Which of a message's records a key stands for, where they are stored at several places that each may fail alone. */
export interface DeliveryPart {
  /** Which place, from 0. */
  readonly index: number;
  /** How many there are; the message is safe when all of one division are. */
  readonly of: number;
  /** Checksum of what went where, 32 bits unsigned: parts of two divisions make no whole. */
  readonly division: number;
}

/** A message that was found on disk with all its records, by its delivery key. */
export interface RecentDelivery extends Omit<DeliveryKey, 'part'> {
  /** How long before the end of the last run it was taken in, in operating time, ms. */
  readonly agoMs: number;
  /** How many runs of the gateway have ended since, as far as that can be told; absent: it came in the last one. */
  readonly runsAgo?: number;
}

/** The gateway's word that it has the message, each of its records as durable as its rule asks. */
export interface Receipt {
  /**
   * The record's sequence in this gateway's epoch, from 1; of several, the last one's. Absent when the rule lets the source go on before the
   * record is durable: it has no sequence yet.
   */
  readonly sequence?: number;
}

/**
 * The only way in. Resolves when the message is as durable as its rule asks, and only then may a source
 * give a positive answer; rejects with a {@link HeadgateError} when the gateway did not take the message.
 * Messages of one caller keep their order.
 */
export type Deliver = (message: Message) => Promise<Receipt>;

/** Who brought a message and is owed the word what became of it: one of the two, once. It may come before `take` returns. */
export interface Bearer {
  /** @param sequence as in {@link Receipt}; 0: it has none */
  taken(sequence: number): void;
  /** The gateway did not take it. */
  refused(error: Error): void;
}

/**
 * {@link Deliver} for a source that brings a hundred thousand messages a second: one object can be message and bearer
 * both, where a promise and what follows from it are eight.
 */
export type Take = (message: Message, bearer: Bearer) => void;
