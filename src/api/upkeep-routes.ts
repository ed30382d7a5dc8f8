import type { FastifyInstance } from 'fastify';
import { HeadgateError } from '../core/errors.ts';
import type { LogLevels } from '../lib/log-levels.ts';
import type { Restart } from '../lib/restart.ts';
import { objectIn } from './body.ts';
import { admin, needs } from './guard.ts';
import { problem, sendProblem } from './problem.ts';

/** What keeps a gateway in good order. */
export interface UpkeepApi {
  readonly restart: Pick<Restart, 'isPossible' | 'reason' | 'ask'>;
  readonly levels: Pick<LogLevels, 'view' | 'raise' | 'lower'>;
}

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'];
const usualMinutes = 15;
const maxMinutes = 1_440;

/** For administrators: `POST /api/v1/restart`; `GET`, `PUT` and `DELETE /api/v1/logs/level`. */
export function addUpkeepRoutes(app: FastifyInstance, { restart, levels: log }: UpkeepApi): void {
  app.post('/api/v1/restart', needs(admin), (_request, reply) => {
    if (!restart.isPossible) throw new HeadgateError('request.conflict', restart.reason ?? '');
    // Whoever asks is to know before the connection ends.
    reply.raw.once('close', () => restart.ask());
    return reply.code(202).send({ state: 'restarting' });
  });
  app.get('/api/v1/logs/level', needs(admin), () => log.view());
  app.put('/api/v1/logs/level', needs(admin), (request, reply) => {
    const given = objectIn(request.body, ['level', 'minutes']);
    if (typeof given === 'string') return sendProblem(reply, problem('request.invalid', given));
    const { level, minutes = usualMinutes } = given;
    if (typeof level !== 'string' || !levels.includes(level))
      return sendProblem(reply, problem('request.invalid', `\`level\` must be ${levels.join(', ')}.`));
    if (typeof minutes !== 'number' || !Number.isInteger(minutes) || minutes < 1 || minutes > maxMinutes)
      return sendProblem(
        reply,
        problem('request.invalid', `\`minutes\` must be a whole number from 1 to ${maxMinutes}.`),
      );
    log.raise(level, minutes * 60_000);
    return log.view();
  });
  app.delete('/api/v1/logs/level', needs(admin), () => {
    log.lower();
    return log.view();
  });
}
