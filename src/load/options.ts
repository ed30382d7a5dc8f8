import { type Static, Type } from 'typebox';
import { bytes, count, duration } from '../lib/option-types.ts';

export const limitsOptions = Type.Object({
  requestsPerSecond: count({
    minimum: 0,
    default: 500,
    description: 'Requests that one program or person may make over HTTP, on average; 0: as many as they like.',
  }),
  messagesPerSecond: count({
    minimum: 0,
    default: 10000,
    description:
      'Messages that one program or person may publish over HTTP, WebSockets, GraphQL and gRPC, on average; 0: as many as they like.',
  }),
  bytesPerSecond: bytes({
    default: '8MiB',
    description: 'What those messages may have together, on average; 0: as much as they like.',
  }),
  burst: duration({
    default: '5s',
    description: 'The time of which all may come at once, after a pause.',
  }),
  connectionsPerAddress: count({
    minimum: 0,
    default: 200,
    description: 'HTTP connections of one other machine at a time; further ones are closed. 0: as many as it likes.',
  }),
  maxDelay: duration({
    default: '250ms',
    description:
      'How late the gateway may be with everything before history, GraphQL and other reads that can wait are put off and slow live readers let go; at four times that, what is published as `bulk` over HTTP and gRPC is put off too, and no live reader is let in.',
  }),
});
export type LimitsOptions = Static<typeof limitsOptions>;
