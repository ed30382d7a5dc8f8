/** A fleet is asked to take no longer than this to come back. */
const mostMs = 60_000;
/** Beside the pause that a gateway makes anyway, less than this spreads nothing. */
const leastMs = 100;

/**
 * Over what time gateways should come back, so that no more than `perSecond` of them do in a second; 0 when they are so
 * few that it does not matter.
 *
 * @param gateways how many there are
 * @returns whole milliseconds, a minute at the most: beyond it more come in a second
 */
export function reconnectSpreadMs(gateways: number, perSecond: number): number {
  const ms = Math.round((gateways * 1_000) / perSecond);
  return ms < leastMs ? 0 : Math.min(mostMs, ms);
}
