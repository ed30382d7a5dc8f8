import { type TSchema, Type } from 'typebox';
import { measurementsAnswer, measurementsQuery } from '../measurements/history-schema.ts';
import {
  after,
  anything,
  deviceId,
  flag,
  idempotencyKey,
  json,
  limit,
  list,
  named,
  next,
  number,
  type Operations,
  ok,
  oneOf,
  orNull,
  text,
  time,
  total,
  traceparent,
  whole,
} from './operation.ts';

const instant = Type.Object({ at: time('When.'), clockQuality: text('How far the clock could be trusted.') });
const presence = oneOf(['online', 'stale', 'offline', 'unknown'], 'Whether it is there.');

const heardMessage = Type.Object({
  number: whole('Counts those that were seen since somebody asks, from 1.'),
  receivedAt: time('When.'),
  source: text('The way it came: `mqtt`, `rest`, …'),
  topic: text('On which.'),
  mqttQos: orNull(whole('Null: it did not come over MQTT.')),
  isRetained: flag('A broker had kept it: when it was said, nobody knows.'),
  payloadBytes: whole('Of all its payload.'),
  payloadText: Type.Optional(text('How it begins, where that is a text.')),
  payloadBase64: text('How it begins: up to 2,000 bytes.'),
});

const summary = {
  id: text('Unique, and the same after a restart.'),
  name: text('What to call it.'),
  givenName: orNull(text('As people named it here.')),
  toldName: orNull(text('As it, or its bridge, names it.')),
  profile: orNull(Type.Object({ name: text('`vendor/model`.'), version: whole('') })),
  source: text('The way it is heard: `mqtt`, `rest`, …'),
  via: orNull(text('The device through which it is reached.')),
  presence,
  presenceSince: instant,
  firstSeen: instant,
  lastSeen: orNull(instant),
  silentSeconds: orNull(whole('Since it was heard; null: not since the start.')),
  messages: whole('Heard of it.'),
  measurements: whole('In them.'),
  isIgnored: flag('Not counted, and not listed unless asked for.'),
};

const fields = list(
  Type.Object({
    name: text(''),
    tags: Type.Optional(text('`room=3,rack=b`.')),
    value: anything('The newest; bytes in base64.'),
    unit: orNull(text('A code, SenML’s where there is one.')),
    unitSymbol: orNull(text('The same for people.')),
    at: orNull(time('When it was measured.')),
  }),
);

/** In a list. */
export const listedDevice = Type.Object({ ...summary, fields: Type.Optional(fields) });

const device = Type.Object({
  ...summary,
  staleAfterSeconds: whole('The silence after which it is stale.'),
  offlineAfterSeconds: whole('The silence after which it is offline.'),
  attributes: named(anything(''), 'What it says of itself.'),
  topics: list(Type.String(), 'On which it was heard.'),
  fields,
});

const command = Type.Object({
  id: text('Names it for ever.'),
  device: text('The device that is meant.'),
  name: text('What its profile calls it, or empty.'),
  revision: whole('Counts the changes of its state, from 1.'),
  state: oneOf(['queued', 'sent', 'acknowledged', 'failed', 'expired', 'unknown'], 'Where it stands.'),
  by: orNull(text('Who gave it here; null: the collector did.')),
  reason: orNull(text('Why it failed.')),
  result: anything('What the device answered: JSON where it is that, else a text; null: nothing.'),
  at: orNull(time('When that changed; null: the clock had not been set.')),
});

export const payloadMembers: Readonly<Record<string, TSchema>> = {
  payload: Type.Optional(anything('JSON, as it is to be sent.')),
  payloadText: Type.Optional(text('A text.')),
  payloadBase64: Type.Optional(text('Bytes.')),
};

export const deviceOperations: Operations = {
  'GET /api/v1/devices': {
    tag: 'Devices',
    summary: 'Lists devices, in order of their ids.',
    needs: 'read',
    query: {
      presence: text('One or several of `online`, `stale`, `offline` and `unknown`, with commas.'),
      profile: text('`vendor/model`, or `vendor`; empty: those without a profile.'),
      text: text('In the id or a name, whatever the case.'),
      ignored: oneOf(['true', 'false'], 'Those that people ignore, instead of all others.'),
      limit,
      after,
      fields: Type.Integer({
        minimum: 0,
        maximum: 16,
        default: 0,
        description: 'Of how many fields of each the newest values are told.',
      }),
    },
    answers: ok('A page.', Type.Object({ devices: list(listedDevice), next, total })),
  },
  'GET /api/v1/devices/{id}': {
    tag: 'Devices',
    summary: 'All that is known of a device, with its newest values.',
    needs: 'read',
    path: { id: deviceId },
    answers: ok('The device.', device),
    problems: ['device.unknown'],
  },
  'GET /api/v1/devices/{id}/messages': {
    tag: 'Devices',
    summary: 'The newest messages of a device as they came.',
    description:
      'They are kept from when somebody first asks, up to 50, and until nobody has asked for a minute; of 20 devices at once.',
    needs: 'read',
    path: { id: deviceId },
    answers: ok('The newest first.', Type.Object({ messages: list(heardMessage) })),
    problems: ['device.unknown'],
  },
  'PATCH /api/v1/devices/{id}': {
    tag: 'Devices',
    summary: 'Gives a device a name, or has it ignored.',
    needs: 'admin',
    path: { id: deviceId },
    body: json(
      Type.Object(
        {
          name: Type.Optional(orNull(Type.String({ minLength: 1, maxLength: 200 }))),
          isIgnored: Type.Optional(flag('')),
        },
        { minProperties: 1 },
      ),
    ),
    answers: ok('The device as it is now.', device),
    problems: ['device.unknown'],
  },
  'DELETE /api/v1/devices/{id}': {
    tag: 'Devices',
    summary: 'Forgets a device; it is there again when it is heard.',
    needs: 'admin',
    path: { id: deviceId },
    answers: { 204: { description: 'It is forgotten.' } },
    problems: ['device.unknown'],
  },
  'POST /api/v1/devices/{id}/commands': {
    tag: 'Commands',
    summary: 'Gives a device a command, once at the most.',
    needs: 'command',
    path: { id: deviceId },
    headers: {
      'idempotency-key': idempotencyKey,
      prefer: text('`wait=10`: answer when it is over, or after so many seconds, 60 at the most.'),
    },
    body: json(
      Type.Object({
        id: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' })),
        name: Type.Optional(Type.String({ maxLength: 200 })),
        ...payloadMembers,
        priority: Type.Optional(oneOf(['critical', 'normal', 'bulk'], 'Urgent ones go first.')),
        expiresAt: Type.Optional(time('After this it is not given any more.')),
        expiresInSeconds: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 31_536_000 })),
      }),
    ),
    answers: {
      200: { description: 'It is over.', content: json(command), headers: { location: 'Where it is told of.' } },
      202: { description: 'It is durable.', content: json(command), headers: { location: 'Where it is told of.' } },
    },
    problems: ['request.conflict', 'idempotency.conflict', 'idempotency.busy', 'buffer.failed'],
  },
  'GET /api/v1/devices/{id}/commands': {
    tag: 'Commands',
    summary: 'Lists commands of a device, the newest first.',
    needs: 'read',
    path: { id: deviceId },
    query: { limit, after },
    answers: ok('A page.', Type.Object({ commands: list(command), next, total })),
  },
  'GET /api/v1/devices/{id}/commands/{commandId}': {
    tag: 'Commands',
    summary: 'Tells what became of a command.',
    needs: 'read',
    path: { id: deviceId, commandId: text('The command.') },
    answers: ok('The command.', command),
    problems: ['command.unknown'],
  },
};

const value = Type.Union([Type.Number(), Type.Boolean(), Type.String()]);
const measurement = Type.Object(
  {
    device: Type.String({ minLength: 1, maxLength: 1_000 }),
    time: Type.Optional(time('When it was measured; absent: now.')),
    fields: named(
      Type.Union([value, Type.Object({ value, unit: Type.Optional(text('A code or what people write: `°C`.')) })]),
      'Values by name, 1 to 200 of them.',
    ),
  },
  { description: 'A measurement.' },
);
const message = Type.Object(
  { topic: text('As over MQTT, without + and #.'), ...payloadMembers },
  { description: 'A message.' },
);
const item = Type.Union([message, measurement]);
const failure = Type.Object({
  code: text(''),
  detail: text(''),
  advice: text(''),
  retryable: flag(''),
  retryAfterSeconds: Type.Optional(number('')),
});
const published = Type.Object({
  gateway: text('Which gateway has them.'),
  epoch: text('And in which epoch: with that, a sequence is unique for ever.'),
  taken: whole('How many were taken in.'),
  failed: whole('How many were not.'),
  results: list(
    Type.Union([
      Type.Object({
        sequence: orNull(whole('Null: the rule lets it go on before it is on the disk, or keeps it from the records.')),
        isDuplicate: Type.Optional(flag('It was stored when the request came before.')),
      }),
      Type.Object({ error: failure }),
    ]),
    'One for each item, in their order.',
  ),
});

export const measurementOperations: Operations = {
  'GET /api/v1/measurements': {
    tag: 'Measurements',
    summary: 'Tells what a device measured: the newest values, points of a window, or buckets of it.',
    needs: 'read',
    query: measurementsQuery.properties,
    requiredQuery: ['device'],
    answers: {
      200: {
        description: 'Of each field of the device.',
        content: {
          'application/json': measurementsAnswer,
          'application/x-ndjson': Type.String(),
          'text/csv': Type.String(),
        },
        headers: { etag: 'What to send as `if-none-match` to be told only when it has changed.' },
      },
      304: { description: 'It is what it was.' },
    },
    problems: ['device.unknown', 'history.unavailable'],
  },
  'POST /api/v1/measurements': {
    tag: 'Measurements',
    summary: 'Takes messages and measurements in, and answers when they are as durable as their rules ask.',
    needs: 'publish',
    headers: { 'idempotency-key': idempotencyKey, traceparent },
    body: {
      'application/json': Type.Union([item, Type.Array(item, { minItems: 1, maxItems: 5_000 })]),
      'application/x-ndjson': Type.String({ description: 'An item a line.' }),
    },
    answers: {
      200: { description: 'All are on the disk.', content: json(published) },
      202: { description: 'All are taken, and some go on before they are on the disk.', content: json(published) },
      207: { description: 'Some were not taken: `results` says which.', content: json(published) },
    },
    problems: ['buffer.full', 'buffer.failed', 'buffer.closed', 'idempotency.conflict', 'idempotency.busy'],
  },
};
