import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort } from '../../test/support/tcp-port.ts';
import { type Child, startChild } from './children.ts';
import { until } from './wait.ts';

/** Where Debian puts it; a plain user's PATH leaves this out. */
const searchPath = `${process.env.PATH ?? ''}:/usr/local/sbin:/usr/sbin`;

export interface Mosquitto extends Child {
  readonly port: number;
}

/**
 * Mosquitto without persistence, and without the limits at which it would hold back or drop messages.
 *
 * @param folder for its configuration
 * @param bridgeTo port of a Mosquitto to which everything is passed on with QoS 1
 */
export async function startMosquitto(name: string, folder: string, bridgeTo?: number): Promise<Mosquitto> {
  const port = await freePort();
  const config = join(folder, `${name}.conf`);
  const lines = [
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    'persistence false',
    'log_type error',
    'sys_interval 1',
    // With its defaults (20 and 1000) a bridge under load drops messages. 0 is no limit; for what is in flight, 100 to
    // 1000 gave the bridge its best rate and least CPU here, better than 20 or no limit.
    'max_inflight_messages 1000',
    'max_queued_messages 0',
  ];
  if (bridgeTo !== undefined) {
    lines.push(
      ...['connection far', `address 127.0.0.1:${bridgeTo}`, 'topic # out 1', 'try_private true'],
      ...['notifications false', 'restart_timeout 1', 'cleansession false'],
    );
  }
  writeFileSync(config, `${lines.join('\n')}\n`);
  const child = await startChild(name, 'mosquitto', ['-c', config], { env: { ...process.env, PATH: searchPath } });
  await Promise.race([until(`${name} to listen`, 10_000, 20, async () => await accepts(port)), child.failed]);
  return { ...child, port };
}

async function accepts(port: number): Promise<true | undefined> {
  return await new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(undefined));
    socket.once('close', () => resolve(undefined));
    socket.once('connect', () => socket.destroy());
  });
}
