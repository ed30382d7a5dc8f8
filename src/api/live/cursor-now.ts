import { HeadgateError } from '../../core/errors.ts';
import type { LiveFeed } from '../../core/live.ts';
import type { Principal } from '../../core/principal.ts';
import { scopeOf } from './filter-of.ts';

/** Where the live feed is now; null: somebody who may not read it, or it takes nobody in now. */
export function cursorNow(principal: Principal, feed: LiveFeed): string | null {
  try {
    const scope = scopeOf(principal);
    const sink = { deliver: () => true, ended: () => {} };
    // A reader that leaves at once: what comes after is kept for a while, as for whoever may come back.
    const subscription = feed.subscribe({ filter: { kinds: ['status'] }, ...(scope && { scope }), sink });
    subscription.close();
    return subscription.start.cursor;
  } catch (error) {
    if (error instanceof HeadgateError) return null;
    throw error;
  }
}
