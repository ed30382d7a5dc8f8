import { Type } from 'typebox';

// What `GET /api/v1/measurements` takes and gives, for the OpenAPI document. Not loaded by a gateway that runs.

export const measurementsQuery = Type.Object(
  {
    device: Type.String({ minLength: 1, description: 'The id of a device.' }),
    field: Type.Optional(
      Type.Array(Type.String(), {
        maxItems: 100,
        description: 'A field; may be repeated. Without, all of the device.',
      }),
    ),
    from: Type.Optional(
      Type.String({
        description:
          'When the window begins: RFC 3339, or how long ago, such as `-1h`. Default: an hour ago, when another part of a window is given; without any the newest values are told.',
        examples: ['-1h', '2026-11-22T18:00:00Z'],
      }),
    ),
    to: Type.Optional(Type.String({ description: 'When it ends; that instant is not in it. Default: now.' })),
    points: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 2_000, default: 500, description: 'Points of each field at the most.' }),
    ),
    bucket: Type.Optional(
      Type.String({
        description:
          'How wide buckets are: a multiple of 10 s. `finest`, for ndjson and csv: points as they came where memory has all of the window, else the finest buckets that are kept from `from` on.',
        examples: ['10s', '5m', '1h', 'finest'],
      }),
    ),
    format: Type.Optional(Type.Enum(['json', 'ndjson', 'csv'], { default: 'json' })),
    layout: Type.Optional(Type.Enum(['columns', 'rows'], { default: 'columns', description: 'Of JSON.' })),
  },
  { additionalProperties: false },
);

const nullable = (description: string) => Type.Union([Type.String(), Type.Null()], { description });
const numbers = Type.Array(Type.Number());
const times = Type.Array(Type.Integer(), { description: 'Unix time in ms.' });
const value = Type.Union([Type.Number(), Type.Boolean(), Type.String()]);
const head = {
  field: Type.String(),
  tags: Type.String({ description: 'Such as `room=3,rack=b`; empty: none.' }),
  unit: nullable('A code; null: unknown.'),
};
const type = Type.Enum(['number', 'boolean', 'text']);

const points = Type.Object(
  { ...head, type, times, values: Type.Array(value) },
  { description: 'Points as they came, in the order of time.', additionalProperties: false },
);
const buckets = Type.Object(
  { ...head, type, times, min: numbers, max: numbers, avg: numbers, count: numbers, first: numbers, last: numbers },
  {
    description: 'Buckets that have points; `times` says when each begins. True counts as 1, false as 0.',
    additionalProperties: false,
  },
);
const row = Type.Object(
  {
    ...head,
    time: nullable('RFC 3339 in UTC.'),
    value: Type.Optional(value),
    ...{ min: Type.Optional(Type.Number()), max: Type.Optional(Type.Number()), avg: Type.Optional(Type.Number()) },
    ...{ count: Type.Optional(Type.Number()), first: Type.Optional(Type.Number()), last: Type.Optional(Type.Number()) },
  },
  { additionalProperties: false },
);
const loss = Type.Object(
  {
    from: Type.String(),
    to: Type.String(),
    points: Type.Integer(),
    reason: Type.Enum(['slow-disk', 'disk', 'damaged', 'clock']),
  },
  { additionalProperties: false },
);
const about = {
  device: Type.String(),
  kind: Type.Enum(['raw', 'buckets']),
  from: Type.String(),
  to: Type.String(),
  bucketSeconds: Type.Union([Type.Number(), Type.Null()]),
  tier: Type.Union([Type.Enum(['10s', '1m', '15m', '1h']), Type.Null()], {
    description: 'Of which kept buckets they were made.',
  }),
  losses: Type.Array(loss, { description: 'Points of the window that are in no bucket.' }),
  leftSeries: Type.Integer({
    description: 'Fields that are left out, because they are too many: ask for some by name.',
  }),
};

export const measurementsAnswer = Type.Union([
  Type.Object(
    { device: Type.String(), kind: Type.Literal('latest'), fields: Type.Array(row) },
    { additionalProperties: false },
  ),
  Type.Object(
    { device: Type.String(), kind: Type.Literal('latest'), rows: Type.Array(row) },
    { additionalProperties: false },
  ),
  Type.Object({ ...about, series: Type.Array(Type.Union([points, buckets])) }, { additionalProperties: false }),
  Type.Object({ ...about, rows: Type.Array(row) }, { additionalProperties: false }),
]);
