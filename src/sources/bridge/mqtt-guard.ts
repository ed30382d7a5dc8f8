import type { IPublishPacket, MqttClient, Packet } from 'mqtt';

// Where MQTT.js' public interface ends. It handles one message after the other and acknowledges it when its handler is done, so
// that each message would cost a commit of its own; and a QoS 2 message of MQTT 3.1.1 it acknowledges before anybody has seen
// it. So its acknowledgements are held back here, on their way out. A contract test holds what this rests on.

type Done = (error?: Error) => void;
type SendPacket = (packet: Packet, done?: Done, ...rest: unknown[]) => void;

/** A message whose acknowledgement is not due yet. */
interface Held {
  isDue: boolean;
  /** Sends it; undefined while MQTT.js has not asked for that. */
  send: (() => void) | undefined;
}

export interface GuardEvents {
  /** A PUBLISH has come. QoS 1 and 2 are acknowledged once `acknowledge` is called, which may be at once. */
  readonly onPublish: (packet: IPublishPacket, acknowledge: () => void) => void;
  /** PUBREL: the broker knows that a QoS 2 message was taken in, and its packet id may be another one's. */
  readonly onReleased: (packetId: number) => void;
  /** Calls back once there is room for another message. Until then nothing is read: TCP holds the broker back. */
  readonly whenRoom: (go: () => void) => void;
}

/** Call it right after the client is made. */
export function guard(client: MqttClient, { onPublish, onReleased, whenRoom }: GuardEvents): void {
  const held = new Map<number, Held>();
  const inner = client as unknown as { _sendPacket: SendPacket; _trackIncomingQoS2Publish: () => boolean };
  // Brokers may send more than they were allowed to when a session is taken up again. That is bounded here, and no reason to go.
  inner._trackIncomingQoS2Publish = () => true;
  const sendPacket = inner._sendPacket.bind(client);
  let isWaiting = false;
  const readOnWhenRoom = (go: () => void): void => {
    isWaiting = true;
    whenRoom(() => {
      isWaiting = false;
      go();
    });
  };
  const timeOut = client.onKeepaliveTimeout.bind(client);
  client.onKeepaliveTimeout = () => {
    // While nothing is read, the broker's answers lie unread too. It goes on being pinged, so that it does not take us for dead.
    if (!isWaiting) return timeOut();
    client.sendPing();
    client.reschedulePing(true);
  };
  client.on('packetreceive', (packet) => {
    if (packet.cmd === 'pubrel') onReleased(packet.messageId ?? 0);
    if (packet.cmd !== 'publish') return;
    const { qos, messageId = 0 } = packet;
    if (qos === 0) {
      onPublish(packet, () => {});
      return;
    }
    const acknowledgement: Held = { isDue: false, send: undefined };
    held.set(messageId, acknowledgement);
    onPublish(packet, () => {
      acknowledgement.isDue = true;
      acknowledgement.send?.();
    });
  });
  inner._sendPacket = (packet, done, ...rest) => {
    const { cmd, messageId = 0 } = packet;
    const acknowledgement = cmd === 'puback' || cmd === 'pubrec' ? held.get(messageId) : undefined;
    if (acknowledgement === undefined) {
      sendPacket(packet, done, ...rest);
      return;
    }
    held.delete(messageId);
    const send = (): void => {
      // What the broker does not get on this connection, it sends again on the next one.
      if (client.connected) sendPacket(packet, undefined, ...rest);
    };
    if (acknowledgement.isDue) send();
    else acknowledgement.send = send;
    // It asks for the next packet now.
    readOnWhenRoom(() => done?.());
  };
  client.handleMessage = (packet, done) => {
    // A message of QoS 1 or 2 has its turn when its acknowledgement goes out.
    if (packet.qos === 0) readOnWhenRoom(done as () => void);
    else done();
  };
}
