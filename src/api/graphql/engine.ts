import {
  buildSchema,
  type DocumentNode,
  execute,
  type FormattedExecutionResult,
  GraphQLError,
  type GraphQLFieldResolver,
  GraphQLObjectType,
  type GraphQLSchema,
  getOperationAST,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import { type ConnectionInitMessage, type WebSocket as GraphqlSocket, makeServer, type Server } from 'graphql-ws';
import { failure, failureOf } from '../../core/errors.ts';
import type { Principal } from '../../core/principal.ts';
import type { Log } from '../../lib/log.ts';
import { graphqlExtensions } from '../failure-forms.ts';
import { withinLimits } from './limits.ts';
import { type GraphqlParts, type Operation, resolversOf, subscribeTo } from './resolvers.ts';
import { schemaText } from './schema-text.ts';

/** What is asked. */
export interface GraphqlRequest {
  readonly query: string;
  readonly operationName?: string | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
}

/** @throws {HeadgateError} rate.limited, overload.shed */
type Admit = (isSubscription: boolean) => void;

/** Whose WebSocket it is. */
interface Caller {
  readonly principal: Principal;
  readonly admit?: Admit | undefined;
}

/** What comes of an operation, by graphql-js or by graphql-ws. */
interface ResultLike {
  readonly data?: Record<string, unknown> | null | undefined;
  readonly errors?: readonly GraphQLError[] | undefined;
}

/** Longer texts are refused before they are read. */
const maxTokens = 2_000;
/** How long a WebSocket may take to say `connection_init`. */
const initWaitMs = 10_000;
/** Subscriptions and other operations that one WebSocket may have under way. */
const maxOperations = 100;
/** Texts whose reading is remembered: programs ask the same again and again. */
const maxRemembered = 100;

/** Reads, checks and carries out what is asked over GraphQL. */
export class GraphqlEngine {
  readonly schema: GraphQLSchema;
  readonly #log: Log;
  readonly #server: Server<Caller>;
  readonly #documents = new Map<string, DocumentNode>();

  constructor(parts: GraphqlParts, log: Log) {
    this.#log = log;
    this.schema = buildSchema(schemaText);
    this.#server = makeServer<ConnectionInitMessage['payload'], Caller>({
      schema: this.schema,
      connectionInitWaitTimeout: initWaitMs,
      onSubscribe: (context, _id, { query, operationName, variables }) => {
        if (Object.keys(context.subscriptions).length > maxOperations)
          return [new GraphQLError(`A connection may have ${maxOperations} operations under way.`)];
        const document = this.read(query);
        if (!('kind' in document)) return document;
        const refusal = this.#refusal(context.extra, getOperationAST(document, operationName)?.operation);
        if (refusal !== undefined) return [refusal];
        return {
          schema: this.schema,
          document,
          operationName: operationName ?? undefined,
          variableValues: variables ?? undefined,
          contextValue: { principal: context.extra.principal, told: 0 },
        };
      },
      onError: (_context, _id, _payload, errors) => errors.map((error) => this.#told(error)),
      onNext: (_context, _id, _payload, _args, result) => this.#shown(result),
    });
    const subscription = this.schema.getSubscriptionType()!.getFields().events!;
    subscription.subscribe = (_source, args, operation: Operation) => subscribeTo(parts.live.feed, args, operation);
    for (const [type, fields] of Object.entries(resolversOf(parts))) {
      const found = this.schema.getType(type);
      if (!(found instanceof GraphQLObjectType)) throw new RangeError(`There is no type ${type}.`);
      for (const [name, resolver] of Object.entries(fields)) {
        const field = found.getFields()[name];
        if (field === undefined) throw new RangeError(`${type} has no field ${name}.`);
        field.resolve = resolver as unknown as GraphQLFieldResolver<unknown, Operation>;
      }
    }
  }

  /**
   * @param isReadOnly what changes something is refused: of a GET, which a page from elsewhere could make a browser send
   * @param traceId what it publishes belongs to that trace
   * @returns with `data` when it was carried out, in part at least; without when it was refused
   */
  async answer(
    { query, operationName, variables }: GraphqlRequest,
    principal: Principal,
    isReadOnly = false,
    traceId?: string,
  ): Promise<FormattedExecutionResult> {
    const document = this.read(query);
    if (!('kind' in document)) return { errors: document.map((error) => this.#told(error)) };
    const operation = getOperationAST(document, operationName);
    const refusal = refusalOf(operation?.operation, operationName, isReadOnly);
    if (refusal !== undefined) return { errors: [this.#told(new GraphQLError(refusal))] };
    const contextValue: Operation = { principal, traceId, told: 0 };
    const result = await execute({
      schema: this.schema,
      document,
      operationName,
      variableValues: variables,
      contextValue,
    });
    return this.#shown(result);
  }

  #shown({ data, errors }: ResultLike): FormattedExecutionResult {
    return { ...(data !== undefined && { data }), ...(errors && { errors: errors.map((one) => this.#told(one)) }) };
  }

  /** @returns what is wrong with the text, when something is */
  read(query: string): DocumentNode | readonly GraphQLError[] {
    const known = this.#documents.get(query);
    if (known !== undefined) return known;
    let document: DocumentNode;
    try {
      document = parse(query, { maxTokens });
    } catch (error) {
      if (error instanceof GraphQLError) return [error];
      throw error;
    }
    const errors = validate(this.schema, document, [...specifiedRules, withinLimits], { maxErrors: 20 });
    if (errors.length > 0) return errors;
    if (this.#documents.size >= maxRemembered) this.#documents.clear();
    this.#documents.set(query, document);
    return document;
  }

  /**
   * Serves one WebSocket by the protocol graphql-transport-ws.
   *
   * @param admit counts an operation against what the caller may ask for
   * @returns to be called when it is closed
   */
  serve(socket: GraphqlSocket, principal: Principal, admit?: Admit): (code: number, reason: string) => void {
    const closed = this.#server.opened(socket, { principal, admit });
    return (code, reason) => void closed(code, reason);
  }

  #refusal({ admit }: Caller, operation: string | undefined): GraphQLError | undefined {
    try {
      admit?.(operation === 'subscription');
      return undefined;
    } catch (error) {
      const { message: text } = error as Error;
      return new GraphQLError(text, { originalError: error as Error });
    }
  }

  /** An error in the words of the table of errors. What was thrown and not expected goes to the log. */
  #told(error: GraphQLError): NonNullable<FormattedExecutionResult['errors']>[number] {
    const { originalError, locations, path } = error;
    const said = originalError === undefined ? failure('request.invalid', error.message) : failureOf(originalError);
    if (said.code === 'server.failed') this.#log.error({ err: originalError }, 'A GraphQL operation failed.');
    const { detail, ...rest } = said;
    return {
      message: detail,
      ...(locations && { locations }),
      ...(path && { path }),
      extensions: graphqlExtensions({ detail, ...rest }) as unknown as Record<string, unknown>,
    };
  }
}

function refusalOf(operation: string | undefined, name: string | undefined, isReadOnly: boolean): string | undefined {
  if (operation === undefined)
    return name === undefined
      ? 'There are several operations: `operationName` has to say which.'
      : `There is no operation ${name.slice(0, 100)}.`;
  if (operation === 'subscription')
    return 'Subscriptions need a WebSocket: connect to this path with the subprotocol graphql-transport-ws.';
  return isReadOnly && operation === 'mutation' ? 'A GET only reads: send this with POST.' : undefined;
}
