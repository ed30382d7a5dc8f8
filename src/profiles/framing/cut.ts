/** Why bytes of a stream are in no frame. */
export type DiscardReason =
  /** They came where no frame was: another device's, a boot message, a wrong line speed. */
  | 'noise'
  /** A frame's checksum says that it was damaged. */
  | 'checksum'
  /** They break the rules of their framing: an unknown escape, a length that can't be. */
  | 'malformed'
  /** Of a frame its beginning or its end is missing. */
  | 'cutOff'
  /** No end came within what a frame may have. */
  | 'tooLong';

/** What the first of the waiting bytes are. */
export type Cut =
  /** That takes more bytes to tell. */
  | undefined
  /** A frame. @property frame a view of the waiting bytes or bytes of its own */
  | { readonly kind: 'frame'; readonly taken: number; readonly frame: Uint8Array }
  /** In no frame, and not lost either: a line end, an idle SLIP END. */
  | { readonly kind: 'separator'; readonly taken: number }
  | { readonly kind: 'discard'; readonly taken: number; readonly reason: DiscardReason };

/**
 * The rules of one kind of framing. What it says of the first bytes never depends on how they came in pieces: it waits
 * until there are enough of them, and does not change its mind when more come.
 */
export interface Cutter {
  /** With so many bytes waiting it can always tell. */
  readonly max: number;
  /**
   * @param waiting never empty
   * @param seen how many of them it has been shown before, without a result
   * @param isSilent nothing more is coming that belongs to them. Undefined then means that the first byte begins no frame.
   */
  cut(waiting: Uint8Array, seen: number, isSilent: boolean): Cut;
  /** The line was silent, and nothing is waiting any more: what comes next begins anew. */
  restart?(): void;
}

export const frame = (taken: number, bytes: Uint8Array): Cut => ({ kind: 'frame', taken, frame: bytes });
export const separator = (taken: number): Cut => ({ kind: 'separator', taken });
export const discard = (taken: number, reason: DiscardReason): Cut => ({ kind: 'discard', taken, reason });

/** Whether `bytes` has all of `part` at `at`, as far as it goes: at its end a beginning of `part` is enough. */
export function mayBegin(bytes: Uint8Array, at: number, part: Uint8Array): boolean {
  const count = Math.min(part.length, bytes.length - at);
  for (let i = 0; i < count; i++) if (bytes[at + i] !== part[i]) return false;
  return true;
}
