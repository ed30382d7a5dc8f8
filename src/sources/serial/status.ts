import type { DiscardReason } from '../../profiles/framing/cut.ts';
import type { ExistingPort } from './port-list.ts';

/** Every reason, so that its count is there before it first happens. */
export const discardReasons: readonly DiscardReason[] = ['noise', 'checksum', 'malformed', 'cutOff', 'tooLong'];

/** Counts since this process started. */
export interface SerialPortStatus {
  readonly name: string;
  readonly path: string;
  readonly profile: string;
  /** `open`: it is read from. `waiting`: it can't be opened, and is tried again by itself. `closed`: the gateway is stopping. */
  readonly state: 'closed' | 'waiting' | 'open';
  /** Why it waits, as a sentence; null in other states. */
  readonly reason: string | null;
  /** What is likely to be wrong and what to do, as sentences, where it is open and nothing of it can be read; null: nothing. */
  readonly hint: string | null;
  /** The line's settings: `9600 8N1`; null until it was open for the first time. */
  readonly line: string | null;
  /** The buffer makes it wait: it is not read from. */
  readonly isPaused: boolean;
  /** How often it was opened. */
  readonly opened: number;
  readonly bytes: number;
  readonly frames: number;
  /** Frames that the buffer refused when the gateway stopped. */
  readonly lost: number;
  /** What was in no frame. */
  readonly discarded: {
    /** Bytes by reason. */
    readonly bytes: Readonly<Record<DiscardReason, number>>;
    /** The first bytes of what was discarded last, as hexadecimal digits; null: nothing was. */
    readonly sample: string | null;
  };
  /** Requests sent to the device, and those without an answer in time. */
  readonly requests: number;
  readonly unanswered: number;
  /** Of a device that waits for them: acknowledgements, frames that came again, and damaged ones that were refused. */
  readonly acknowledged: number;
  readonly repeated: number;
  readonly refused: number;
}

/** What the configuration makes of a port. */
export interface PortUse extends Pick<SerialPortStatus, 'name' | 'state' | 'reason' | 'hint'> {
  /** Null: it is a Modbus bus, and its units have profiles. */
  readonly profile: string | null;
}

/** A serial port that this machine has, or that it should have. */
export interface ListedPort extends Omit<ExistingPort, 'node'> {
  /** Null: it is not there now. */
  readonly node: string | null;
  /** What the configuration makes of it; null: nothing. */
  readonly configured: PortUse | null;
}

export interface SerialStatus {
  readonly ports: readonly SerialPortStatus[];
}
