import type { ServerWritableStream } from '@grpc/grpc-js';
import type { LiveFeed, LiveSink } from '../../core/live.ts';
import type { Principal } from '../../core/principal.ts';
import type { Log } from '../../lib/log.ts';
import type { SubscribeRequest } from '../../wire/generated/headgate/v1/gateway.ts';
import { filterOf, scopeOf } from '../live/filter-of.ts';
import { endOf } from '../live/live-end.ts';
import { batchMessages, startMessage } from './event-messages.ts';
import { callFailure } from './failure.ts';
import { whenGone } from './gone.ts';

export type SubscribeCall = ServerWritableStream<SubscribeRequest, Buffer>;

/**
 * Tells a call what happens until it ends.
 *
 * @throws {HeadgateError} request.invalid, access.denied, access.unknown, overload.shed
 */
export function subscribeCall(call: SubscribeCall, principal: Principal, feed: LiveFeed, log: Log): void {
  const { devices, topics, kinds, fields, after } = call.request;
  const wanted = Object.entries({ devices, topics, kinds, fields }).filter(([, texts]) => texts.length > 0);
  const filter = filterOf(Object.fromEntries(wanted));
  const scope = scopeOf(principal);
  const sink: LiveSink = {
    deliver: (batch) => {
      let takesMore = true;
      for (const message of batch.form('grpc', batchMessages)) takesMore = call.write(message);
      return takesMore;
    },
    ended: (why) => {
      call.emit('error', callFailure(endOf(why), log));
    },
  };
  const subscription = feed.subscribe({
    filter,
    ...(scope && { scope }),
    after: after === '' ? undefined : after,
    sink,
  });
  call.on('drain', () => subscription.resume());
  whenGone(call, () => subscription.close());
  call.write(startMessage(subscription.start));
}
