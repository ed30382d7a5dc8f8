import type { FastifyInstance } from 'fastify';
import type { Auth } from '../auth/auth.ts';
import type { FirstRunStatus, FirstRunStep, StepState } from '../first-run/first-run.ts';
import type { GatewayReport, MqttDoor } from '../first-run/gateway-card.ts';
import type { Preferences } from '../first-run/preferences.ts';
import { textsIn } from './body.ts';
import { admin, needs, read, refused } from './guard.ts';
import { starting } from './identify.ts';
import { problem, sendProblem } from './problem.ts';

/** What the pages have to know before anything else. Whatever fails is a {@link HeadgateError}. */
export interface WelcomeApi {
  readonly firstRun: {
    status(): FirstRunStatus;
    /** Somebody is about to make the first administrator in a browser. */
    begin(): void;
    note(step: FirstRunStep, state: StepState): Promise<FirstRunStatus>;
  };
  readonly gateway: {
    report(): GatewayReport;
    change(body: unknown): Promise<GatewayReport>;
    mqtt(): MqttDoor | null;
  };
  readonly preferences: { of(id: string): Preferences; put(id: string, body: unknown): Promise<Preferences> };
}

interface ByStep {
  readonly Params: { readonly step: string };
}

const states: readonly string[] = ['open', 'done', 'skipped'] satisfies StepState[];

/**
 * `GET /api/v1/first-run` tells which steps of the first run are done, `PUT …/{step}` notes one (`state`: `done`, `skipped` or `open`).
 * `GET /api/v1/gateway` tells what the gateway is called and where it is found, `PATCH` names it; `GET` and `PUT /api/v1/preferences` are
 * everybody's own.
 */
export function addFirstRunRoutes(app: FastifyInstance, welcome: WelcomeApi, auth: Auth): void {
  const { firstRun, gateway, preferences } = welcome;
  // Before there is anybody, the page that makes the first one has to know where it is.
  app.get('/api/v1/first-run', needs('nothing'), (_request, reply) => {
    if (!auth.isReady) return sendProblem(reply, refused(starting));
    return reply.send({ setup: auth.setup.state, ...firstRun.status() });
  });
  app.put<ByStep>('/api/v1/first-run/:step', needs(admin), async ({ params, body }, reply) => {
    const { steps } = firstRun.status();
    const found = steps.find(({ step }) => step === params.step);
    if (found === undefined) {
      const names = steps.map(({ step }) => step).join(', ');
      return sendProblem(reply, problem(404, `There is no such step; there are ${names}.`));
    }
    const asked = textsIn(body, ['state']);
    if (typeof asked === 'string') return sendProblem(reply, problem(400, asked));
    if (!states.includes(asked.state))
      return sendProblem(reply, problem(400, `\`state\` must be one of ${states.join(', ')}.`));
    const status = await firstRun.note(found.step, asked.state as StepState);
    return reply.send({ setup: auth.setup.state, ...status });
  });
  app.get('/api/v1/gateway', needs(read), () => gateway.report());
  app.patch('/api/v1/gateway', needs(admin), ({ body }) => gateway.change(body));
  app.get('/api/v1/preferences', needs('somebody'), ({ principal }) => preferences.of(principal.id));
  app.put('/api/v1/preferences', needs('somebody'), async ({ principal, body }, reply) => {
    if (principal.kind === 'device') return sendProblem(reply, problem(409, 'A device has no preferences.'));
    return reply.send(await preferences.put(principal.id, body));
  });
}
