import { Type } from 'typebox';
import { liveCursor, mqttDoor } from './first-run.ts';
import { type Answer, flag, json, list, type Operations, ok, oneOf, orNull, text, time, whole } from './operation.ts';

const principal = Type.Object({
  id: text('Unique for ever.'),
  kind: oneOf(['local', 'person', 'program', 'device', 'nobody'], 'Local: on the gateway’s own machine.'),
  name: text(''),
  scopes: list(Type.String(), 'What it may do.'),
});
const scopes = list(Type.String(), 'Such as `read`, `publish:tele/#`, `command:valve-*`, `admin`.');
const signedIn = Type.Object({
  principal,
  csrfToken: text('What a page sends as `x-csrf-token` with every change.'),
  isStored: flag(
    'False: the disk refuses it. The session ends when the gateway stops, unless the disk takes it before.',
  ),
});
const noContent: Readonly<Record<204, Answer>> = { 204: { description: 'It is done.' } };
const withCookie = (description: string): Answer => ({
  description,
  content: json(signedIn),
  headers: { 'set-cookie': 'The session.' },
});
const password = text('In the clear: over TLS, or on the gateway’s own machine.');

const account = {
  id: text('Unique for ever.'),
  kind: oneOf(['person', 'program', 'device'], ''),
  name: text(''),
  scopes,
  device: Type.Optional(text('The device that it is for.')),
  certificate: Type.Optional(
    Type.Object({ commonName: Type.Optional(text('')), fingerprint: Type.Optional(text('')) }),
  ),
  createdAt: time(''),
  createdBy: text(''),
  expiresAt: orNull(time('Null: never.')),
  lastUsedAt: orNull(time('')),
};
const made = (secret: Record<string, ReturnType<typeof text>>): Readonly<Record<201, Answer>> => ({
  201: {
    description: 'It is made. A secret is told here only.',
    content: json(Type.Object({ ...account, ...secret })),
  },
});
const byId = { id: text('Of the account.') };

function accounts(name: string, what: string): Operations {
  return {
    [`GET /api/v1/${name}`]: {
      tag: 'Access',
      summary: `Lists ${what}.`,
      needs: 'admin',
      answers: ok('All of them.', Type.Object({ [name]: list(Type.Object(account)) })),
    },
    [`PATCH /api/v1/${name}/{id}`]: {
      tag: 'Access',
      summary: `Changes what one of the ${what} may do; open connections end.`,
      needs: 'admin',
      path: byId,
      body: json(Type.Object({ scopes })),
      answers: ok('As it is now.', Type.Object(account)),
      problems: ['request.unknown', 'request.conflict'],
    },
    [`DELETE /api/v1/${name}/{id}`]: {
      tag: 'Access',
      summary: `Removes one of the ${what}; open connections end.`,
      needs: 'admin',
      path: byId,
      answers: noContent,
      problems: ['request.unknown'],
    },
  };
}

/** Who may do what, and who is asking. */
export const accessOperations: Operations = {
  'GET /api/v1/session': {
    tag: 'Access',
    summary: 'Tells who asks, and whether somebody is set up.',
    answers: ok(
      'Who it is.',
      Type.Object({
        principal,
        csrfToken: Type.Optional(text('')),
        setup: text('`done`, or how the first administrator can be made.'),
        live: liveCursor,
      }),
    ),
    problems: ['gateway.not-ready'],
  },
  'POST /api/v1/session': {
    tag: 'Access',
    summary: 'Signs a browser in.',
    body: json(Type.Object({ name: text(''), password })),
    answers: { 200: withCookie('Who it is.') },
    problems: ['auth.failed', 'auth.throttled', 'access.denied', 'gateway.not-ready'],
  },
  'DELETE /api/v1/session': {
    tag: 'Access',
    summary: 'Signs out.',
    needs: 'somebody',
    answers: {
      ...noContent,
      202: {
        description: 'It holds now, but the disk refuses to note it: after a restart a stored session may count again.',
        content: json(Type.Object({ isStored: Type.Boolean(), detail: text('') })),
      },
    },
  },
  'PUT /api/v1/session/password': {
    tag: 'Access',
    summary: 'Changes one’s own password.',
    needs: 'somebody',
    body: json(Type.Object({ password, newPassword: password })),
    answers: noContent,
    problems: ['auth.failed', 'auth.throttled', 'request.conflict'],
  },
  'POST /api/v1/setup': {
    tag: 'Access',
    summary: 'Makes the first administrator.',
    body: json(Type.Object({ name: text(''), password, code: Type.Optional(text('From the gateway’s console.')) })),
    answers: { 201: withCookie('Who it is.') },
    problems: ['access.denied', 'request.conflict', 'auth.throttled', 'gateway.not-ready'],
  },
  'GET /api/v1/setup/code': {
    tag: 'Access',
    summary: 'The setup code, for whoever is on the gateway’s machine.',
    needs: 'admin',
    answers: ok('The code.', Type.Object({ code: text(''), isNeeded: Type.Boolean() })),
    problems: ['request.conflict'],
  },
  ...accounts('tokens', 'tokens of programs'),
  'POST /api/v1/tokens': {
    tag: 'Access',
    summary: 'Makes a token for a program.',
    needs: 'admin',
    body: json(Type.Object({ name: text(''), scopes, expiresAt: Type.Optional(time('')) })),
    answers: made({ token: text('To be sent as `authorization: Bearer TOKEN`.') }),
    problems: ['request.conflict'],
  },
  ...accounts('users', 'people'),
  'POST /api/v1/users': {
    tag: 'Access',
    summary: 'Lets a person sign in.',
    needs: 'admin',
    body: json(Type.Object({ name: text(''), password, scopes: Type.Optional(scopes) })),
    answers: made({}),
    problems: ['request.conflict'],
  },
  'PUT /api/v1/users/{id}/password': {
    tag: 'Access',
    summary: 'Gives a person another password; their sessions end.',
    needs: 'admin',
    path: byId,
    body: json(Type.Object({ password })),
    answers: noContent,
    problems: ['request.unknown'],
  },
  ...accounts('credentials', 'devices’ credentials'),
  'POST /api/v1/credentials': {
    tag: 'Access',
    summary: 'Makes credentials for a device that speaks MQTT.',
    needs: 'admin',
    body: json(
      Type.Object({
        device: text('Its id.'),
        name: Type.Optional(text('Its MQTT user name.')),
        password: Type.Optional(text('Absent: one is made.')),
        scopes: Type.Optional(scopes),
        commonName: Type.Optional(text('Of its certificate.')),
        fingerprint: Type.Optional(text('Of its certificate.')),
      }),
    ),
    answers: made({ password: Type.Optional(text('')) as never, mqtt: mqttDoor as never }),
    problems: ['request.conflict'],
  },
  'GET /api/v1/audit': {
    tag: 'Access',
    summary: 'What administrators changed, and who was refused, the newest first.',
    needs: 'admin',
    query: {
      limit: Type.Integer({ minimum: 1, maximum: 1_000, default: 100 }),
      before: whole('The number of an entry: those before it.'),
    },
    answers: ok(
      'Some entries.',
      Type.Object({
        entries: list(
          Type.Object({
            number: whole('Counts up for ever.'),
            at: time(''),
            who: text(''),
            kind: text(''),
            from: text('An address.'),
            what: text(''),
            about: Type.Optional(text('')),
            times: Type.Optional(whole('How often, when it came again and again.')),
            outcome: oneOf(['done', 'refused', 'failed'], ''),
            isStored: flag('False: the disk refuses it, and only this run and its log know.'),
          }),
        ),
      }),
    ),
  },
};
