import { Type } from 'typebox';
import { list, type Operations, ok, open, text } from './operation.ts';

const filter = {
  kinds: Type.Optional(
    text('`measurement`, `device`, `command`, `status`, `discovery`, `alarm`: several with commas.'),
  ),
  devices: Type.Optional(text('Ids of devices, with `*` for any characters; several with commas.')),
  topics: Type.Optional(text('MQTT topic filters; several with commas.')),
  fields: Type.Optional(text('Names of fields, with `*`: measurements that have one of them. Several with commas.')),
  also: Type.Optional(
    text('Kinds of which every event is wanted besides, whatever the others ask for. Several with commas.'),
  ),
  after: Type.Optional(text('A cursor: what came after it, instead of what comes from now on.')),
};

/** What happens, as it happens. WebSockets are beyond OpenAPI: the README tells of them. */
export const liveOperations: Operations = {
  'GET /api/v1/live': {
    tag: 'Live',
    summary: 'Streams what happens, as Server-Sent Events.',
    description:
      'Events are named by their kind; `ready`, `reset`, `gap` and `error` say how the stream itself is. `WebSocket /api/v1/live/ws` has the same, and more.',
    needs: 'read, read:device/… or subscribe:…',
    query: filter,
    headers: {
      'last-event-id': Type.Optional(
        text('The cursor of the last event, as browsers send it: counts for more than `after`.'),
      ),
    },
    answers: { 200: { description: 'A stream without an end.', content: { 'text/event-stream': Type.String() } } },
    problems: ['overload.shed'],
  },
  'GET /api/v1/live/poll': {
    tag: 'Live',
    summary: 'Waits for what happens next.',
    description: 'For whoever can only ask. Without `after` it answers at once, with the cursor to begin with.',
    needs: 'read, read:device/… or subscribe:…',
    query: {
      ...filter,
      waitMs: Type.Optional(
        Type.Integer({ minimum: 0, maximum: 55_000, default: 25_000, description: 'How long to wait.' }),
      ),
    },
    answers: ok(
      'What happened, or nothing when the time was over.',
      Type.Object({
        events: list(open('An event, `gap` or `reset`: as over Server-Sent Events.')),
        next: text('What to give as `after` the next time.'),
      }),
    ),
    problems: ['overload.shed'],
  },
};
