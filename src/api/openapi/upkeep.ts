import { Type } from 'typebox';
import { json, type Operations, ok, oneOf, orNull, time } from './operation.ts';

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'];

const logLevel = Type.Object({
  level: oneOf(levels, 'The least severe line that is written.'),
  usual: oneOf(levels, 'What it is by the configuration.'),
  until: orNull(time('Until when it is another one; null: it is the usual one.')),
});

/** What keeps a gateway in good order. */
export const upkeepOperations: Operations = {
  'POST /api/v1/restart': {
    tag: 'Upkeep',
    summary: 'Restarts the gateway, where something starts it again.',
    description: 'It stops in good order within 10 seconds: what was acknowledged is on disk.',
    needs: 'admin',
    answers: {
      202: { description: 'It stops now.', content: json(Type.Object({ state: Type.Literal('restarting') })) },
    },
    problems: ['request.conflict'],
  },
  'GET /api/v1/logs/level': {
    tag: 'Upkeep',
    summary: 'Tells what is written of the log.',
    needs: 'admin',
    answers: ok('As it is.', logLevel),
  },
  'PUT /api/v1/logs/level': {
    tag: 'Upkeep',
    summary: 'Has another part of the log written for a while.',
    description: 'It ends by itself, or by a restart.',
    needs: 'admin',
    body: json(
      Type.Object({
        level: oneOf(levels, 'The least severe line that is written.'),
        minutes: Type.Optional(
          Type.Integer({ minimum: 1, maximum: 1_440, default: 15, description: 'For how long. Default 15.' }),
        ),
      }),
    ),
    answers: ok('As it is now.', logLevel),
  },
  'DELETE /api/v1/logs/level': {
    tag: 'Upkeep',
    summary: 'Ends that at once.',
    needs: 'admin',
    answers: ok('As it is now.', logLevel),
  },
};
