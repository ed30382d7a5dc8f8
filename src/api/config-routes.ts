import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ConfigView } from '../config/desk.ts';
import { etagOf, isOneOf } from './etag.ts';
import { admin, needs, read } from './guard.ts';
import { problem, sendProblem } from './problem.ts';
import type { RulesApi } from './rules-routes.ts';

/** The configuration, as far as it can be looked at and changed. Whatever fails is a {@link HeadgateError}. */
export interface ConfigApi {
  view(): ConfigView;
  /** JSON Schema, with a description of each key. */
  readonly schema: object;
  /** @param text JSON or YAML; empty: what was set is taken back @throws {HeadgateError} request.invalid, request.conflict, data.unwritable */
  changeRules(text: string): void;
  /** Null takes back what was set. @throws {HeadgateError} request.invalid with `faults`, request.conflict, data.unwritable */
  change(patch: Readonly<Record<string, unknown>>): void;
  /** Whether {@link change} would be refused; changes nothing. @throws {HeadgateError} request.invalid with `faults`, request.conflict */
  check(patch: Readonly<Record<string, unknown>>): void;
  /** Takes back everything that was set. @throws {HeadgateError} request.conflict, data.unwritable */
  reset(): void;
  /** Settings on trial are to stay. @throws {HeadgateError} request.conflict, data.unwritable */
  confirm(): void;
}

const path = '/api/v1/config';
const json = 'application/json; charset=utf-8';

/**
 * For administrators: `GET /api/v1/config` tells what holds, secrets hidden, with where each key comes from and whether it can be set
 * here, and `…/schema` what each key means. `PATCH` sets keys, `DELETE` takes back what was set that way, `POST …/confirm` keeps what is
 * on trial; `PUT /api/v1/rules` sets the QoS rules alone. With `If-Match` only if it is still as it was read.
 */
export function addConfigRoutes(app: FastifyInstance, config: ConfigApi, rules: RulesApi): void {
  app.get(path, needs(admin), (_request, reply) => reply.type(json).send(viewText(config)));
  app.get(`${path}/schema`, needs(read), () => config.schema);
  app.patch(path, needs(admin), (request, reply) => {
    if (!isObject(request.body))
      return sendProblem(reply, problem('request.invalid', 'The body must be a JSON object.'));
    if (isChanged(request, viewText(config))) return sendChanged(reply);
    config.change(request.body);
    return sendText(reply, viewText(config));
  });
  app.delete(path, needs(admin), (request, reply) => {
    if (isChanged(request, viewText(config))) return sendChanged(reply);
    config.reset();
    return sendText(reply, viewText(config));
  });
  app.post(`${path}/confirm`, needs(admin), (_request, reply) => {
    config.confirm();
    return sendText(reply, viewText(config));
  });
  app.put('/api/v1/rules', needs(admin), (request, reply) => {
    const { body } = request;
    const given = isObject(body) && Object.keys(body).length === 1 ? (body.rules ?? body.text) : undefined;
    // A list can't be a text by mistake, nor a text a list.
    const isList = Array.isArray(given) && isObject(body) && 'rules' in body;
    if (!isList && !(typeof given === 'string' && isObject(body) && 'text' in body)) {
      return sendProblem(
        reply,
        problem('request.invalid', 'The body must be `{"rules": […]}`, as in the configuration, or `{"text": "…"}`.'),
      );
    }
    const text = (): string => JSON.stringify({ rules: rules.describe() });
    if (isChanged(request, text())) return sendChanged(reply);
    config.changeRules(typeof given === 'string' ? given : JSON.stringify(given));
    return sendText(reply, text());
  });
}

const viewText = (config: ConfigApi): string => JSON.stringify(config.view());

function sendText(reply: FastifyReply, text: string): FastifyReply {
  return reply.header('etag', etagOf(text)).type(json).send(text);
}

/** Whether it is not as whoever wants to change it has read it (RFC 9110 § 13.1.1). */
function isChanged({ headers }: FastifyRequest, text: string): boolean {
  const given = headers['if-match'];
  return given !== undefined && !isOneOf(given, etagOf(text));
}

function sendChanged(reply: FastifyReply): FastifyReply {
  return sendProblem(reply, problem('precondition.failed', 'It is not what `If-Match` names any more.'));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
