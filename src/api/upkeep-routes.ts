import type { FastifyInstance } from 'fastify';
import type { Certificates } from '../auth/tls/certificates.ts';
import { HeadgateError } from '../core/errors.ts';
import type { LogLevels } from '../lib/log-levels.ts';
import type { Restart } from '../lib/restart.ts';
import type { About } from '../upkeep/about.ts';
import { objectIn } from './body.ts';
import { admin, needs, read } from './guard.ts';
import { problem, sendProblem } from './problem.ts';

/** What keeps a gateway in good order. */
export interface UpkeepApi {
  readonly restart: Pick<Restart, 'isPossible' | 'reason' | 'ask'>;
  readonly levels: Pick<LogLevels, 'view' | 'raise' | 'lower'>;
  readonly certificates: Pick<Certificates, 'view' | 'authority' | 'renew'>;
  readonly about: () => Promise<About>;
  /** All that helps to help, gzipped JSON: no secrets, and no data of devices. */
  readonly support: () => Promise<{ readonly name: string; readonly content: Buffer }>;
}

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'];
const usualMinutes = 15;
const maxMinutes = 1_440;

/**
 * For administrators: `POST /api/v1/restart`; `GET`, `PUT` and `DELETE /api/v1/logs/level`; `GET /api/v1/support`. For whoever may read:
 * `GET /api/v1/about`, `GET /api/v1/certificates`. The certificate of the gateway's own authority is for everybody, as a TLS
 * handshake shows it to everybody.
 */
export function addUpkeepRoutes(app: FastifyInstance, upkeep: UpkeepApi): void {
  const { restart, levels: log, certificates, about, support } = upkeep;
  app.get('/api/v1/about', needs(read), () => about());
  app.get('/api/v1/certificates', needs(read), () => certificates.view());
  app.post('/api/v1/certificates/renew', needs(admin), () => certificates.renew());
  app.get('/api/v1/certificates/authority', needs('nothing'), (_request, reply) => {
    const pem = certificates.authority();
    if (pem === undefined)
      throw new HeadgateError(
        'request.unknown',
        'The gateway has made no certificates of its own: no listener needs one.',
      );
    // The type and name by which phones take it for what it is.
    return reply
      .type('application/x-x509-ca-cert')
      .header('content-disposition', 'attachment; filename="headgate-ca.crt"')
      .send(pem);
  });
  app.get('/api/v1/support', needs(admin), async (_request, reply) => {
    const { name, content } = await support();
    return reply
      .type('application/gzip')
      .header('content-disposition', `attachment; filename="${name}"`)
      .header('cache-control', 'no-store')
      .send(content);
  });
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
