import { type TSchema, Type } from 'typebox';
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
  orNull,
  text,
  time,
  total,
} from './operation.ts';

const severity = oneOf(['info', 'warning', 'critical'], 'How much it matters.');
const value = Type.Union([Type.Number(), Type.Boolean(), Type.String()]);
const valued = (description: string) => ({ ...value, description });

const alarm = Type.Object({
  id: text('Unique for ever.'),
  state: oneOf(['pending', 'active', 'acknowledged', 'cleared'], 'Pending: wrong, not for long enough yet.'),
  severity,
  name: text('For people.'),
  text: text('What was wrong when it was raised, in a sentence.'),
  origin: oneOf(['rule', 'built-in'], 'Who watches: a rule that people made, or one that is built in.'),
  rule: text('The rule’s id, or the name of the built-in one.'),
  device: orNull(text('Null: it is the gateway’s own.')),
  field: orNull(text('')),
  tags: orNull(text('`room=3,rack=b`, where the device has several series of the field.')),
  limit: text('What is warned of: `above 8`.'),
  value: orNull(valued('The newest that was looked at.')),
  unit: orNull(text('')),
  unitSymbol: orNull(text('The same for people.')),
  since: time('When it began to be wrong.'),
  raisedAt: orNull(time('Null: it has not been raised yet.')),
  clockQuality: orNull(oneOf(['unset', 'estimated', 'synced'], 'How far that time can be trusted.')),
  acknowledgedAt: orNull(time('')),
  acknowledgedBy: orNull(text('Who said that they know.')),
  note: orNull(text('What they said.')),
  clearedAt: orNull(time('')),
  clearedBecause: orNull(
    oneOf(
      ['returned', 'rule-changed', 'rule-gone', 'device-gone'],
      'Returned: it is as it should be again. The others: what it was about is gone.',
    ),
  ),
  isFlapping: flag('It comes and goes: it has to stay away for a minute before it is over.'),
});

const terms: Readonly<Record<string, TSchema>> = {
  name: text('For people.'),
  enabled: Type.Optional(Type.Boolean({ default: true })),
  severity: Type.Optional({ ...severity, default: 'warning' } as TSchema),
  device: Type.Optional(
    Type.String({ default: '*', description: 'The id of a device; `*` stands for any characters.' }),
  ),
  profile: Type.Optional(
    orNull(text('Only what a profile of this name decoded; `*` stands for any characters. Null: any, or none.')),
  ),
  field: text('The field’s name.'),
  comparator: oneOf(['above', 'below', 'outside', 'equal', 'notEqual'], 'What is wrong.'),
  value: Type.Optional(valued('What is compared with; a number for `above` and `below`.')),
  low: Type.Optional(number('For `outside`.')),
  high: Type.Optional(number('For `outside`.')),
  hysteresis: Type.Optional(
    number('How far a number has to come back behind the limit before it counts as well. Default 0.'),
  ),
  forSeconds: Type.Optional(number('How long it has to be wrong before it is raised. Default 0: at once.')),
  clearForSeconds: Type.Optional(number('How long it has to be well before it is over. Default 0: at once.')),
};

const rule = Type.Object({
  id: text('Unique for ever.'),
  ...terms,
  createdAt: time(''),
  changedAt: time(''),
  changedBy: text(''),
});
const byId = { id: text('Of the rule.') };

/** When something is wrong, and who knows. */
export const alarmOperations: Operations = {
  'GET /api/v1/alarms': {
    tag: 'Alarms',
    summary: 'Lists alarms, the newest first.',
    description: 'Those of devices that the caller may see; those of the gateway for who may see everything.',
    needs: 'read or read:device/…',
    query: {
      state: oneOf(
        ['open', 'active', 'acknowledged', 'pending', 'history', 'all'],
        'Open: active and acknowledged; that is the default. History: those that are over.',
      ),
      severity: text('`info`, `warning`, `critical`: several with commas.'),
      device: text('The id of one device.'),
      limit,
      after,
    },
    answers: ok('A page.', Type.Object({ alarms: list(alarm), next, total })),
  },
  'GET /api/v1/alarms/{id}': {
    tag: 'Alarms',
    summary: 'Tells of one alarm.',
    needs: 'read or read:device/…',
    path: { id: text('Of the alarm.') },
    answers: ok('The alarm.', alarm),
    problems: ['request.unknown'],
  },
  'POST /api/v1/alarms/{id}/acknowledge': {
    tag: 'Alarms',
    summary: 'Says that one knows of an alarm.',
    description: 'For who may give its device commands; for administrators, where it is the gateway’s own.',
    needs: 'command:DEVICE or admin',
    path: { id: text('Of the alarm.') },
    body: json(Type.Object({ note: Type.Optional(text('What there is to say.')) })),
    isBodyOptional: true,
    answers: ok('The alarm, as it is now.', alarm),
    problems: ['request.unknown', 'request.conflict', 'buffer.failed'],
  },
  'GET /api/v1/alarms/built-in': {
    tag: 'Alarms',
    summary: 'Lists what is watched over without a rule: the options `alarms.builtIn` say how.',
    needs: 'read',
    answers: ok(
      'All of them.',
      Type.Object({
        builtIn: list(
          Type.Object({
            id: text('As in the options.'),
            name: text(''),
            about: text('What is wrong when it is raised.'),
            enabled: flag(''),
            severity,
            forSeconds: number('How long it has to be so before it is raised.'),
            limit: text('What is warned of.'),
            isOffered: orNull(flag('False: this machine does not tell. Null: it has not been looked yet.')),
          }),
        ),
      }),
    ),
  },
  'GET /api/v1/alarms/rules': {
    tag: 'Alarms',
    summary: 'Lists the rules by which alarms are raised.',
    needs: 'read',
    answers: ok('All of them.', Type.Object({ rules: list(rule) })),
  },
  'GET /api/v1/alarms/rules/{id}': {
    tag: 'Alarms',
    summary: 'Tells of one such rule.',
    needs: 'read',
    path: byId,
    answers: ok('The rule.', rule),
    problems: ['request.unknown'],
  },
  'POST /api/v1/alarms/rules': {
    tag: 'Alarms',
    summary: 'Makes a rule.',
    needs: 'admin',
    body: json(Type.Object(terms)),
    answers: { 201: { description: 'The rule.', content: json(rule), headers: { location: 'Of the rule.' } } },
    problems: ['request.conflict', 'buffer.failed'],
  },
  'PUT /api/v1/alarms/rules/{id}': {
    tag: 'Alarms',
    summary: 'Replaces a rule.',
    description: 'Its alarms are over when it is about something else then.',
    needs: 'admin',
    path: byId,
    body: json(Type.Object(terms)),
    answers: ok('The rule.', rule),
    problems: ['request.unknown', 'buffer.failed'],
  },
  'DELETE /api/v1/alarms/rules/{id}': {
    tag: 'Alarms',
    summary: 'Deletes a rule; its alarms are over.',
    needs: 'admin',
    path: byId,
    answers: { 204: { description: 'It is done.' } },
    problems: ['request.unknown', 'buffer.failed'],
  },
};
