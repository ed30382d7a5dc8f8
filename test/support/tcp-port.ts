import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type ListenOptions } from 'node:net';

/**
 * Ports that nobody gets by asking for any: Linux takes those, and the near ends of connections, from 32768 and up
 * (`net.ipv4.ip_local_port_range`).
 */
const [first, last] = [20_000, 32_767];

/**
 * A port of 127.0.0.1 on which nobody listens, and that nothing else on this machine gets by chance as long as this
 * process runs: neither by asking for any port, nor from here in another process. So a program may end and come back on
 * it, and a port on which nobody listens stays one.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(first, last + 1);
    if ((await isClaimed(port)) && (await isUnused(port))) return port;
  }
}

/** An abstract socket by the port's name: it ends with this process, whatever ends it. */
async function isClaimed(port: number): Promise<boolean> {
  const claim = createServer().unref();
  return await listens(claim, { path: `\0headgate-test-port-${port}` });
}

async function isUnused(port: number): Promise<boolean> {
  const server = createServer();
  if (!(await listens(server, { port, host: '127.0.0.1' }))) return false;
  server.close();
  await once(server, 'close');
  return true;
}

/** @throws the error of `listen`, other than that the place is taken */
async function listens(server: ReturnType<typeof createServer>, place: ListenOptions): Promise<boolean> {
  server.listen(place);
  try {
    await once(server, 'listening');
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
    throw error;
  }
}

/** Whether somebody listens there. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
