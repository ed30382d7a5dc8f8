import type { AedesPublishPacket, Client } from 'aedes';
import type { ByteStream } from '../../lib/byte-stream.ts';
import type { Tally } from '../../lib/tally.ts';
import { deliveryTo } from './connections.ts';
import type { RefusedReason, SkippedReason } from './refused.ts';

/** Who takes messages too slowly does not get this one, or, where it must not miss it, is disconnected. */
export function forward(
  client: Client,
  packet: AedesPublishPacket,
  maxUnsentBytes: number,
  skipped: Tally<SkippedReason>,
  refused: Tally<RefusedReason>,
): AedesPublishPacket | null {
  const socket = client.conn as ByteStream;
  switch (deliveryTo(socket.writableLength, maxUnsentBytes, packet.qos)) {
    case 'deliver':
      return packet;
    case 'skip':
      skipped.add('slow-subscriber');
      return null;
    case 'disconnect':
      refused.add('slow-subscriber');
      socket.destroy();
      return null;
  }
}
