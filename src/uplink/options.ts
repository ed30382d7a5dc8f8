import { type Static, Type } from 'typebox';
import { bytes, duration } from '../lib/option-types.ts';

export const uplinkOptions = Type.Object({
  url: Type.Optional(
    Type.String({
      description: 'The collector, as `http://HOST:PORT`. Unset: the embedded collector.',
      examples: ['http://collector.example.org:50052'],
    }),
  ),
  windowBytes: bytes({
    default: '8MiB',
    description: 'What may be sent and not yet acknowledged; the collector may ask for less.',
  }),
  keepalive: duration({ default: '20s', description: 'How often an idle connection is probed.' }),
  keepaliveTimeout: duration({
    default: '10s',
    description: 'How long a probe may stay unanswered before the connection counts as dead.',
  }),
  acknowledgeTimeout: duration({
    default: '30s',
    description:
      'How long sent records may stay unacknowledged before the connection is given up and dialled anew, even when it looks alive.',
  }),
  connectTimeout: duration({ default: '10s', description: 'How long the collector may take from dial to welcome.' }),
  retryMin: duration({ default: '500ms', description: 'Shortest wait before dialling again.' }),
  retryMax: duration({ default: '30s', description: 'Longest wait before dialling again.' }),
});
export type UplinkOptions = Static<typeof uplinkOptions>;
