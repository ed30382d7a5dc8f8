import type { UnixMs } from '../core/time.ts';

/** `google.protobuf.Timestamp` as the generated code has it. */
interface Timestamp {
  readonly seconds: bigint;
  readonly nanos: number;
}

export function timestampOf(ms: UnixMs): { seconds: bigint; nanos: number } {
  const seconds = Math.floor(ms / 1000);
  return { seconds: BigInt(seconds), nanos: Math.round((ms - seconds * 1000) * 1e6) };
}

export function unixMsOf({ seconds, nanos }: Timestamp): UnixMs {
  return Number(seconds) * 1000 + nanos / 1e6;
}
