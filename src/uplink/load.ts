import type { StoredBatch } from '../core/batch.ts';
import type { MonotonicMs } from '../core/time.ts';
import type { OutgoingBatch } from '../wire/upload.ts';
import type { LaneFeed } from './lane-feed.ts';
import type { Scheduler } from './scheduler.ts';
import type { Session } from './session.ts';
import type { Share } from './shares.ts';
import type { LaneView, UplinkBuffer } from './source.ts';

/** A lane's feed, as far as loading goes. */
export type Loadable = Pick<LaneFeed, 'head' | 'headBytes' | 'obstacle' | 'take'> & {
  readonly view: Pick<LaneView, 'priority'>;
};

/** What was taken from the feeds for one message. */
export interface Load {
  /** To be sent; the session counts it as sent. Empty when nothing may go now. */
  readonly upload: readonly OutgoingBatch[];
  /** Not to be sent, because the collector has it. */
  readonly durable: readonly StoredBatch[];
}

/**
 * Fills one message of one share, turn by turn: batches of several lanes and priorities go together, each as far as its
 * turn lasts. A backlog's records are late, and marked as historical.
 *
 * @param lanes the share's feeds
 * @param roomBytes what the data plan leaves, if there is one; a single batch may exceed it
 * @param corrections what is known now of the clock by which a batch was stamped
 */
export function load<L extends Loadable>(
  lanes: Parameters<Scheduler<L>['next']>[0],
  scheduler: Scheduler<L>,
  session: Session,
  share: Share,
  now: MonotonicMs,
  roomBytes = Number.POSITIVE_INFINITY,
  corrections?: UplinkBuffer['corrections'],
): Load {
  const upload: OutgoingBatch[] = [];
  const durable: StoredBatch[] = [];
  const maxBytes = Math.min(roomBytes, session.uploadBytes(share, now));
  let bytes = 0;
  while (bytes < maxBytes) {
    const turn = scheduler.next(lanes, now);
    if (turn === undefined || (bytes > 0 && bytes + turn.lane.headBytes > maxBytes)) break;
    const before = bytes;
    for (const batch of turn.lane.take(maxBytes - bytes, turn.before)) {
      // What somebody asked for again is sent, whatever the collector said when the connection stood.
      if (!batch.isReplay && session.isDurable(batch)) {
        durable.push(batch);
        continue;
      }
      session.sent(batch, turn.priority, share, now);
      bytes += batch.records.length;
      upload.push({ ...batch, isHistorical: share === 'backlog', correction: corrections?.of(batch) });
    }
    scheduler.sent(turn.priority, bytes - before);
  }
  return { upload, durable };
}
