import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { freePort } from '../../test/support/tcp-port.ts';
import { type Child, startChild } from './children.ts';
import { until } from './wait.ts';

/** Where Debian puts it; a plain user's PATH leaves this out. */
const searchPath = `${process.env.PATH ?? ''}:/usr/local/sbin:/usr/sbin`;

export interface Nats extends Child {
  /** `nats://HOST:PORT` */
  readonly url: string;
}

/** One nats-server with JetStream, on loopback, its files in a folder. */
export async function startNats(folder: string): Promise<Nats> {
  const port = await freePort();
  const config = join(folder, 'nats.conf');
  writeFileSync(config, `listen: "127.0.0.1:${port}"\njetstream { store_dir: "${join(folder, 'nats')}" }\n`);
  const env = { ...process.env, PATH: searchPath };
  const child = await startChild('nats-server', 'nats-server', ['-c', config], { env });
  const url = `nats://127.0.0.1:${port}`;
  const isThere = async (): Promise<true | undefined> => {
    try {
      const connection = await connect({ servers: url, timeout: 500 });
      await connection.close();
      return true;
    } catch {
      // Not yet: it is asked again.
      return undefined;
    }
  };
  await Promise.race([until('nats-server to listen', 10_000, 20, isThere), child.failed]);
  return { ...child, url };
}

/** How many messages the collectors' stream holds. */
export async function countPublished(url: string): Promise<number> {
  const connection = await connect({ servers: url });
  try {
    const manager = await jetstreamManager(connection);
    const { state } = await manager.streams.info('headgate');
    return state.messages;
  } finally {
    await connection.close();
  }
}
