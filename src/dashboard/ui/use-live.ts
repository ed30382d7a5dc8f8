import { useEffect, useRef } from 'preact/hooks';
import { follow } from '../live/live.ts';
import type { LiveEvent, LiveWish } from '../live/protocol.ts';

/** Hears what happens as long as the component is there. @param hear with each batch, at most four times a second */
export function useLive(wish: LiveWish, hear: (events: readonly LiveEvent[]) => void, missed?: () => void): void {
  const ears = useRef({ hear, missed });
  ears.current = { hear, missed };
  useEffect(
    () => follow({ wish, events: (events) => ears.current.hear(events), missed: () => ears.current.missed?.() }),
    [JSON.stringify(wish)],
  );
}
