import type { FastifyReply, FastifyRequest } from 'fastify';
import { problem, sendProblem } from './problem.ts';

interface Row {
  /** The levels of its path; undefined: anything that is not empty. */
  readonly levels: readonly (string | undefined)[];
  readonly methods: Set<string>;
}

/** So much of a path is repeated to whoever asked for it, in characters. */
const maxEchoed = 200;
const maxLevels = 20;

/** Which methods there are for which paths, to say more than "no" where no route takes a request. */
export class RouteTable {
  readonly #rows = new Map<string, Row>();

  add({ url, method }: { readonly url: string; readonly method: string | readonly string[] }): void {
    const levels = url.split('/').map((level) => (level.startsWith(':') ? undefined : level));
    const row = this.#rows.get(url) ?? { levels, methods: new Set() };
    for (const one of [method].flat()) row.methods.add(one);
    this.#rows.set(url, row);
  }

  /** Answers what no route takes: with what may be done with the path instead, or that there is none. */
  refuse({ url, method }: FastifyRequest, reply: FastifyReply): FastifyReply {
    const path = url.split('?', 1)[0] ?? '';
    const methods = this.#methodsOf(path);
    const shown = path.slice(0, maxEchoed);
    if (methods.length === 0) return sendProblem(reply, problem('route.unknown', `There is nothing at ${shown}.`));
    reply.header('allow', methods.join(', '));
    if (method === 'OPTIONS') return reply.code(204).send();
    const detail = `${shown} ${abilities(methods)}; there is no ${method}.`;
    return sendProblem(reply, problem('method.not-allowed', detail));
  }

  #methodsOf(path: string): string[] {
    const levels = path.split('/', maxLevels + 1);
    const found = [...this.#rows.values()].filter(({ levels: own }) => {
      return (
        own.length === levels.length &&
        own.every((level, n) => (level ?? levels[n]) === levels[n] && levels[n] !== undefined)
      );
    });
    const methods = new Set(found.flatMap((row) => [...row.methods]));
    return ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'].filter((one) => methods.has(one));
  }
}

/** What can be done with a path: `can be read`, `takes a POST`, `can be read and takes a PATCH or DELETE`. */
function abilities(methods: readonly string[]): string {
  const changes = methods.filter((one) => one !== 'GET' && one !== 'HEAD').join(' or ');
  const texts = [methods.includes('GET') ? 'can be read' : '', changes === '' ? '' : `takes a ${changes}`];
  return texts.filter((text) => text !== '').join(' and ');
}
