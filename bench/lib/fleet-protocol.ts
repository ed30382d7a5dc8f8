import type { Percentiles } from './statistics.ts';

// What the bench and its simulated gateways, a process of their own, say to each other.

export interface FleetOptions {
  readonly gateways: number;
  /** The collector's, on loopback. */
  readonly port: number;
  /** How many of them dial in a second, at first. */
  readonly dialsPerSecond: number;
  /** Records of one batch, each batch being an upload of its own. */
  readonly batchRecords: number;
  /** The authority that signed the collector's certificate, PEM; without it the connection is plaintext. */
  readonly ca?: string;
}

/** How records come: */
export type FleetPace =
  /** Each gateway sends a batch every second, at a moment of its own. */
  | { readonly kind: 'steady' }
  /** Each gateway has one batch under way at all times. */
  | { readonly kind: 'full' };

export type FleetRequest =
  | { readonly name: 'dial' }
  | { readonly name: 'start'; readonly pace: FleetPace }
  /** Tell what came since `start` or the last sample. Answered by `sample`. */
  | { readonly name: 'sample' }
  /** Send no more, and say `idle` when everything is acknowledged. */
  | { readonly name: 'stop' }
  /** Count who comes back from now on. Answered by `back` when everybody has been welcomed again. */
  | { readonly name: 'storm' };

export type FleetEvent =
  /** Everybody has been welcomed. */
  | { readonly name: 'dialled'; readonly ms: number }
  | {
      readonly name: 'sample';
      readonly acknowledgedRecords: number;
      readonly seconds: number;
      readonly latency: Percentiles;
    }
  | { readonly name: 'idle'; readonly sentRecords: number }
  /** Everybody lost the connection and has another one. */
  | {
      readonly name: 'back';
      /** From the first loss to the last welcome, and to the median one. */
      readonly lastMs: number;
      readonly medianMs: number;
      /** Connections that the collector accepted in the busiest second. */
      readonly peakAccepts: number;
      /** Dials that found nobody. */
      readonly refused: number;
    }
  | { readonly name: 'failed'; readonly reason: string };
