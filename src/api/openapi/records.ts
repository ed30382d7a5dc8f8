import { Type } from 'typebox';
import {
  flag,
  json,
  list,
  named,
  number,
  type Operations,
  ok,
  oneOf,
  open,
  orNull,
  text,
  time,
  traceparent,
  whole,
} from './operation.ts';

const ledger = Type.Object({
  received: whole('= delivered + waiting + dropped.'),
  delivered: whole(''),
  waiting: whole(''),
  dropped: named(whole(''), 'By reason.'),
});
const priority = oneOf(['critical', 'normal', 'bulk'], '');
const durability = oneOf(['local', 'anywhere', 'relaxed', 'memory'], '');

/** Also a part of the status. */
export const buffer = Type.Object({
  state: oneOf(
    ['open', 'full', 'failing', 'closed'],
    'Full: there is no room, so what must not be dropped waits at its source.',
  ),
  failure: Type.Optional(text('While failing.')),
  full: Type.Optional(
    Type.Object({
      of: oneOf(
        ['disk', 'budget', 'rule'],
        'What is used up, while full: the space on the disk, `buffer.maxBytes`, or the `maxBytes` of a rule.',
      ),
      directory: Type.Optional(text('A directory on the disk that has no room.')),
      freeBytes: Type.Optional(whole('What that disk has left.')),
    }),
  ),
  waitingRecords: whole('That the collector has not acknowledged.'),
  waitingBytes: whole(''),
  oldestWaitingAt: orNull(time('')),
  oldestWaitingSeconds: whole(''),
  lastSequence: whole(''),
  pendingBytes: whole('In memory only.'),
  diskBytes: whole('What its files take.'),
  maxBytes: whole('What they may take.'),
  roomBytes: whole('What they can take as of now: `maxBytes`, or less where the disk has less left.'),
  commits: whole(''),
  commitMs: Type.Object({ last: number(''), max: number('') }),
  ledger,
  lanes: list(
    Type.Object({
      lane: text(''),
      rule: text('Whose records they are.'),
      priority,
      durability,
      gate: oneOf(['open', 'blocked', 'dropping'], ''),
      waitingRecords: whole(''),
      waitingBytes: whole(''),
      diskBytes: whole(''),
      oldestWaitingAt: orNull(time('')),
      ledger,
    }),
  ),
  flashBytes: named(whole(''), 'Written since the start, by durability.'),
  damages: list(Type.String(), 'What was wrong with the files.'),
  refused: whole('Messages refused: their source knows.'),
  replayingRecords: Type.Optional(whole('Records that are being sent again.')),
});

const window = {
  from: Type.Optional(time('Taken in at this time or later.')),
  to: Type.Optional(time('Taken in before this time.')),
  rule: Type.Optional(text('Of this rule only.')),
};

export const bufferOperations: Operations = {
  'GET /api/v1/buffer': {
    tag: 'Records',
    summary: 'The ledger, each rule’s share, the budget, and what was found damaged.',
    needs: 'read',
    answers: ok('As things stand.', buffer),
  },
  'POST /api/v1/buffer/export': {
    tag: 'Records',
    summary: 'The records of a window that are on disk.',
    needs: 'read',
    body: json(Type.Object(window)),
    answers: {
      200: {
        description: 'A record a line, as the file sink writes them, marked historical.',
        content: { 'application/x-ndjson': Type.String() },
      },
    },
  },
  'POST /api/v1/buffer/replay': {
    tag: 'Records',
    summary: 'Sends a window to the collector once more.',
    needs: 'admin',
    body: json(Type.Object({ ...window, from: time(''), to: time('') })),
    answers: ok('They are on their way.', Type.Object({ records: whole('How many.') })),
  },
  'POST /api/v1/buffer/backup': {
    tag: 'Records',
    summary: 'Copies the gateway’s data into an empty directory of its machine.',
    needs: 'admin',
    body: json(Type.Object({ directory: text('An absolute path.') })),
    answers: ok(
      'What was copied.',
      Type.Object({
        format: whole(''),
        gateway: text(''),
        epoch: text(''),
        createdAt: time(''),
        version: text(''),
        files: list(open('A file with its size and checksum.')),
      }),
    ),
    problems: ['directory.not-empty', 'backup.failed', 'buffer.closed'],
  },
};

const handling = Type.Object({
  of: oneOf(['all', 'mqtt-qos-0', 'others'], 'Of which of the rule’s messages.'),
  priority,
  durability,
  ttlMs: orNull(whole('Null: for ever.')),
  whenFull: oneOf(['block', 'dropOldest', 'dropNewest'], ''),
  maxBytes: orNull(whole('Null: as much as the buffer has.')),
});
const rule = Type.Object({
  name: text(''),
  isBuiltIn: flag('One of the two that are always there.'),
  match: open('As in the configuration.'),
  matches: text('The same in words.'),
  handlings: list(handling),
  thin: orNull(open('As in the configuration.')),
  thins: orNull(text('The same in words.')),
  forward: flag('Its records go to the collector.'),
  hiddenBy: orNull(text('The rule before it that takes all that it could match.')),
});

export const ifMatch = text('The `etag` that was read: only if it is still as it was then.');

export const ruleOperations: Operations = {
  'GET /api/v1/rules': {
    tag: 'Records',
    summary: 'Lists QoS rules; with `topic`, also which one holds for such a message, and why.',
    needs: 'read',
    query: {
      topic: text('Of a message.'),
      payload: text('Its payload.'),
      mqttQos: oneOf(['0', '1', '2'], ''),
      source: text('The way that it came; `mqtt` without it.'),
    },
    answers: ok(
      'Every rule in order, defaults included.',
      Type.Object({ rules: list(rule), explain: Type.Optional(open('What is seen in the message, and why.')) }),
    ),
  },
  'PUT /api/v1/rules': {
    tag: 'Configuration',
    summary: 'Sets the QoS rules, durably; they hold from the next message on.',
    needs: 'admin',
    headers: { 'if-match': ifMatch },
    description:
      'As a list, or as its text, whose faults are told with line and column. An empty text takes back what was set, so that the file’s word counts again.',
    body: json(
      Type.Union([
        Type.Object({ rules: list(open('A rule, as in the configuration.')) }),
        Type.Object({ text: text('The list, as YAML or JSON.') }),
      ]),
    ),
    answers: ok('As they hold.', Type.Object({ rules: list(rule) })),
    problems: ['request.conflict', 'precondition.failed'],
  },
};

const graphql = Type.Object({
  query: text('The document.'),
  operationName: Type.Optional(orNull(text(''))),
  variables: Type.Optional(orNull(open(''))),
});
const graphqlAnswer = Type.Object({ data: Type.Optional(orNull(open(''))), errors: Type.Optional(list(open(''))) });

export const graphqlOperations: Operations = {
  'POST /graphql': {
    tag: 'GraphQL',
    summary: 'Queries and mutations; the schema tells of itself by introspection.',
    needs: 'by field',
    headers: { traceparent },
    body: json(graphql),
    answers: {
      200: { description: 'What came of it.', content: json(graphqlAnswer) },
      400: { description: 'It can’t be carried out.', content: json(graphqlAnswer) },
    },
  },
  'GET /graphql': {
    tag: 'GraphQL',
    summary: 'The same for queries.',
    needs: 'by field',
    query: { query: text('The document.'), operationName: text(''), variables: text('JSON.') },
    answers: {
      200: { description: 'What came of it.', content: json(graphqlAnswer) },
      400: { description: 'It can’t be carried out.', content: json(graphqlAnswer) },
    },
  },
};
