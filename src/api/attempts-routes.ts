import type { FastifyInstance } from 'fastify';
import type { Auth } from '../auth/auth.ts';
import type { AttemptReason, AttemptsReport } from '../sources/mqtt/attempts.ts';
import type { MqttStatus } from '../sources/mqtt/status.ts';
import { admin, needs } from './guard.ts';

/** The broker, as far as it can be asked who tried to connect. */
export interface AttemptsApi {
  status(): Pick<MqttStatus, 'address' | 'connections' | 'connectionsTotal' | 'refused'>;
  attempts(): AttemptsReport;
}

/** What to do next, for each reason that a device's owner can do something about. */
const advice: Partial<Readonly<Record<AttemptReason, string>>> = {
  'bad-credentials': 'Check the user name and the password that the device has, or make it new ones.',
  anonymous: 'Give the device a user name and a password: without them only this machine is let in.',
  throttled: 'Too many passwords were wrong: correct the device, and wait a minute.',
  'not-authorized': 'Use another client id, or give these credentials the right to publish the will.',
  'version-refused': 'Have the device speak MQTT 3.1, 3.1.1 or 5.',
  'tls-failed': 'Have the device trust this gateway’s certificate, or use the port without TLS.',
  'connect-timeout': 'Something connects and says nothing: is it an MQTT client?',
  'connection-lost': 'It left before it had said who it is: check its network, and whether it is an MQTT client.',
  'protocol-error': 'It does not speak MQTT as it should: is it the right port, with or without TLS?',
  'too-many-connections': 'End connections that are not needed, or raise `mqtt.maxConnections`.',
};

/**
 * `GET /api/v1/connections/attempts`, for administrators: how many connections the broker has seen, the last fifty kinds of attempts that
 * came to nothing, and who is connected and has published nothing. For whoever waits for a device that does not come.
 */
export function addAttemptsRoute(app: FastifyInstance, mqtt: AttemptsApi, auth: Auth): void {
  app.get('/api/v1/connections/attempts', needs(admin), () => {
    const { address, connections, connectionsTotal, refused } = mqtt.status();
    const { attempts, silent, silentTotal } = mqtt.attempts();
    return {
      mqtt: { address, connections, connectionsTotal, refused },
      attempts: attempts.map((attempt) => ({
        ...attempt,
        isKnownUser: attempt.userName === null ? null : auth.book.named('device', attempt.userName) !== undefined,
        advice: advice[attempt.reason] ?? null,
      })),
      silent,
      silentTotal,
    };
  });
}
