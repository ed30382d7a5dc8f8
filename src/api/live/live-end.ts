import { HeadgateError } from '../../core/errors.ts';
import type { LiveEnd } from '../../core/live.ts';

/** How long a reader that was let go because it is slow had better stay away. */
const awaySeconds = 30;

/** What a reader is told whose subscription ends without its wanting it to. Short enough for the close frame of a WebSocket (RFC 6455 § 5.5). */
export function endOf(why: LiveEnd): HeadgateError {
  switch (why) {
    case 'stopping':
      return new HeadgateError('buffer.closed', 'The gateway is stopping.');
    case 'frozen':
      return new HeadgateError('overload.shed', 'Nothing of this stream was read for too long.');
    case 'shed':
      return new HeadgateError(
        'overload.shed',
        'Too slow for a gateway this busy: come back by SSE (/api/v1/live), then by polling (/api/v1/live/poll).',
        { retryAfterSeconds: awaySeconds },
      );
  }
}
