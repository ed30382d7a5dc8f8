import { Type } from 'typebox';
import {
  after,
  flag,
  json,
  limit,
  list,
  next,
  number,
  type Operations,
  ok,
  oneOf,
  open,
  orNull,
  text,
  time,
  total,
  whole,
} from './operation.ts';

const excerpt = Type.Object({
  topic: text(''),
  text: text('How it begins.'),
  isHex: flag('In hexadecimal digits, as it is no text.'),
  bytes: whole('All of it.'),
});

const topic = Type.Object({
  template: text('An MQTT filter that the topics match.'),
  state: oneOf(['unknown', 'suggested', 'automatic', 'adopted', 'ignored'], 'What became of them.'),
  profile: orNull(text('By which they are decoded; null: by the general rules.')),
  suggestions: list(
    Type.Object({ profile: text(''), title: orNull(text('')), confidence: number('From 0 to 1.'), reason: text('') }),
  ),
  decision: orNull(
    Type.Object({ template: text(''), profile: orNull(text('')), problem: orNull(text('Why it does not hold.')) }),
  ),
  messages: whole('Since the start.'),
  messagesPerMinute: number(''),
  topics: whole('How many there are, 200 at the most.'),
  devices: whole('How many there are, 200 at the most.'),
  examples: list(Type.String()),
  firstSeen: time(''),
  lastSeen: time(''),
  lastPayload: excerpt,
});

const wish = {
  template: Type.Optional(text('The topics of a template …')),
  topic: Type.Optional(text('… or one topic alone.')),
};
const dryRun = oneOf(['true', 'false'], 'Only say what would be.');
/** A message as it is decoded; as src/api/decoded-answer.ts makes it. */
export const decodedMessage = {
  kind: text(
    '`measurement`; what else it is, such as `availability`; `raw`: it is kept as it came; `failed`: it could not be read.',
  ),
  failure: orNull(text('Why it could not be read.')),
  measurements: list(
    Type.Object({
      device: text(''),
      time: orNull(time('That it tells itself.')),
      fields: list(
        Type.Object({
          name: text(''),
          value: Type.Union([Type.Number(), Type.String(), Type.Boolean()], {
            description: 'Bytes are a text in base64; NaN and the infinities are texts too.',
          }),
          unit: Type.Optional(text('Its code, as in SenML: `Cel`.')),
          unitSymbol: Type.Optional(text('As people write it: `°C`.')),
        }),
      ),
    }),
  ),
};

const outcome = Type.Object({
  template: text('What it is about.'),
  isTrial: flag('Nothing was changed.'),
  says: text('What is so now, or would be.'),
  topics: whole(''),
  devices: whole(''),
  example: orNull(
    Type.Object(
      {
        topic: text(''),
        payload: text(''),
        isHex: flag('The payload is in hexadecimal digits, as it is no text.'),
        ...decodedMessage,
      },
      {
        description:
          'A message that came, as it is decoded now, or would be; null: none was kept, or it is left alone.',
      },
    ),
  ),
});

export const topicOperations: Operations = {
  'GET /api/v1/topics': {
    tag: 'Topics and profiles',
    summary: 'Lists what comes in, by template, and what it may be.',
    needs: 'read',
    query: {
      state: text('One or several of `unknown`, `suggested`, `automatic`, `adopted` and `ignored`, with commas.'),
      text: text('In the template, an example or the profile, whatever the case.'),
      limit,
      after,
    },
    answers: ok('A page.', Type.Object({ topics: list(topic), next, total })),
  },
  'POST /api/v1/topics/adopt': {
    tag: 'Topics and profiles',
    summary: 'Says by which profile topics are decoded.',
    needs: 'admin',
    query: { dryRun },
    body: json(
      Type.Object({ ...wish, profile: text('`vendor/model`.'), device: Type.Optional(text('Which device it is.')) }),
    ),
    answers: ok('It holds.', outcome),
    problems: ['request.conflict', 'request.unknown'],
  },
  'POST /api/v1/topics/ignore': {
    tag: 'Topics and profiles',
    summary: 'Has topics left alone.',
    needs: 'admin',
    query: { dryRun },
    body: json(Type.Object(wish)),
    answers: ok('They are.', outcome),
    problems: ['request.conflict', 'request.unknown'],
  },
  'POST /api/v1/topics/reset': {
    tag: 'Topics and profiles',
    summary: 'Takes a decision back.',
    needs: 'admin',
    query: { dryRun },
    body: json(Type.Object(wish)),
    answers: ok('What topics are is recognised again.', outcome),
    problems: ['request.conflict', 'request.unknown'],
  },
};

const profile = {
  name: text('`vendor/model`.'),
  title: text(''),
  version: whole(''),
  family: text('What stands before the ids of its devices.'),
  origin: text('`built-in`, or the directory that it is from.'),
  about: orNull(text('')),
  manufacturer: orNull(text('')),
  model: orNull(text('')),
  icon: orNull(text('')),
  chart: list(Type.String(), 'Fields that a chart shows first.'),
  commands: list(Type.String(), 'What its devices can be asked.'),
  topics: list(Type.String(), 'Filters of its messages’ topics; empty: it is told by the payload alone.'),
  messages: whole('That it was given since the start.'),
  failures: whole('Of those, that it could not read.'),
  lastFailure: orNull(
    Type.Object({
      topic: text(''),
      failure: text(''),
      payload: text('How it begins.'),
      isHex: flag(''),
      payloadBytes: whole(''),
      at: time(''),
    }),
  ),
};

const count = {
  messages: whole('Decoded again. Each is one of the following.'),
  superseded: whole('Their records were replaced …'),
  records: whole('… by so many.'),
  unchanged: whole('They say what their records say.'),
  already: whole('What they say now was sent by an earlier run.'),
  unreadable: whole('There are still no values in them.'),
  notForwarded: whole('All they say is under rules that keep it from the collector.'),
};
export const reloaded = {
  profiles: whole('How many there are now.'),
  changed: list(Type.String(), 'Names of those that are new, different or gone.'),
  errors: list(Type.String(), 'What is wrong in people’s own: `FILE:LINE:COLUMN: what`.'),
};
const redecoding = Type.Object({
  state: oneOf(['idle', 'running', 'waiting', 'done', 'stopped', 'failed'], ''),
  reason: orNull(text('Why it waits or has failed.')),
  asked: orNull(open('What was asked for.')),
  startedAt: orNull(time('')),
  endedAt: orNull(time('')),
  through: orNull(time('When the last message that was looked at was taken in.')),
  ...count,
});

export const profileOperations: Operations = {
  'GET /api/v1/profiles': {
    tag: 'Topics and profiles',
    summary: 'Lists profiles, and what each could not read.',
    needs: 'read',
    answers: ok('All of them.', Type.Object({ profiles: list(Type.Object(profile)) })),
  },
  'GET /api/v1/profiles/{vendor}/{model}': {
    tag: 'Topics and profiles',
    summary: 'One profile with all that it says.',
    needs: 'read',
    path: { vendor: text(''), model: text('') },
    answers: ok(
      'The profile.',
      Type.Object({ ...profile, definition: open('As devices/profile.schema.json has it.') }),
    ),
    problems: ['request.unknown'],
  },
  'POST /api/v1/profiles/reload': {
    tag: 'Topics and profiles',
    summary: 'Reads people’s own profiles again.',
    needs: 'admin',
    answers: ok('What came of it.', Type.Object(reloaded)),
  },
  'GET /api/v1/profiles/redecode': {
    tag: 'Topics and profiles',
    summary: 'How far decoding again is.',
    needs: 'read',
    answers: ok('How far it is.', redecoding),
  },
  'POST /api/v1/profiles/redecode': {
    tag: 'Topics and profiles',
    summary: 'Decodes what is on disk again, with profiles as they are now.',
    needs: 'admin',
    isBodyOptional: true,
    body: json(
      Type.Object({
        profile: Type.Optional(Type.String({ minLength: 1, maxLength: 1_000 })),
        topic: Type.Optional(Type.String({ minLength: 1, maxLength: 1_000, description: 'An MQTT filter.' })),
        device: Type.Optional(Type.String({ minLength: 1, maxLength: 1_000 })),
        from: Type.Optional(time('Taken in at this time or later.')),
        to: Type.Optional(time('Taken in before this time.')),
      }),
    ),
    answers: { 202: { description: 'It has begun.', content: json(redecoding) } },
    problems: ['request.unknown', 'request.conflict'],
  },
  'DELETE /api/v1/profiles/redecode': {
    tag: 'Topics and profiles',
    summary: 'Stops decoding again.',
    needs: 'admin',
    answers: ok('How far it came.', redecoding),
  },
};
