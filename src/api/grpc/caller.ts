import type { Metadata } from '@grpc/grpc-js';

/** A call, as far as it tells who makes it. */
export interface Call {
  readonly metadata: Metadata;
  getPeer(): string;
}

/** What a call shows of its caller. */
export interface Shown {
  /** The caller's IP address. */
  readonly address: string;
  /** The value of `authorization`. */
  readonly authorization: string | undefined;
}

export function shownBy(call: Call): Shown {
  const [authorization] = call.metadata.get('authorization');
  return {
    address: call
      .getPeer()
      .replace(/:\d+$/, '')
      .replace(/^\[|\]$/g, ''),
    authorization: typeof authorization === 'string' ? authorization : undefined,
  };
}
