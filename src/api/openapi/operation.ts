import { type TSchema, Type } from 'typebox';
import type { ErrorCode } from '../../core/errors.ts';

/** One route, as the OpenAPI document tells of it. */
export interface Operation {
  /** The group that it is shown in. */
  readonly tag: string;
  /** One line, as what it does: `Lists devices.` */
  readonly summary: string;
  readonly description?: string;
  /** What its caller needs, as scopes say it: `read`, `admin`, …; absent: nothing. */
  readonly needs?: string;
  readonly path?: Readonly<Record<string, TSchema>>;
  readonly query?: Readonly<Record<string, TSchema>>;
  /** Of the query, what has to be there. */
  readonly requiredQuery?: readonly string[];
  /** Headers of the request that mean something here. */
  readonly headers?: Readonly<Record<string, TSchema>>;
  /** By media type. */
  readonly body?: Readonly<Record<string, TSchema>>;
  readonly isBodyOptional?: boolean;
  readonly answers: Readonly<Record<number, Answer>>;
  /** What can go wrong beside what always can. */
  readonly problems?: readonly ErrorCode[];
}

export interface Answer {
  readonly description: string;
  /** By media type; absent: there is no content. */
  readonly content?: Readonly<Record<string, TSchema>>;
  /** Names of headers that come with it. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** By method and path: `GET /api/v1/devices/{id}`. */
export type Operations = Readonly<Record<string, Operation>>;

export const json = (schema: TSchema): Readonly<Record<string, TSchema>> => ({ 'application/json': schema });

/** An answer of JSON with status 200. */
export const ok = (description: string, schema: TSchema): Readonly<Record<200, Answer>> => ({
  200: { description, content: json(schema) },
});

export const text = (description: string) => Type.String({ description });
export const whole = (description: string) => Type.Integer({ minimum: 0, description });
export const number = (description: string) => Type.Number({ description });
export const flag = (description: string) => Type.Boolean({ description });
export const time = (description: string) => Type.String({ format: 'date-time', description });
export const orNull = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
export const list = <T extends TSchema>(items: T, description = '') =>
  Type.Array(items, description === '' ? {} : { description });
export const oneOf = (names: readonly string[], description: string) =>
  Type.Union(
    names.map((name) => Type.Literal(name)),
    { description },
  );
export const named = (schema: TSchema, description: string) => Type.Record(Type.String(), schema, { description });
/** What is told in more detail by the code and the status page than here. */
export const open = (description: string) => Type.Object({}, { additionalProperties: true, description });
export const anything = (description: string) => Type.Unknown({ description });

export const deviceId = text('The id of the device, URL-encoded: it may hold `/`.');
export const limit = Type.Integer({ minimum: 1, maximum: 1_000, default: 100, description: 'How many a page has.' });
export const after = text('`next` of the page before.');
export const next = orNull(text('What to give as `after` for the next page; null: this is the last one.'));
export const total = whole('How many there are on all pages.');
export const traceparent = text(
  'W3C Trace Context: the records have its trace id (`traceId`). One that is not valid is ignored.',
);
export const idempotencyKey = Type.String({
  minLength: 1,
  maxLength: 255,
  description: 'The same request under the same key is done once, and answered as it was.',
});
