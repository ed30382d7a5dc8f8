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
}

/**
 * Where a command stands. `queued`: durable at the gateway. `sent`: handed to the device's protocol. `acknowledged`: the
 * device did it. `failed`: it said no, or the command could not be handed over. `expired`: its time was over before it
 * was handed over. `unknown`: handed over, and no answer came.
 */
export type CommandStateName = 'queued' | 'sent' | 'acknowledged' | 'failed' | 'expired' | 'unknown';

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
