/** Counts since this process started. */
export interface ModbusUnitStatus {
  /** Its address on the bus. */
  readonly unit: number;
  /** The topic of its records, by which it is also written to. */
  readonly topic: string;
  readonly profile: string;
  /**
   * `unknown`: it was not asked yet. `answering`: it answered when it was asked last. `silent`: it did not, and is asked ever more
   * rarely. `unusable`: what is wrong with its profile is said in `reason`, and it is not asked.
   */
  readonly state: 'unknown' | 'answering' | 'silent' | 'unusable';
  /** What there is to be done about it, as a sentence; null: nothing. */
  readonly reason: string | null;
  /** Requests sent, repeated ones too. */
  readonly asked: number;
  readonly answered: number;
  /** Requests without an answer in time. */
  readonly unanswered: number;
  /** Requests whose answer came with a wrong checksum. */
  readonly damaged: number;
  /** Answers that told why not. */
  readonly exceptions: number;
  /** Answers that came when they were no longer waited for. */
  readonly late: number;
  /** Answers that nobody had asked for, such as a second copy, or that could have been one. */
  readonly stray: number;
  /** How long ago it answered last, in ms; null: it did not. */
  readonly lastAnswerAgeMs: number | null;
  /** How long its answers take, smoothed, in ms; null: there was none. */
  readonly responseMs: number | null;
  /** A silent unit is asked again in so many ms; null: it is not silent. */
  readonly nextTryInMs: number | null;
  /** What it does not give, by the names of its registers, a sentence each. */
  readonly refused: readonly string[];
}

export interface ModbusBusStatus {
  readonly name: string;
  /** The serial port that it is on; null: it is reached over the network. */
  readonly path: string | null;
  /** `HOST:PORT`; null: it is on a serial port. */
  readonly address: string | null;
  /** `open`: its units are asked. `waiting`: it can't be opened, and is tried again by itself. `closed`: the gateway is stopping. */
  readonly state: 'closed' | 'waiting' | 'open';
  /** Why it waits, as a sentence; null in other states. */
  readonly reason: string | null;
  /** The line's settings: `9600 8N1`; null: it was not open yet, or has none. */
  readonly line: string | null;
  /** The buffer makes it wait: nothing is read. */
  readonly isPaused: boolean;
  /** How often it was opened. */
  readonly opened: number;
  readonly receivedBytes: number;
  /** Bytes that belonged to no answer. */
  readonly strayBytes: number;
  /** Answers that became messages. */
  readonly messages: number;
  /** Messages that the buffer refused when the gateway stopped. */
  readonly lost: number;
  /** Writes that were done, and that were not or of which nothing is known. */
  readonly written: number;
  readonly notWritten: number;
  readonly units: readonly ModbusUnitStatus[];
}

export interface ModbusStatus {
  readonly buses: readonly ModbusBusStatus[];
}
