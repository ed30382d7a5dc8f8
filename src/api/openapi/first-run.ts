import { Type } from 'typebox';
import { listedDevice } from './devices.ts';
import { flag, json, list, type Operations, ok, oneOf, open, orNull, text, time, whole } from './operation.ts';

const stepNames = ['password', 'name', 'upstream', 'sensor', 'summary'];
const stepState = oneOf(['open', 'done', 'skipped'], 'What became of it; done also by other means.');
const firstRun = {
  isDone: flag('There is nothing more to be gone through.'),
  next: orNull(oneOf(stepNames, 'The first step that is open; null: none is.')),
  steps: list(
    Type.Object({
      step: oneOf(stepNames, ''),
      state: stepState,
      at: orNull(time('When somebody said so; null: nobody did.')),
    }),
    'In their order.',
  ),
};
const setup = oneOf(['done', 'open', 'code'], 'How the first administrator can be made.');
const firstRunAnswer = ok('How far it is.', Type.Object({ setup, ...firstRun }));

/** Where the live feed is. */
export const liveCursor = Type.Object({
  cursor: orNull(text('Who follows the live feed from here misses nothing; null: they may not, or not now.')),
});

const host = Type.Object({
  host: text('A name or an address, without brackets.'),
  kind: oneOf(['mdns', 'ipv4', 'ipv6', 'loopback'], 'Loopback: on this machine alone.'),
});
/** How a device reaches the broker. */
export const mqttDoor = orNull(
  Type.Object(
    {
      hosts: list(host, 'Most likely to work first.'),
      port: whole('Without TLS.'),
      tls: orNull(
        Type.Object({
          port: whole(''),
          isOwn: flag('The gateway made its certificate itself.'),
          fingerprint: text('SHA-256 of the certificate, in hex with colons.'),
        }),
      ),
    },
    { description: 'How a device reaches the broker; null while it does not listen.' },
  ),
);

const units = oneOf(['metric', 'imperial'], 'In which values are shown.');
const named = {
  id: text('The name under which the collector knows it.'),
  name: text('For people.'),
  isNamed: flag('Somebody gave it that name.'),
  version: text('Of Headgate.'),
  timeZone: text('IANA name of the zone in which times are shown.'),
  units,
};
const found = {
  hostname: text('Of the machine.'),
  mdnsName: orNull(text('`HOSTNAME.local`; null: nothing here answers for it.')),
  http: Type.Object({ urls: list(Type.String(), 'Of the pages, most likely to work first.'), isTls: flag('') }),
  mqtt: mqttDoor,
};
const gateway = Type.Object({ ...named, ...found });

const id = Type.String({ minLength: 1, maxLength: 1_000 });
const preferences = {
  theme: oneOf(['system', 'light', 'dark'], ''),
  language: orNull(text('A language tag (BCP 47); null: the browser’s.')),
  units: orNull(units),
  timeZone: oneOf(['gateway', 'browser'], 'Whose zone times are shown in.'),
  shortcuts: flag('Whether single keys do something.'),
  pinned: Type.Array(
    Type.Object({ device: id, field: id, tags: Type.Optional(text('Of which series; empty: the one without.')) }),
    { maxItems: 24, description: 'What is shown first, in order; empty: the pages choose.' },
  ),
  pages: open('What pages remember beside: up to 2,000 characters as JSON.'),
};
const optional = Object.fromEntries(Object.entries(preferences).map(([name, schema]) => [name, Type.Optional(schema)]));

const sparkline = Type.Object({
  device: text('Its id.'),
  deviceName: text(''),
  field: text(''),
  tags: text(''),
  unit: orNull(text('A code.')),
  unitSymbol: orNull(text('The same for people.')),
  newest: orNull(
    Type.Object(
      { value: Type.Number(), at: orNull(time('When it was measured.')) },
      { description: 'The newest value; null: none since the start.' },
    ),
  ),
  times: list(Type.Number(), 'Unix time in ms.'),
  values: list(Type.Number(), 'As they came, or averages.'),
});

/** What a page asks first, and the first run. */
export const firstRunOperations: Operations = {
  'GET /api/v1/first-run': {
    tag: 'First run',
    summary: 'Tells which steps of the first run are done.',
    answers: firstRunAnswer,
    problems: ['gateway.not-ready'],
  },
  'PUT /api/v1/first-run/{step}': {
    tag: 'First run',
    summary: 'Notes what became of a step, durably. The password is done by `POST /api/v1/setup`.',
    needs: 'admin',
    path: { step: oneOf(stepNames, '') },
    body: json(Type.Object({ state: stepState })),
    answers: firstRunAnswer,
    problems: ['request.unknown', 'request.conflict', 'buffer.failed'],
  },
  'GET /api/v1/gateway': {
    tag: 'Gateway',
    summary: 'Tells what the gateway is called, and where it is found.',
    needs: 'read',
    answers: ok('Its name and addresses.', gateway),
  },
  'PATCH /api/v1/gateway': {
    tag: 'Gateway',
    summary: 'Names the gateway, its time zone and its units, durably. Null takes back.',
    needs: 'admin',
    body: json(
      Type.Object({
        name: Type.Optional(orNull(Type.String({ minLength: 1, maxLength: 200 }))),
        timeZone: Type.Optional(orNull(text('Such as Europe/Berlin.'))),
        units: Type.Optional(orNull(units)),
      }),
    ),
    answers: ok('Its name and addresses.', gateway),
    problems: ['buffer.failed'],
  },
  'GET /api/v1/preferences': {
    tag: 'First run',
    summary: 'Tells how whoever asks wants the pages to be.',
    needs: 'somebody',
    answers: ok('Their preferences.', Type.Object(preferences)),
  },
  'PUT /api/v1/preferences': {
    tag: 'First run',
    summary: 'Sets one’s own preferences, durably. What is left out is as usual.',
    needs: 'somebody',
    body: json(Type.Object(optional)),
    answers: ok('Their preferences.', Type.Object(preferences)),
    problems: ['request.conflict', 'buffer.failed'],
  },
  'GET /api/v1/bootstrap': {
    tag: 'First run',
    summary: 'Tells all that a page needs before it draws, as far as whoever asks may see it.',
    needs: 'somebody',
    answers: ok(
      'Everything as it is now, and where to follow it from.',
      Type.Object({
        principal: open('Who asks: as `GET /api/v1/session`.'),
        csrfToken: Type.Optional(text('What a page sends as `x-csrf-token` with every change.')),
        setup: Type.Optional(setup),
        firstRun: Type.Object(firstRun),
        gateway: Type.Object({
          ...named,
          ...Object.fromEntries(Object.entries(found).map(([name, schema]) => [name, Type.Optional(schema)])),
        }),
        clock: Type.Object({ now: time(''), quality: text('How far it can be trusted.') }),
        preferences: Type.Object(preferences),
        status: orNull(open('As `GET /api/v1/status`; null: they may not see it.')),
        devices: Type.Object({
          devices: list(listedDevice, 'With the newest values of up to eight fields.'),
          next: orNull(text('For `GET /api/v1/devices?after=`.')),
          total: whole('How many there are on all pages.'),
        }),
        alarms: Type.Object({
          alarms: list(open('As in `GET /api/v1/alarms`: twenty that are active, then acknowledged ones.')),
          total: whole('How many are open.'),
        }),
        sparklines: Type.Object({
          windowSeconds: whole('Up to now.'),
          series: list(sparkline, 'What is pinned, or numbers of the devices that came last: six at the most.'),
          problem: orNull(text('Why there are no points; null: nothing is wrong.')),
        }),
        live: liveCursor,
      }),
    ),
  },
};
