import { type Static, Type } from 'typebox';
import { bytes, count, duration } from '../lib/option-types.ts';

export const limitsOptions = Type.Object({
  requestsPerSecond: count({
    minimum: 0,
    default: 500,
    description:
      'Requests that one program or person may make over HTTP, calls over gRPC, and questions over WebSockets, on average; 0: as many as they like.',
  }),
  messagesPerSecond: count({
    minimum: 0,
    default: 10000,
    description:
      'Messages that one program, person or device may publish, on average; 0: as many as they like. Beyond it, no more is read from an MQTT client for a while, and others are refused.',
  }),
  bytesPerSecond: bytes({
    default: '8MiB',
    description: 'What those messages may have together, on average; 0: as much as they like.',
  }),
  burst: duration({
    default: '5s',
    description: 'The time of which all may come at once, after a pause.',
  }),
  connectionsPerCaller: count({
    minimum: 0,
    default: 500,
    description:
      'MQTT connections, WebSockets, event streams and gRPC calls that stay open which one program, person or device may have at a time; further ones are refused. 0: as many as they like.',
  }),
  connectionsPerAddress: count({
    minimum: 0,
    default: 200,
    description:
      'HTTP connections of one other machine at a time, and as many of gRPC; further ones are closed. 0: as many as it likes.',
  }),
  maxDelay: duration({
    default: '250ms',
    description:
      'How late the gateway may be with everything before history, GraphQL and other reads that can wait are put off and slow live readers let go; at four times that, what is published as `bulk` over HTTP and gRPC is put off too, and no live reader is let in.',
  }),
});
export type LimitsOptions = Static<typeof limitsOptions>;
