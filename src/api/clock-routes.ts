import type { FastifyInstance } from 'fastify';
import type { ClockStatus } from '../clock/status.ts';
import type { Verdict } from '../clock/time-keeper.ts';
import type { UnixMs } from '../core/time.ts';
import { admin, demand, needs } from './guard.ts';
import { isNearbyCaller } from './local-caller.ts';
import { problem, sendProblem } from './problem.ts';

/** The gateway's clock, as far as it can be told the time. */
export interface ClockApi {
  readonly status: () => ClockStatus;
  /** Somebody says what time it is, and by how many milliseconds that may be wrong. */
  readonly heard: (source: 'browser', unixMs: UnixMs, uncertaintyMs: number) => Verdict;
}

/** Nobody knows how long a request was on its way. */
const uncertaintyMs = 500;
/** RFC 3339 with its zone: without one it is somebody else's time somewhere else. */
const timePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/**
 * `PUT /api/v1/clock` with `{"now": "2026-11-25T13:00:00Z"}`: tells the gateway the time, as long as its clock is not
 * synchronised. For administrators; as long as the clock is not set at all, for a browser in the same network too.
 */
export function addClockRoutes(app: FastifyInstance, clock: ClockApi): void {
  app.put('/api/v1/clock', needs('nothing'), (request, reply) => {
    const { quality } = clock.status();
    if (!(quality === 'unset' && isNearbyCaller(request))) demand(request, admin);
    const { now } = (request.body ?? {}) as { readonly now?: unknown };
    const unixMs = typeof now === 'string' && timePattern.test(now) ? Date.parse(now) : Number.NaN;
    if (Number.isNaN(unixMs)) {
      return sendProblem(reply, problem(400, '`now` must be a time with its zone, such as 2026-11-22T18:00:00.000Z.'));
    }
    if (quality === 'synced') {
      return sendProblem(reply, problem(409, 'The clock is kept right by time synchronisation: nobody else sets it.'));
    }
    const verdict = clock.heard('browser', unixMs, uncertaintyMs);
    switch (verdict.name) {
      case 'adopted':
      case 'agrees': {
        const { source, now: after } = clock.status();
        return reply.send({ quality: clock.status().quality, source, now: new Date(after).toISOString() });
      }
      case 'contradicts':
        return sendProblem(
          reply,
          problem(409, 'Time synchronisation has set the clock since boot, to another time: that is believed.'),
        );
      case 'refused':
        return sendProblem(reply, problem(400, '`now` is a time that it cannot be.'));
    }
  });
}
