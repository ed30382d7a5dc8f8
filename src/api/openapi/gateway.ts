import { Type } from 'typebox';
import { flag, json, list, number, type Operations, ok, oneOf, open, orNull, text, time, whole } from './operation.ts';
import { buffer } from './records.ts';

const certificate = orNull(
  Type.Object({
    isOwn: flag('The gateway made it itself.'),
    expiresAt: time('Until when it is good.'),
    fingerprint: text('SHA-256, in hex with colons.'),
  }),
);
const presences = { online: whole(''), stale: whole(''), offline: whole(''), unknown: whole('') };

const uplink = Type.Object(
  {
    state: oneOf(['offline', 'connecting', 'waiting', 'rejected', 'draining', 'stalled', 'live'], ''),
    url: text('Of the collector.'),
    address: orNull(text('`IP:PORT`.')),
    since: time('Since when the state is what it is.'),
    reason: orNull(text('Why it waits, was rejected, or is trying again.')),
    retryAt: orNull(time('When it tries again.')),
    leftRecords: orNull(whole('Of the backlog, while it drains.')),
    etaSeconds: orNull(number('How long they take.')),
    lastAcknowledgedAt: orNull(time('')),
    acknowledgedRecords: whole('Since the start.'),
    acknowledgedBytes: whole('Since the start.'),
    acknowledgedPerSecond: number('Of late.'),
    inFlightBytes: whole('Sent, and not acknowledged yet.'),
    wireBytes: whole('Sent and received since the start.'),
    connections: whole('Since the start.'),
    attempts: whole('Since the start.'),
    canary: orNull(
      Type.Object(
        {
          state: text(''),
          roundTripMs: orNull(number('Of the newest.')),
          secondsSinceReturn: orNull(number('')),
        },
        { additionalProperties: true, description: 'Records of the gateway’s own, sent to see whether they arrive.' },
      ),
    ),
    problem: orNull(text('What keeps some records from being sent.')),
  },
  { additionalProperties: true },
);
const bySeverity = (description: string) =>
  Type.Object({ info: whole(''), warning: whole(''), critical: whole('') }, { description });

const statusReport = Type.Object({
  gateway: Type.Object({
    id: text('Its name.'),
    epoch: text('New at each new data directory.'),
    version: text('Of Headgate.'),
    startedAt: time('When this process started.'),
    uptimeSeconds: whole('Since then.'),
    notice: orNull(text('What to know before anything else, such as that it runs in safe mode.')),
  }),
  health: Type.Object({
    state: oneOf(['starting', 'ready', 'degraded', 'failing', 'stopping'], 'Degraded still takes messages in, safely.'),
    summary: text('The state of things, for people.'),
  }),
  clock: Type.Object(
    {
      now: time('The gateway’s time.'),
      quality: oneOf(['unset', 'estimated', 'synced'], 'How far it can be trusted.'),
      source: text('Who says so.'),
      aheadOfSystemSeconds: number('Of the machine’s own clock, which the gateway does not set.'),
      contradictions: list(Type.String(), 'Whose clock differs from it, and by how much.'),
    },
    { additionalProperties: true },
  ),
  mqtt: open('The broker: connections, refusals, deliveries left out.'),
  serial: open('Serial ports.'),
  modbus: open('Modbus buses.'),
  bridges: Type.Array(open('A broker that messages are taken from.')),
  flow: Type.Object({
    received: whole('Messages taken in since the start.'),
    confirmed: whole('Of those, durable and confirmed to their source.'),
    refused: whole('Of those, refused: their source knows.'),
    undecoded: whole('Of which nothing is known: their payload is kept.'),
    receivedPerSecond: number('Of late.'),
    confirmedPerSecond: number('Of late.'),
  }),
  buffer,
  uplink,
  history: open('What is kept for charts: series, points left out, bytes.'),
  live: open('Readers of what happens, and what they missed.'),
  alarms: Type.Object(
    {
      active: bySeverity('Raised, and nobody has said that they know.'),
      acknowledged: bySeverity('Raised, and somebody knows.'),
      pending: whole('Something is wrong, not for long enough yet.'),
      critical: Type.Array(Type.String(), { description: 'The newest critical ones that are raised, by name.' }),
      webhook: orNull(
        Type.Object({
          queued: whole('Calls that wait.'),
          delivered: whole('Calls that were taken since the start.'),
          failures: whole('Attempts that came to nothing.'),
          dropped: Type.Object({ full: whole('Too many waited.'), late: whole('For too long.') }),
          failure: orNull(text('Why the last attempt came to nothing; null: it did not.')),
        }),
      ),
    },
    { additionalProperties: true },
  ),
  devices: Type.Object({ ...presences, total: whole(''), ignored: whole('') }, { additionalProperties: true }),
  profiles: open('Profiles, and what became of messages under them.'),
  redecode: open('What was asked last to be decoded again.'),
  commands: open('Commands under way, and what became of them.'),
  load: Type.Object({
    level: oneOf(['normal', 'busy', 'overloaded'], 'How much of what is asked can be done.'),
    reason: orNull(text('Why it is not normal.')),
    shed: open('What was put off because of it.'),
    limited: open('What was refused because one caller wanted too much.'),
  }),
  tls: Type.Object(
    { http: certificate, grpc: certificate },
    { description: 'Certificates of listeners; null: no TLS.' },
  ),
  collector: orNull(Type.Object({ address: text('Where it listens.'), sink: text('Where it writes.') })),
  process: Type.Object(
    {
      pid: whole(''),
      rssBytes: whole('Memory.'),
      cpuSeconds: number('Since the start.'),
      eventLoopDelayMs: Type.Object({ p50: number(''), p99: number(''), max: number('') }),
    },
    { additionalProperties: true },
  ),
});

/** What is asked of the gateway itself. */
export const gatewayOperations: Operations = {
  'GET /': {
    tag: 'Gateway',
    summary: 'The dashboard.',
    answers: { 200: { description: 'A page.', content: { 'text/html': Type.String() } } },
  },
  'GET /ui/{file}': {
    tag: 'Gateway',
    summary: 'What the dashboard consists of.',
    path: { file: text('Named by the page.') },
    answers: { 200: { description: 'A file.', content: { 'text/javascript': Type.String() } } },
  },
  'GET /api/openapi.json': {
    tag: 'Gateway',
    summary: 'This document.',
    answers: { 200: { description: 'OpenAPI 3.1.', content: json(open('OpenAPI 3.1.')) } },
  },
  'GET /api/docs': {
    tag: 'Gateway',
    summary: 'This document, for people.',
    answers: { 200: { description: 'A page.', content: { 'text/html': Type.String() } } },
  },
  'GET /api/v1/logs': {
    tag: 'Gateway',
    summary: 'Tells the newest lines of the log.',
    description: 'Of this run, without secrets. To follow it, give `next` as `after`, with `waitMs`.',
    needs: 'admin',
    query: {
      after: text('`next` of the answer before: lines that came since.'),
      level: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal'], 'This and above.'),
      part: text('Who says it: `mqtt`, `uplink`, …'),
      limit: whole('Up to 1,000. Default 200.'),
      waitMs: whole('How long to wait for a line, up to 55,000. Default 0.'),
    },
    answers: ok(
      'The lines, the oldest first.',
      Type.Object({ lines: Type.Array(open('A line.')), next: text('What to give as `after`.') }),
    ),
  },
  'GET /api/v1/health/live': {
    tag: 'Gateway',
    summary: 'Whether the process is there.',
    answers: ok('It is.', Type.Object({ status: Type.Literal('live') })),
  },
  'GET /api/v1/health/ready': {
    tag: 'Gateway',
    summary: 'Whether messages are taken in, safely.',
    answers: ok('They are.', Type.Object({ status: Type.Literal('ready') })),
    problems: ['gateway.not-ready'],
  },
  'GET /api/v1/status': {
    tag: 'Gateway',
    summary: 'What the gateway says of itself.',
    needs: 'read',
    answers: ok('All of it, of this moment.', statusReport),
  },
  'GET /api/v1/uplink': {
    tag: 'Gateway',
    summary: 'The way to the collector: where it stands, and why.',
    needs: 'read',
    answers: ok('As things stand.', uplink),
  },
  'GET /metrics': {
    tag: 'Gateway',
    summary: 'The same in numbers, for Prometheus.',
    needs: 'read',
    answers: { 200: { description: 'Text format 0.0.4.', content: { 'text/plain': Type.String() } } },
  },
  'GET /metrics/devices': {
    tag: 'Gateway',
    summary: 'What devices say, in numbers, for Prometheus.',
    description:
      'The newest value of each field, whether the device is there, and what it sent; of devices that the caller may see.',
    needs: 'read',
    answers: { 200: { description: 'Text format 0.0.4.', content: { 'text/plain': Type.String() } } },
  },
  'PUT /api/v1/clock': {
    tag: 'Gateway',
    summary: 'Tells the gateway what time it is.',
    description: 'While its clock is not set, for callers of its own network too.',
    needs: 'admin',
    body: json(Type.Object({ now: time('The time, with its zone.') })),
    answers: ok(
      'It is believed.',
      Type.Object({
        quality: text('How far the clock can be trusted.'),
        source: text('Who told the time.'),
        now: time('By the gateway.'),
      }),
    ),
    problems: ['request.conflict'],
  },
};

export const isTrial = flag('Nothing was changed: it was only asked what would be.');
