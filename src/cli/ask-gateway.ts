import type { Answer } from '../appliance/gate-watch.ts';
import { HeadgateError, messageOf } from '../core/errors.ts';
import { fetchStatus } from './status.ts';

/** What the page of a gateway that can't start says to programs; see `startup/failure-server.ts`. */
const notStarted = 'The gateway could not start: ';

/** Asks a gateway how it is. Never fails: that it does not say is an answer too. */
export async function askGateway(url: () => Promise<string>): Promise<Answer> {
  try {
    return { name: 'status', status: await fetchStatus(await url()) };
  } catch (error) {
    // It goes on in sentences of others.
    const reason = messageOf(error).replace(/\.$/, '');
    const isFailed =
      error instanceof HeadgateError && error.code === 'gateway.refused' && reason.startsWith(notStarted);
    return isFailed ? { name: 'failed', reason: reason.slice(notStarted.length) } : { name: 'silent', reason };
  }
}
