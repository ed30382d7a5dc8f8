import { messageOf } from '../../core/errors.ts';
import type { GatewayStatus } from '../../instrumentation/status.ts';
import { ask } from '../gateway-client.ts';
import type { Finding } from './finding.ts';

/** What a running gateway says of itself; what it did not say is undefined. */
export interface Seen {
  readonly status: GatewayStatus | undefined;
  readonly logs: unknown;
  /** Why it did not say. */
  readonly silence: string | undefined;
}

/** Asks the gateway that runs. */
export async function seenOf(url: string): Promise<Seen> {
  try {
    const status = (await ask(url, 'GET', '/api/v1/status')) as unknown as GatewayStatus;
    const logs = await ask(url, 'GET', '/api/v1/logs?limit=1000').catch((error: unknown) => messageOf(error));
    return { status, logs, silence: undefined };
  } catch (error) {
    return { status: undefined, logs: undefined, silence: messageOf(error) };
  }
}

/** What the gateway's own word is worth knowing of. */
export function gatewayFindings({ status, silence }: Seen, url: string): Finding[] {
  const about = 'Gateway';
  if (status === undefined)
    return [
      {
        about,
        state: 'wrong',
        says: silence ?? `Nothing answers at ${url}.`,
        todo: 'Start it with `npm start`, or name its address with --url.',
      },
    ];
  const { health, buffer, uplink, clock } = status;
  const found: Finding[] = [];
  const state = health.state === 'ready' ? 'well' : health.state === 'failing' ? 'broken' : 'wrong';
  found.push({
    about,
    state,
    says: health.summary,
    ...(state !== 'well' && {
      todo: '`headgate status` tells more, and `GET /api/v1/logs?level=warn` what went before.',
    }),
  });
  if (uplink.reason !== null)
    found.push({
      about: 'Uplink',
      state: 'wrong',
      says: uplink.reason,
      todo: 'Records wait on disk until it stands again.',
    });
  if (clock.quality === 'unset')
    found.push({
      about: 'Time',
      state: 'wrong',
      says: 'The gateway does not know the time.',
      todo: 'Open its page in a browser, or let the system set the clock.',
    });
  const dropped = Object.values(buffer.ledger.dropped).reduce((sum: number, count) => sum + Number(count), 0);
  if (dropped > 0)
    found.push({
      about: 'Losses',
      state: 'wrong',
      says: `${dropped} records were discarded, each for a reason that was counted.`,
      todo: '`headgate status` tells the reasons.',
    });
  return found;
}
