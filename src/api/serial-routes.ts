import type { FastifyInstance } from 'fastify';
import type { ListedPort } from '../sources/serial/status.ts';

export interface SerialApi {
  /** Those that this machine has, then those that are only in the configuration. */
  readonly list: () => Promise<readonly ListedPort[]>;
}

/** `GET /api/v1/serial`: the serial ports that this machine has and what they seem to be, and those that are configured. */
export function addSerialRoutes(app: FastifyInstance, serial: SerialApi): void {
  app.get('/api/v1/serial', async () => ({ ports: await serial.list() }));
}
