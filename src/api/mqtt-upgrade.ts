import type { ByteStream } from '../lib/byte-stream.ts';
import type { UpgradeRoute } from './upgrades.ts';
import { WebSocketStream } from './websocket-stream.ts';

/** Where clients that come by WebSocket are let in. */
export interface MqttDoor {
  /** Largest packet that is taken, in bytes. */
  readonly maxPacketSize: number;
  readonly maxUnsentPerClient: number;
  /** A connection on which a client will say CONNECT. */
  readonly accept: (stream: ByteStream) => void;
}

/** MQTT over WebSocket at `/mqtt` (MQTT 5.0 § 6): whoever may connect by TCP may connect here, and is treated the same. */
export function mqttUpgrade({ maxPacketSize, maxUnsentPerClient, accept }: MqttDoor): UpgradeRoute {
  return {
    path: '/mqtt',
    // MQTT 3.1 over WebSocket has its own name (IANA's registry of subprotocols has no other).
    protocols: ['mqtt', 'mqttv3.1'],
    // A client may put several packets into one message, and some put all that they have.
    maxMessageBytes: maxPacketSize * 4,
    maxUnsentBytes: maxUnsentPerClient,
    open: (webSocket, _request, socket) => accept(new WebSocketStream(webSocket, socket)),
  };
}
