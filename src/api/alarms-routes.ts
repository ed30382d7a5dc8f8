import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { AlarmView } from '../alarms/alarm.ts';
import type { RuleView } from '../alarms/alarms.ts';
import type { BuiltInView } from '../alarms/built-in/built-ins.ts';
import type { RuleTerms } from '../alarms/rule.ts';
import { mayRead, mayReadSome } from '../auth/allows.ts';
import { HeadgateError } from '../core/errors.ts';
import type { Principal } from '../core/principal.ts';
import { alarmPageOf, alarmQueryOf } from './alarm-query.ts';
import { admin, demand, demandOf, needs, read } from './guard.ts';
import { problem, sendProblem } from './problem.ts';

/** Alarms, as far as they can be asked for something. Whatever fails is a {@link HeadgateError}. */
export interface AlarmsApi {
  /** The newest first. */
  all(): readonly AlarmView[];
  find(id: string): AlarmView | undefined;
  /** Resolves when it is durable. */
  acknowledge(id: string, by: string, note: string): Promise<AlarmView>;
  /** What a request's body says a rule is; a sentence when it can't be one. */
  ruleTermsOf(body: unknown): RuleTerms | string;
  builtIn(): readonly BuiltInView[];
  rules(): readonly RuleView[];
  rule(id: string): RuleView | undefined;
  addRule(terms: RuleTerms, by: string): Promise<RuleView>;
  replaceRule(id: string, terms: RuleTerms, by: string): Promise<RuleView>;
  removeRule(id: string): Promise<void>;
}

interface ById {
  readonly Params: { readonly id: string };
}

const path = '/api/v1/alarms';
const maxNote = 1_000;

/**
 * `GET /api/v1/alarms`, page by page, and `…/{id}`: of devices that the caller may see, and for who may see everything those of the
 * gateway. `…/built-in` tells what is watched over without a rule. `POST …/{id}/acknowledge` says that one knows. `GET …/rules` and `…/rules/{id}` tell what is watched over;
 * for administrators `POST …/rules`, `PUT` and `DELETE …/rules/{id}`.
 */
export function addAlarmsRoutes(app: FastifyInstance, alarms: AlarmsApi): void {
  app.get(path, needs('somebody'), (request, reply) => {
    const query = alarmQueryOf(request.query as Readonly<Record<string, unknown>>);
    if (typeof query === 'string') return sendProblem(reply, problem('request.invalid', query));
    return reply.send(alarmPageOf(alarmsSeenBy(request.principal, alarms.all()), query));
  });
  app.get<ById>(`${path}/:id`, needs('somebody'), (request, reply) => {
    return reply.send(alarmFor(request, alarms, request.params.id));
  });
  app.post<ById>(`${path}/:id/acknowledge`, needs('somebody'), async (request, reply) => {
    const { device } = knownAlarm(request, alarms, request.params.id);
    demand(request, device === null ? { kind: 'acknowledge' } : { kind: 'acknowledge', deviceId: device });
    const note = noteOf(request.body ?? {});
    if (typeof note !== 'object') return sendProblem(reply, problem('request.invalid', note));
    return reply.send(await alarms.acknowledge(request.params.id, request.principal.name, note.text));
  });
  addRules(app, alarms);
}

function addRules(app: FastifyInstance, alarms: AlarmsApi): void {
  const rules = `${path}/rules`;
  app.get(`${path}/built-in`, needs(read), () => ({ builtIn: alarms.builtIn() }));
  app.get(rules, needs(read), () => ({ rules: alarms.rules() }));
  app.get<ById>(`${rules}/:id`, needs(read), ({ params }, reply) => {
    const rule = alarms.rule(params.id);
    if (rule !== undefined) return reply.send(rule);
    return sendProblem(reply, problem('request.unknown', 'There is no rule for alarms of this id.'));
  });
  app.post(rules, needs(admin), async ({ body, principal }, reply) => {
    const terms = alarms.ruleTermsOf(body);
    if (typeof terms === 'string') return sendProblem(reply, problem('request.invalid', terms));
    const rule = await alarms.addRule(terms, principal.name);
    return reply.code(201).header('location', `${rules}/${rule.id}`).send(rule);
  });
  app.put<ById>(`${rules}/:id`, needs(admin), async ({ params, body, principal }, reply) => {
    const terms = alarms.ruleTermsOf(body);
    if (typeof terms === 'string') return sendProblem(reply, problem('request.invalid', terms));
    return reply.send(await alarms.replaceRule(params.id, terms, principal.name));
  });
  app.delete<ById>(`${rules}/:id`, needs(admin), async ({ params }, reply): Promise<FastifyReply> => {
    await alarms.removeRule(params.id);
    return reply.code(204).send();
  });
}

/** Those that a principal may see. @throws {HeadgateError} access.denied, access.unknown when that is none, ever */
export function alarmsSeenBy(principal: Principal, all: readonly AlarmView[]): readonly AlarmView[] {
  const { may } = principal;
  if (!mayReadSome(may)) demandOf(principal, read);
  if (may.isAdmin || may.readsAll) return all;
  return all.filter(({ device }) => device !== null && mayRead(may, device));
}

/** @throws {HeadgateError} access.denied, access.unknown, request.unknown */
function alarmFor(request: FastifyRequest, alarms: AlarmsApi, id: string): AlarmView {
  const alarm = knownAlarm(request, alarms, id);
  demand(request, alarm.device === null ? read : { kind: 'read', deviceId: alarm.device });
  return alarm;
}

/** Whoever may see and acknowledge nothing at all is told that, and not whether there is such an alarm. */
function knownAlarm({ principal }: FastifyRequest, alarms: AlarmsApi, id: string): AlarmView {
  const alarm = alarms.find(id);
  if (alarm !== undefined) return alarm;
  const { may } = principal;
  if (!mayReadSome(may) && may.command.length === 0) demandOf(principal, read);
  throw new HeadgateError('request.unknown', 'There is no alarm of this id; those that are over are kept for a while.');
}

/** What somebody has to say; a sentence when it can't be that. */
function noteOf(body: unknown): { readonly text: string } | string {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return 'The body must be a JSON object.';
  const { note = '', ...others } = body as Readonly<Record<string, unknown>>;
  const [stray] = Object.keys(others);
  if (stray !== undefined) return `There is no \`${stray.slice(0, 40)}\` here: \`note\` is.`;
  if (typeof note !== 'string' || note.length > maxNote)
    return `\`note\` must be a text of at most ${maxNote} characters.`;
  return { text: note.trim() };
}
