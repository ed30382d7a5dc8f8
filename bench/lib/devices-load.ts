import { connect } from 'node:net';
import { monotonicMs } from './load-protocol.ts';
import { connectPacket, publishPacket } from './mqtt-bytes.ts';

/** Devices that publish one after another, with QoS 1, to `site/N/climate`: so many messages a second of all of them. */
export async function startDevices(port: number, count: number, perSecond: number): Promise<{ end(): void }> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.write(connectPacket('devices'));
  await new Promise((resolve) => socket.once('data', resolve));
  socket.resume();
  const startedMs = monotonicMs();
  let sent = 0;
  const timer = setInterval(() => {
    while (startedMs + (sent * 1000) / perSecond <= monotonicMs()) {
      const value = { temperature: 20 + (sent % 100) / 10, humidity: 40 + (sent % 20), battery: 90 };
      socket.write(publishPacket(`site/${sent % count}/climate`, JSON.stringify(value), 1 + (sent++ % 65_535)));
    }
  }, 5);
  return {
    end: () => {
      clearInterval(timer);
      socket.destroy();
    },
  };
}
