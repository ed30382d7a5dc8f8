import { Type } from 'typebox';
import { flag, json, list, type Operations, ok, oneOf, orNull, text, time, whole } from './operation.ts';

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'];

const logLevel = Type.Object({
  level: oneOf(levels, 'The least severe line that is written.'),
  usual: oneOf(levels, 'What it is by the configuration.'),
  until: orNull(time('Until when it is another one; null: it is the usual one.')),
});

const certificate = {
  subject: text('Such as `CN=Headgate gateway`.'),
  issuer: text('Who signed it.'),
  serialNumber: text('In hex.'),
  names: list(text('A host name or IP address.'), 'What it is for.'),
  notBefore: time('Since when it is good.'),
  expiresAt: time('Until when it is good.'),
  fingerprint: text('SHA-256, in hex with colons.'),
};
const certificates = Type.Object({
  listeners: list(
    Type.Object({
      listener: oneOf(['mqtt', 'http', 'grpc'], ''),
      isOwn: flag('The gateway made it itself.'),
      ...certificate,
    }),
    'Of those that speak TLS.',
  ),
  authority: orNull(
    Type.Object(certificate, { description: 'Who signs what the gateway makes itself: what a phone has to trust.' }),
  ),
  uplink: orNull(Type.Object(certificate, { description: 'By which the collector knows this gateway.' })),
});

const about = Type.Object({
  name: Type.Literal('Headgate'),
  version: text(''),
  license: text('SPDX.'),
  versions: Type.Object({
    node: text(''),
    sqlite: orNull(text('Of the one that records are kept by.')),
    openssl: text(''),
  }),
  machine: Type.Object({
    hostname: text(''),
    system: text('`linux`, …'),
    release: text('Of the kernel.'),
    architecture: text('`arm64`, `x64`, …'),
    model: orNull(text('What the board says it is, as "Raspberry Pi 4 Model B Rev 1.4".')),
    processors: whole(''),
    memoryBytes: whole(''),
  }),
  addresses: Type.Object({
    http: list(text('A URL.'), 'Of the dashboard, most likely to work first.'),
    mdnsName: orNull(text('`HOSTNAME.local`; null: nothing on this machine answers for it.')),
  }),
  libraries: list(
    Type.Object({ name: text(''), version: text(''), license: text('SPDX.') }),
    'Packages that are used.',
  ),
});

const file = (type: string, description: string) => ({
  200: { description, content: { [type]: Type.String({ format: 'binary' }) } },
});

/** What keeps a gateway in good order. */
export const upkeepOperations: Operations = {
  'GET /api/v1/about': {
    tag: 'Upkeep',
    summary: 'What the gateway is made of, what it runs on, and where it is reached.',
    needs: 'read',
    answers: ok('All of it.', about),
  },
  'GET /api/v1/certificates': {
    tag: 'Upkeep',
    summary: 'Certificates: of listeners, of the gateway’s own authority, and the one that the collector knows.',
    needs: 'read',
    answers: ok('As they are in use.', certificates),
  },
  'GET /api/v1/certificates/authority': {
    tag: 'Upkeep',
    summary: 'The certificate of the gateway’s own authority, for a phone or browser to trust.',
    answers: file('application/x-x509-ca-cert', 'PEM.'),
    problems: ['request.unknown'],
  },
  'POST /api/v1/certificates/renew': {
    tag: 'Upkeep',
    summary:
      'Makes the certificate of the listeners anew, under the same authority, where the gateway makes it itself.',
    description: 'New connections have it within seconds; those that there are stay.',
    needs: 'admin',
    answers: ok('As they are now.', certificates),
    problems: ['request.conflict'],
  },
  'GET /api/v1/support': {
    tag: 'Upkeep',
    summary: 'A support bundle: all that helps to help, without secrets and data of devices.',
    needs: 'admin',
    answers: file('application/gzip', 'Gzipped JSON, as `headgate doctor --bundle` writes it.'),
  },
  'GET /api/v1/backup': {
    tag: 'Upkeep',
    summary: 'A backup of what the gateway keeps, while all goes on.',
    description:
      'Unpack it, and `headgate restore DIRECTORY --data-dir NEW` makes a data directory of it, after the gateway was stopped. One that broke off has no `manifest.json` and is refused.',
    needs: 'admin',
    answers: file('application/x-tar', 'A tar archive of one directory.'),
    problems: ['backup.failed'],
  },
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
