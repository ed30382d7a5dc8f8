import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { Gateway, startCollector } from './headgate.ts';
import { monotonicMs } from './load-protocol.ts';
import { connectPacket, publishPacket } from './mqtt-bytes.ts';
import type { Bench } from './scenario.ts';

/** A gateway that relays to a collector with a file on the same disk. */
export async function startRelaying(bench: Bench, settings: Readonly<Record<string, string>> = {}) {
  const { folder, profileFolder } = bench;
  const collector = await startCollector(`file:${join(folder, 'records.ndjson')}`);
  const gateway = await Gateway.start({
    settings: {
      dataDir: join(folder, 'data'),
      'uplink.url': collector.url,
      'http.maxLiveConnections': '12000',
      ...settings,
    },
    profileFolder,
  });
  await gateway.statusWhen('the uplink to connect', 30_000, 20, (status) => status.number('uplink.connections') > 0);
  const end = async (): Promise<void> => {
    await gateway.end();
    await collector.end();
  };
  return { gateway, address: String(gateway.child.ready.http), end };
}

/** Publishes probes to `probe/a` at a steady rate: each says when it was due, as {@link monotonicMs} has it. */
export async function startProbe(port: number, perSecond: number): Promise<{ end(): void }> {
  const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.write(connectPacket('probe'));
  await new Promise((resolve) => socket.once('data', resolve));
  socket.resume();
  const startedMs = monotonicMs();
  let sent = 0;
  const timer = setInterval(() => {
    for (;;) {
      const dueMs = startedMs + (sent * 1000) / perSecond;
      if (dueMs > monotonicMs()) return;
      socket.write(publishPacket('probe/a', JSON.stringify({ dueMs }), 1 + (sent++ % 65_535)));
    }
  }, 1);
  return {
    end: () => {
      clearInterval(timer);
      socket.destroy();
    },
  };
}
