import type { Log } from '../../lib/log.ts';
import type { GraphqlEngine } from './engine.ts';
import type { GraphqlParts } from './resolvers.ts';

/** GraphQL's library takes 17 MB: it is loaded by the first who asks. */
export function lazyEngine(parts: GraphqlParts, log: Log): () => Promise<GraphqlEngine> {
  let engine: Promise<GraphqlEngine> | undefined;
  return () => {
    engine ??= import('./engine.ts').then((made) => new made.GraphqlEngine(parts, log));
    return engine;
  };
}
