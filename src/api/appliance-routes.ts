import { hostname } from 'node:os';
import type { FastifyInstance } from 'fastify';
import type { ApplianceDesk } from '../appliance/desk.ts';
import { HeadgateError } from '../core/errors.ts';
import { textsIn } from './body.ts';
import { admin, needs, read } from './guard.ts';
import { longBody } from './long-body.ts';

/** The machine, where it is an appliance. Whatever fails is a {@link HeadgateError}: `appliance.none` where it is none. */
export type ApplianceApi = Pick<ApplianceDesk, 'view' | 'updateFrom' | 'upload' | 'ask'>;

const path = '/api/v1/appliance';
const maxName = 200;

/**
 * `GET /api/v1/appliance` tells of the slots and of an update; for administrators `POST …/update` takes a bundle, or the address of one,
 * and `POST …/restart` and `POST …/factory-reset` have the machine do so.
 */
export function addApplianceRoutes(app: FastifyInstance, appliance: ApplianceApi): void {
  app.get(path, needs(read), async () => {
    const { update, ...machine } = await appliance.view();
    return { ...machine, hostname: hostname(), update: shown(update) };
  });
  app.register(async (scope) => {
    // Whatever its size: it goes to the disk piece by piece.
    scope.addContentTypeParser('application/octet-stream', (_request, _body, done) => done(null));
    scope.post<{ Querystring: { name?: unknown } }>(
      '/api/v1/appliance/update',
      needs(admin),
      async (request, reply) => {
        if (request.headers['content-type']?.startsWith('application/octet-stream')) {
          const { name } = request.query;
          const given = typeof name === 'string' && name !== '' ? name.slice(0, maxName) : 'upload';
          const length = request.headers['content-length'];
          const bytes = length === undefined ? undefined : Number(length);
          return reply.code(202).send(shown(await appliance.upload(longBody(request.raw), given, bytes)));
        }
        const body = textsIn(request.body, ['url']);
        if (typeof body === 'string') throw new HeadgateError('request.invalid', body);
        return reply.code(202).send(shown(await appliance.updateFrom(body.url)));
      },
    );
  });
  app.post('/api/v1/appliance/restart', needs(admin), async (_request, reply) => {
    await appliance.ask('restart');
    return reply.code(202).send({ state: 'restarting' });
  });
  app.post('/api/v1/appliance/factory-reset', needs(admin), async (request, reply) => {
    // First: who asks the wrong machine is to hear that.
    await appliance.view();
    const body = textsIn(request.body, ['confirm']);
    if (typeof body === 'string') throw new HeadgateError('request.invalid', body);
    if (body.confirm !== hostname()) {
      const message = `\`confirm\` must be this machine's name, \`${hostname()}\`: everything on it is deleted.`;
      throw new HeadgateError('request.invalid', message);
    }
    await appliance.ask('factory-reset');
    return reply.code(202).send({ state: 'resetting' });
  });
}

type Update = Awaited<ReturnType<ApplianceApi['view']>>['update'];

/** An update's state, as JSON: an error is what a problem document says of one. */
function shown(update: Update): object {
  if (update.step !== 'failed') return update;
  const { code, message, advice } = update.error;
  return { ...update, error: { code, detail: message, advice } };
}
