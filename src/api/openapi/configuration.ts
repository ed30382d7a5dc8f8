import { Type } from 'typebox';
import {
  anything,
  flag,
  json,
  list,
  named,
  type Operations,
  ok,
  oneOf,
  open,
  orNull,
  text,
  time,
  whole,
} from './operation.ts';
import { ifMatch } from './records.ts';

const key = Type.Object({
  value: anything('What holds; null: nothing, or it is a secret.'),
  isSet: flag('Whether it has a value; of a secret that is all that is told.'),
  source: oneOf(
    ['default', 'file', 'here', 'collector', 'environment', 'command-line'],
    'Who says so. `here`: it was set while the gateway ran, at the gateway.',
  ),
  where: orNull(text('The place: `/etc/headgate.yaml:3:9`, `environment HEADGATE_HTTP_PORT`.')),
  takes: oneOf(['now', 'restart', 'either'], 'When a change holds. `either`: `pending` tells it of a change.'),
  next: Type.Optional(anything('What holds after a restart; absent: the same.')),
  locked: orNull(text('Why it can’t be set here; null: it can.')),
  mayShutOut: flag('After a change the dashboard may be out of reach, so it is taken back unless it is confirmed.'),
});

const view = Type.Object({
  config: open('What holds now, every default filled in; secrets are `***`.'),
  overlay: text('Rules that were set while the gateway ran, over the file: YAML; empty: none.'),
  keys: named(key, 'Every key that holds a value, by its name: `http.port`.'),
  revision: whole('Another one whenever the files say something else, also where that is not shown; since the start.'),
  pending: list(text('A key.'), 'Keys whose change holds after a restart.'),
  trial: orNull(
    Type.Object(
      {
        state: oneOf(
          ['waiting', 'running', 'taken-back'],
          'Waiting for a restart; to be confirmed until `until`; or taken back, for `reason`.',
        ),
        keys: list(text('A key.')),
        until: orNull(time('When it is taken back unless it is confirmed.')),
        reason: orNull(text('Why it was taken back.')),
      },
      { description: 'Settings that hold after a restart only, and may be wrong in a way that shows then.' },
    ),
  ),
  restart: Type.Object({
    isPossible: flag('`POST /api/v1/restart` restarts the gateway.'),
    reason: orNull(text('Why it does not, and what to do instead.')),
  }),
  file: orNull(text('The configuration file; null: there is none.')),
  problem: orNull(text('What is wrong with the files as they are now, so that what they said before holds.')),
});

export const configOperations: Operations = {
  'GET /api/v1/config': {
    tag: 'Configuration',
    summary: 'Tells the configuration that holds, and where each key comes from.',
    needs: 'admin',
    answers: ok('All of it.', view),
  },
  'GET /api/v1/config/schema': {
    tag: 'Configuration',
    summary: 'Tells what each key of the configuration means, as JSON Schema.',
    description:
      'With `title`, `group` (the section), `enum` where there are choices, `unit` (`duration`, `bytes`), and `secret`.',
    needs: 'read',
    answers: ok('The schema.', open('JSON Schema.')),
  },
  'PATCH /api/v1/config': {
    tag: 'Configuration',
    summary: 'Sets keys, durably.',
    description:
      'A merge patch (RFC 7396): null takes back what was set, so that the file’s word counts again; `***` leaves a secret as it is. What needs a restart is in `pending` until then. All of it is right, or nothing is changed, and `faults` tells what is wrong by key.',
    needs: 'admin',
    headers: { 'if-match': ifMatch },
    body: json(open('Keys as in the configuration.')),
    answers: ok('As it holds.', view),
    problems: ['request.conflict', 'precondition.failed'],
  },
  'DELETE /api/v1/config': {
    tag: 'Configuration',
    summary: 'Takes back everything that was set while the gateway ran.',
    needs: 'admin',
    headers: { 'if-match': ifMatch },
    answers: ok('As it holds.', view),
    problems: ['request.conflict', 'precondition.failed'],
  },
  'POST /api/v1/config/confirm': {
    tag: 'Configuration',
    summary: 'Keeps settings that are on trial, or notes that it was seen that they were taken back.',
    needs: 'admin',
    answers: ok('As it holds.', view),
    problems: ['request.conflict'],
  },
};
