import { Type } from 'typebox';
import { flag, json, list, named, type Operations, ok, oneOf, open, orNull, text, whole } from './operation.ts';

const demo = Type.Object({
  isRunning: flag('They measure.'),
  devices: list(Type.String(), 'Ids of those that are known: they begin with `demo:`.'),
});

const collectorWish = Type.Object({
  url: text('`https://HOST:PORT`, or `http://HOST:PORT` in plaintext.'),
  token: Type.Optional(text('The gateway’s token there. Absent: what it is configured with, or its certificate.')),
  enrolToken: Type.Optional(text('With which it is to enrol; a test does not use it up, and so does not try it.')),
  ca: Type.Optional(text('Certificate of the authority that signed the collector, PEM.')),
  fingerprint: Type.Optional(text('SHA-256 of a certificate of the collector’s chain, in place of `ca`.')),
  serverName: Type.Optional(text('The name that its certificate is for. Absent: the host.')),
});

/** What helps whoever sets a gateway up: why a device does not come, whether a collector is right, something to look at. */
export const setUpOperations: Operations = {
  'GET /api/v1/connections/attempts': {
    tag: 'First run',
    summary: 'Tells who tried to connect by MQTT and was not let in, and who is connected and says nothing.',
    needs: 'admin',
    answers: ok(
      'For whoever waits for a device that does not come.',
      Type.Object({
        mqtt: Type.Object({
          address: text('Where the broker listens.'),
          connections: whole('Clients connected now.'),
          connectionsTotal: whole('Connections since the start, whatever became of them.'),
          refused: named(whole(''), 'Connections refused or ended by us, by reason.'),
        }),
        attempts: list(
          Type.Object({
            from: text('An address.'),
            userName: orNull(text('Null: none was given.')),
            clientId: orNull(text('')),
            version: orNull(whole('3, 4 (MQTT 3.1.1) or 5; null: it did not come so far.')),
            reason: text('Such as `bad-credentials`, `anonymous`, `version-refused`, `tls-failed`.'),
            detail: text('What was the matter.'),
            times: whole('How often it came again.'),
            secondsAgo: whole('The last time.'),
            isKnownUser: orNull(flag('There is somebody of that name.')),
            advice: orNull(text('What to do next.')),
          }),
          'The newest first, fifty at the most, ten of one address.',
        ),
        silent: list(
          Type.Object({
            clientId: text(''),
            who: text('Whose credentials it has.'),
            from: text('An address.'),
            version: orNull(whole('')),
            secondsConnected: whole(''),
          }),
          'Connected, and nothing published: the newest first, twenty at the most.',
        ),
        silentTotal: whole('How many of these there are.'),
      }),
    ),
  },
  'POST /api/v1/uplink/test': {
    tag: 'First run',
    summary: 'Tries a collector out, stage by stage, within 15 s. Changes nothing, here or there.',
    needs: 'admin',
    body: json(collectorWish),
    answers: ok(
      'What became of each stage.',
      Type.Object({
        url: text(''),
        isOk: flag('No stage failed.'),
        stages: list(
          Type.Object({
            stage: oneOf(['dns', 'tcp', 'tls', 'auth', 'echo'], 'What is tried, in this order.'),
            state: oneOf(['ok', 'failed', 'skipped'], 'Skipped: nothing to try, or what comes before failed.'),
            ms: orNull(Type.Number({ description: 'How long it took; null: it was not tried.' })),
            detail: text('What was found.'),
            advice: orNull(text('What to do next; null: nothing, or the detail says so.')),
          }),
        ),
        addresses: list(Type.String(), 'That the name stands for.'),
        certificate: orNull(
          Type.Object({
            subject: text(''),
            issuer: text(''),
            names: list(Type.String(), 'That it is for.'),
            validFrom: text('ISO 8601 in UTC.'),
            expiresAt: text('ISO 8601 in UTC.'),
            fingerprint: text('SHA-256, in hex with colons.'),
          }),
        ),
        collector: orNull(
          Type.Object({ agent: text('Its software.'), protocol: whole('The version that was agreed on.') }),
        ),
      }),
    ),
    problems: ['overload.shed'],
  },
  'POST /api/v1/uplink/canary': {
    tag: 'Gateway',
    summary: 'Sends a canary record now: it goes the way of all records, and the status tells when it has come back.',
    needs: 'admin',
    answers: {
      201: {
        description: 'It is durable here.',
        content: json(
          Type.Object({ sequence: whole('Of its record: critical, source `headgate`, topic `headgate/canary`.') }),
        ),
      },
    },
    problems: ['buffer.failed', 'buffer.full', 'buffer.closed'],
  },
  'POST /api/v1/uplink/apply': {
    tag: 'First run',
    summary:
      'Has the gateway use a collector: enrols with the token at once, sets the configuration. Holds after a restart.',
    needs: 'admin',
    body: json(collectorWish),
    answers: ok(
      'It is set.',
      Type.Object({
        isEnrolled: flag('The collector gave this gateway its certificate.'),
        pending: list(Type.String(), 'Keys whose change holds after a restart.'),
        trial: orNull(
          open('What is to be confirmed after the restart by `POST /api/v1/config/confirm`; null: nothing.'),
        ),
        restart: Type.Object({
          isPossible: flag('`POST /api/v1/restart` does it.'),
          reason: orNull(text('Why it can not be done from here; null: it can.')),
        }),
      }),
    ),
    problems: ['enrolment.refused', 'request.conflict'],
  },
  'GET /api/v1/demo': {
    tag: 'First run',
    summary: 'Tells whether simulated devices measure.',
    needs: 'read',
    answers: ok('How it is.', demo),
  },
  'POST /api/v1/demo': {
    tag: 'First run',
    summary: 'Lets simulated devices measure, for who has none at hand. They are seen here alone: no record is made.',
    needs: 'admin',
    answers: ok('How it is.', demo),
    problems: ['buffer.failed'],
  },
  'DELETE /api/v1/demo': {
    tag: 'First run',
    summary: 'Ends the simulated devices, and forgets them.',
    needs: 'admin',
    answers: { 204: { description: 'It is done.' } },
    problems: ['buffer.failed'],
  },
};
