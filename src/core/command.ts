import type { Priority } from './priority.ts';
import type { UnixMs } from './time.ts';

/** What the collector asks of a device, or of the gateway itself. */
export interface Command {
  /** Names it for ever: what comes again with the same id does nothing again. */
  readonly id: string;
  /** The device that is meant. Empty: the gateway itself. */
  readonly deviceId: string;
  /** For a device what its profile calls it, or empty; for the gateway `rules` or `config`. */
  readonly name: string;
  readonly payload: Uint8Array;
  readonly priority: Priority;
  /** After this instant it is not to be carried out any more. Absent: no limit. */
  readonly expiresAt?: UnixMs;
  /** How long it was good for when it came, in milliseconds: for a gateway whose clock nobody has set. */
  readonly expiresInMs?: number;
  /** Who gave it at the gateway itself, by name; absent: the collector did. */
  readonly by?: string;
}

/**
 * Where a command stands. `queued`: durable at the gateway. `sent`: handed to the device's protocol. `acknowledged`: the
 * device did it. `failed`: it said no, or the command could not be handed over. `expired`: its time was over before it
 * was handed over. `unknown`: handed over, and no answer came.
 */
export type CommandStateName = 'queued' | 'sent' | 'acknowledged' | 'failed' | 'expired' | 'unknown';

/** Whether something more is to come of a command in this state, other than an answer that comes too late. */
export function isOpen(state: CommandStateName): boolean {
  return state === 'queued' || state === 'sent';
}

/** What is told of a command upstream. */
export interface CommandReport {
  readonly id: string;
  readonly deviceId: string;
  /** Counts the changes of the command's state, from 1. */
  readonly revision: number;
  readonly state: CommandStateName;
  /** Why it failed, for people. */
  readonly reason?: string;
  /** What the device answered. */
  readonly result?: Uint8Array;
  /** When it changed; absent when the gateway's clock had not been set. */
  readonly at?: UnixMs;
}

/** Who carries commands out at the gateway, as the uplink sees it. */
export interface CommandDesk {
  /** A command came from the collector, for the first time or again. */
  take(command: Command): void;
  /** A connection stands: what the collector has not confirmed is to be reported, now and as it changes. */
  connected(report: (report: CommandReport) => void): void;
  /** The collector has made a report durable. */
  confirmed(id: string, revision: number): void;
  disconnected(): void;
}

/** What a device says of a command. */
export type CommandAnswer =
  | { readonly outcome: 'ok'; readonly result?: Uint8Array }
  | { readonly outcome: 'failed'; readonly reason: string; readonly result?: Uint8Array };

/**
 * What is known of a command once it was handed over. `true`: the device may have it, and its answer comes by itself.
 * `false`: for certain nobody was given it. `unanswered`: it was given to the device, and no answer will come.
 */
export type Handed = boolean | CommandAnswer | { readonly outcome: 'unanswered' };

/** What is sent to a device over a serial line. */
export interface SerialWords {
  readonly bytes: Uint8Array;
  /** Absent: the device does not say whether it has done it. */
  readonly answer?: ExpectedAnswer;
}

export interface ExpectedAnswer {
  readonly timeoutMs: number;
  /** What a frame says of the command; undefined: it is no answer to it. */
  readonly read: (frame: Uint8Array) => CommandAnswer | undefined;
}

/** Devices that are told things in words of their own: their profile has them. */
export interface NativeWords {
  /** Where such a device hears commands. Empty: it has no words of its own, or is known not to be there. */
  topics(deviceId: string): readonly string[];
  /** What it is told; undefined when it has no words of its own for it. */
  wordsFor(
    command: Pick<Command, 'deviceId' | 'name' | 'payload'>,
  ): { readonly topic: string; readonly payload: string } | undefined;
}

/** What a command id may look like: it is a level of a topic and a part of a key. */
export const commandIdPattern = /^[A-Za-z0-9_-]{1,64}$/;
