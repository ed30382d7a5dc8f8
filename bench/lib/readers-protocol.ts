import type { Percentiles } from './statistics.ts';

// What the bench and its readers, a process of their own, say to each other.

export interface ReadersOptions {
  /** `host:port` of the HTTP server, or of the gRPC server. */
  readonly address: string;
  readonly kind: 'sse' | 'socket' | 'grpc';
  readonly count: number;
  /** A live filter; undefined: they connect and ask for nothing. */
  readonly filter?: Readonly<Record<string, readonly string[]>>;
}

export type ReadersRequest =
  /** Count from here. */
  { readonly name: 'begin' } | { readonly name: 'report' };

export type ReadersEvent =
  /** All are connected. */
  | { readonly name: 'connected' }
  /** How long probes took from when they were due until each reader had them; and all bytes that were read. */
  | { readonly name: 'report'; readonly delays: Percentiles; readonly bytes: number }
  | { readonly name: 'failed'; readonly reason: string };
