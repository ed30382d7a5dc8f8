import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Failure, failure, failureOf, HeadgateError } from '../../core/errors.ts';
import type { Deliver, DeliveryKey, RecentDelivery } from '../../core/message.ts';
import type { Principal } from '../../core/principal.ts';
import { traceIdIn } from '../../lib/trace-context.ts';
import { demand, needs } from '../guard.ts';
import type { LoadApi } from '../load-hook.ts';
import { problem, sendProblem } from '../problem.ts';
import { type Item, type ItemOrFault, itemsOf } from './items.ts';
import { deliveryKey, requestName, StoredItems } from './retries.ts';

/** The way in, as far as REST needs it. */
export interface PublishApi {
  readonly identity: () => { readonly gateway: string; readonly epoch: string };
  /** As `LocalPublish` has it. */
  readonly deliver: Deliver;
  /** Counts one message against what somebody may publish. @throws {HeadgateError} rate.limited */
  readonly admit?: (principal: Principal, bytes: number) => void;
  /** What an earlier run stored last. */
  readonly recentDeliveries: () => readonly RecentDelivery[];
}

/** What became of one item. */
export type ItemResult =
  /**
   * It is taken. Without a sequence its rule lets it go on before it is on the disk, or keeps it from the records; with
   * `isDuplicate` it was stored when the request came before, in an earlier run of the gateway if there is no sequence.
   */
  { readonly sequence: number | null; readonly isDuplicate?: true } | { readonly error: Failure };

const maxBytes = 2 * 1024 * 1024;
/** Taken in one go: others get their turn in between. */
const itemsAtOnce = 100;
const types = ['application/json', 'application/x-ndjson', 'application/ndjson'];
const path = '/api/v1/measurements';

/**
 * `POST /api/v1/measurements` takes messages and measurements in, one or many, and answers when each is as durable as its rule
 * asks. 200: all are on the disk; 202: some go on before; 207: some were not taken, `results` says which; when none was, the
 * first one's problem.
 */
export function addMeasurementsRoutes(app: FastifyInstance, api: PublishApi, load?: LoadApi): void {
  const stored = new StoredItems(api.recentDeliveries);
  app.register(async (scope) => {
    // As text: the numbers of a payload are to keep all their digits.
    scope.removeContentTypeParser('application/json');
    scope.addContentTypeParser(types, { parseAs: 'string', bodyLimit: maxBytes }, (_, body, done) => done(null, body));
    scope.post(path, needs('somebody'), async (request, reply) => {
      const isNdjson = request.headers['content-type']?.includes('ndjson') ?? false;
      const items = itemsOf(typeof request.body === 'string' ? request.body : '', isNdjson);
      if (typeof items === 'string') return sendProblem(reply, problem('request.invalid', items));
      load?.take('messages', items.length, request.principal, request.ip);
      load?.take('bytes', String(request.body).length, request.principal, request.ip);
      const name = keyOf(request);
      const keyFor = (index: number) => (name === undefined ? undefined : (of: Item) => deliveryKey(name, index, of));
      const underWay: Promise<ItemResult>[] = [];
      for (const [index, read] of items.entries()) {
        const result = take(api, request, read(), keyFor(index), stored);
        // It is waited for below, and may fail before that.
        result.catch(() => undefined);
        underWay.push(result);
        if ((index + 1) % itemsAtOnce === 0) await new Promise(setImmediate);
      }
      const results = await Promise.all(underWay);
      const failures = results.flatMap((result) => ('error' in result ? [result.error] : []));
      const [first] = failures;
      if (first !== undefined && failures.length === results.length) {
        const said = problem(first.code, first.detail, first.retryAfterSeconds);
        return sendProblem(reply, results.length === 1 ? said : Object.assign(said, { results }));
      }
      const isDurable = results.every((one) => 'error' in one || one.sequence !== null || one.isDuplicate);
      const body = { ...api.identity(), taken: results.length - failures.length, failed: failures.length, results };
      return reply.code(failures.length > 0 ? 207 : isDurable ? 200 : 202).send(body);
    });
  });
}

/** @param keyFor what the item is recognised by when the request comes again; undefined: it is not recognised */
async function take(
  api: PublishApi,
  request: FastifyRequest,
  item: ItemOrFault,
  keyFor: ((item: Item) => DeliveryKey) | undefined,
  stored: StoredItems,
): Promise<ItemResult> {
  try {
    if (typeof item === 'string') return { error: failure('request.invalid', item) };
    const { topic, payload, said } = item;
    demand(request, { kind: 'publish', topic });
    const delivery = keyFor?.(item);
    const known = delivery && stored.find(delivery);
    if (known !== undefined) return { sequence: known === 0 ? null : known, isDuplicate: true };
    const traceId = traceIdIn(request.headers.traceparent);
    const message = { source: 'rest', topic, payload, ...(said && { said }), ...(delivery && { delivery }) };
    const { sequence = 0 } = await api.deliver({ ...message, traceId });
    if (delivery !== undefined) stored.stored(delivery, sequence);
    return { sequence: sequence === 0 ? null : sequence };
  } catch (error) {
    // What nobody expected belongs in the log.
    if (!(error instanceof HeadgateError)) throw error;
    return { error: failureOf(error) };
  }
}

/** The name of a request that may come again; undefined for one that is not to be recognised. */
function keyOf({ principal, headers }: FastifyRequest): string | undefined {
  const key = headers['idempotency-key'];
  return typeof key === 'string' ? requestName(principal.id, key) : undefined;
}
