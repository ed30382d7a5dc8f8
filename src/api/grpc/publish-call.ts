import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { Failure as Told } from '../../core/errors.ts';
import type { Bearer, Take } from '../../core/message.ts';
import type { Log } from '../../lib/log.ts';
import { traceIdIn } from '../../lib/trace-context.ts';
import type { Failure, PublishRequest, PublishResponse } from '../../wire/generated/headgate/v1/gateway.ts';
import { told } from './failure.ts';
import { whenGone } from './gone.ts';

export type PublishStream = ServerDuplexStream<PublishRequest, PublishResponse>;

export interface PublishDependencies {
  /** As `LocalPublish` has it. */
  readonly take: Take;
  /** @throws {HeadgateError} access.denied when the caller may not publish there, rate.limited when it publishes too much */
  readonly demand: (topic: string, bytes: number) => void;
  readonly log: Log;
}

/** So many messages of one call may wait for the disk, or their answers for the client, before no more are read from it. */
const maxOpen = 256;

/** Takes in what a call brings: each message is answered once it is as durable as its rule asks. */
export function publishCall(call: PublishStream, deps: PublishDependencies): void {
  // It holds for all that the call brings; several are none.
  const traceId = traceIdIn(call.metadata.get('traceparent').join());
  let open = 0;
  let hasEnded = false;
  let isOver = false;
  let isUnread = false;
  const answer = (response: PublishResponse): void => {
    if (isOver || call.write(response) || isUnread) return;
    isUnread = true;
    call.pause();
    call.once('drain', () => {
      isUnread = false;
      if (open < maxOpen && !hasEnded && !isOver) call.resume();
    });
  };
  const settled = (): void => {
    open--;
    if (isOver) return;
    if (hasEnded && open === 0) call.end();
    else if (open === maxOpen - 1 && !hasEnded && !isUnread) call.resume();
  };
  call.on('data', (request: PublishRequest) => {
    const { id } = request;
    if (++open === maxOpen) call.pause();
    const bearer: Bearer = {
      taken: (sequence) => {
        answer({ id, outcome: { $case: 'sequence', value: BigInt(sequence) } });
        settled();
      },
      refused: (error) => {
        answer({ id, outcome: { $case: 'failure', value: failureMessage(told(error, deps.log)) } });
        settled();
      },
    };
    publish(request, traceId, bearer, deps);
  });
  call.on('end', () => {
    hasEnded = true;
    if (open === 0) call.end();
  });
  whenGone(call, () => {
    isOver = true;
  });
}

function failureMessage({ code, detail, retryable, retryAfterSeconds = 0 }: Told): Failure {
  return { code, detail, retryable, retryAfterSeconds };
}

function publish(
  { topic, payload }: PublishRequest,
  traceId: string | undefined,
  bearer: Bearer,
  { take, demand }: PublishDependencies,
): void {
  try {
    demand(topic, payload.length);
  } catch (error) {
    bearer.refused(error as Error);
    return;
  }
  take({ source: 'grpc', topic, payload, traceId }, bearer);
}
