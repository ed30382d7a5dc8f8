import { type Static, Type } from 'typebox';
import { listenerTls } from '../../lib/listener-tls.ts';
import { bytes, count, duration, port } from '../../lib/option-types.ts';

export const mqttOptions = Type.Object({
  host: Type.String({
    default: '127.0.0.1',
    description:
      'Address to listen on. Clients that come in by another address than loopback show a user name and password.',
  }),
  port: port({ default: 1883, description: 'TCP port for MQTT 3.1, 3.1.1 and 5.' }),
  maxPacketSize: bytes({
    default: '256KiB',
    description: 'Largest MQTT packet accepted; a larger one ends its connection.',
  }),
  maxConnections: count({
    default: 1000,
    description:
      'Connections at once. Beyond it, those that have not said CONNECT make room; then new ones are refused.',
  }),
  maxInFlight: count({
    default: 1000,
    maximum: 65535,
    description:
      'Messages that one client may have unacknowledged before no more are read from it (in MQTT 5 its Receive Maximum).',
  }),
  maxTopicLevels: count({ default: 20, maximum: 100, description: 'Levels that a topic or filter may have.' }),
  maxSubscriptionsPerClient: count({ default: 1000, description: 'Subscriptions that one client may hold.' }),
  maxRetained: count({ default: 10000, description: 'Topics whose retained message is kept; further ones are not.' }),
  maxRetainedBytes: bytes({ default: '32MiB', description: 'What all retained messages may take together.' }),
  maxSessions: count({
    default: 10000,
    description:
      'Persistent sessions kept; beyond it further clients may subscribe only for as long as they are connected.',
  }),
  maxQueuedPerClient: count({
    default: 1000,
    description:
      'Messages kept for one client with a persistent session that does not take them; beyond it the oldest goes and is counted.',
  }),
  maxQueuedBytes: bytes({
    default: '64MiB',
    description: 'What may be kept for all such clients together; beyond it new messages skip them and are counted.',
  }),
  maxUnsentPerClient: bytes({
    default: '1MiB',
    description:
      'What may wait for one subscriber that reads slowly. Beyond it QoS 0 messages skip it and are counted; QoS 1 and 2 disconnect it. Less than 128KiB counts as that.',
  }),
  maxKeepAlive: duration({
    default: '0s',
    description:
      'Longest Keep Alive of an MQTT 5 client: one that asks for more, or for none, is given this (Server Keep Alive). 0: as the client says.',
  }),
  connectTimeout: duration({ default: '10s', description: 'How long a new connection may take to send CONNECT.' }),
  drainTimeout: duration({
    default: '5s',
    description: 'How long a client may leave its own acknowledgements unread before it is disconnected.',
  }),
  anonymous: Type.Boolean({
    default: true,
    description: 'Whether clients on this machine, which come in by loopback, need no user name.',
  }),
  tls: Type.Object(
    {
      ...listenerTls,
      host: Type.Optional(
        Type.String({ description: 'Address to listen on. Unset: that of `mqtt.host`.', examples: ['0.0.0.0'] }),
      ),
      port: port({ default: 8883, description: 'TCP port for MQTT over TLS, besides that without.' }),
      clientCa: Type.Optional(
        Type.String({
          description:
            'File with authorities (PEM) that sign devices: whose certificate has the common name of a credential needs no password.',
          examples: ['/etc/headgate/devices-ca.pem'],
        }),
      ),
      requireCertificate: Type.Boolean({
        default: false,
        description: 'Whether a client without a certificate that `clientCa` signed is turned away.',
      }),
    },
    { default: {}, description: 'MQTT over TLS.' },
  ),
});
export type MqttOptions = Static<typeof mqttOptions>;
/** What the broker itself is told; of the rest it is handed what came of it. */
export type BrokerOptions = Omit<MqttOptions, 'tls' | 'anonymous'>;
