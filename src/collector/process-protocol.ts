import type { ErrorCode } from '../core/errors.ts';
import type { CollectorSettings } from './options.ts';

/** What the gateway tells its collector's process. */
export type ToChild =
  /** The first message. */
  | {
      readonly kind: 'start';
      readonly options: CollectorSettings;
      readonly logLevel: string;
    }
  /** Stop in good order within `deadlineMs`. */
  | { readonly kind: 'stop'; readonly deadlineMs: number };

/** What the process tells the gateway. */
export type FromChild =
  | { readonly kind: 'ready'; readonly address: string }
  /** It could not start, and ends. */
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string };
