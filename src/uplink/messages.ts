import type { Interval } from '../lib/intervals.ts';
import {
  type Compression,
  ConnectRequest,
  type Ping,
  type SequenceRange,
  type Welcome,
} from '../wire/generated/headgate/v1/uplink.ts';
import type { GatewayMessage } from './companion.ts';

/** The newest version of the protocol that this gateway speaks. */
export const protocolVersion = 2;

/** What the gateway knows of itself when it says hello. */
export interface Self {
  readonly gateway: string;
  readonly epoch: string;
  readonly agent: string;
  /** The first sequence that still waits; 0 when none does. */
  readonly firstWaiting: number;
  /** The last sequence given out. */
  readonly lastSequence: number;
  /** After so long without a message of its own it sends one, in ms. */
  readonly heardEveryMs: number;
  /** Its place in the gateway's history: see `lineage.ts`. */
  readonly lineages: readonly string[];
  readonly takesOver: string;
}

export function encodeHello(self: Self): Uint8Array {
  const value = {
    version: protocolVersion,
    gateway: self.gateway,
    epoch: self.epoch,
    firstWaiting: BigInt(self.firstWaiting),
    lastSequence: BigInt(self.lastSequence),
    agent: self.agent,
    lineages: [...self.lineages],
    takesOver: self.takesOver,
    // It looks at the time once a second.
    heardEverySeconds: Math.ceil(self.heardEveryMs / 1000) + 2,
  };
  return ConnectRequest.encode({ message: { $case: 'hello', value } }).finish();
}

/** Any message, as the generated code has it. */
export function encodeMessage(message: GatewayMessage): Uint8Array {
  return ConnectRequest.encode({ message }).finish();
}

export function encodePing(nonce: bigint): Uint8Array {
  return encodeMessage({ $case: 'ping', value: { nonce } });
}

export function encodePong(ping: Ping): Uint8Array {
  return ConnectRequest.encode({ message: { $case: 'pong', value: ping } }).finish();
}

export interface Agreement {
  /** What the collector has already. */
  readonly durable: readonly Interval[];
  readonly windowBytes: number;
  /** The compressions that the collector takes. */
  readonly compressions: readonly Compression[];
}

/**
 * What a welcome agrees on, or why the gateway can't go on with this collector.
 *
 * @param lastSent the last sequence that the collector may have got from here: one that an earlier run may have given out,
 *   or that this one has sent
 */
export function agree(
  welcome: Welcome,
  lastSent: number,
  windowBytes: number,
): Agreement | { readonly complaint: string } {
  if (welcome.version < 1 || welcome.version > protocolVersion) {
    return {
      complaint: `the collector speaks version ${welcome.version} of the protocol, this gateway 1 to ${protocolVersion}`,
    };
  }
  const durable = welcome.durable.map(asInterval);
  const lastKnown = Math.max(0, ...durable.map(({ last }) => last));
  if (lastKnown > lastSent) {
    // Its numbers would name other records than ours: sending on would lose ours as duplicates.
    return {
      complaint:
        `the collector has records of this gateway up to ${lastKnown}, and only those up to ${lastSent} can be from here: ` +
        'another machine has run as this gateway, from a clone or an older copy of its data. Nothing is lost, and nothing ' +
        'is sent. Give this machine a `gateway.id` of its own, or a new `dataDir`. If it is the one to go on, stop it, run ' +
        '`headgate take-over --data-dir DIR`, and start it again.',
    };
  }
  return {
    durable,
    windowBytes: Math.min(windowBytes, Number(welcome.windowBytes) || windowBytes),
    compressions: welcome.compressions,
  };
}

export function asInterval({ first, last }: SequenceRange): Interval {
  return { first: Number(first), last: Number(last) };
}
