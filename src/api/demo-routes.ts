import type { FastifyInstance } from 'fastify';
import type { DemoStatus } from '../first-run/demo.ts';
import { admin, needs, read } from './guard.ts';

/** Simulated devices. Whatever fails is a {@link HeadgateError}. */
export interface DemoApi {
  status(): DemoStatus;
  begin(): Promise<DemoStatus>;
  end(): Promise<void>;
}

/**
 * `GET /api/v1/demo` tells whether simulated devices measure; for administrators `POST` starts them and `DELETE` ends and forgets them. They
 * are seen at this gateway alone: no record of theirs is made.
 */
export function addDemoRoutes(app: FastifyInstance, demo: DemoApi): void {
  const path = '/api/v1/demo';
  app.get(path, needs(read), () => demo.status());
  app.post(path, needs(admin), () => demo.begin());
  app.delete(path, needs(admin), async (_request, reply) => {
    await demo.end();
    return reply.code(204).send();
  });
}
