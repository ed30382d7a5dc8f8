import type { AedesPublishPacket } from 'aedes';
import { topicNameFault } from '../../lib/topic-name.ts';
import { isOwnTopic } from './own-topics.ts';
import { reasonCode } from './reason-codes.ts';

/** Why somebody is not let in, whoever they are. */
export interface ConnectFault {
  /** For MQTT 3: 3.1.1 § 3.2.2.3. */
  readonly returnCode: 2 | 3 | 5;
  /** For MQTT 5: § 3.2.2.2. */
  readonly reasonCode: number;
  /** For the log. */
  readonly why: string;
}

/** A CONNECT, as far as aedes lets through what can't be. */
export interface Asked {
  readonly clientId: string;
  readonly will: AedesPublishPacket | undefined;
  readonly maximumPacketSize: number | undefined;
  readonly maxTopicLevels: number;
  readonly hasRoomForWill: (will: AedesPublishPacket) => boolean;
}

/** In characters: a session's is in the key of each message that waits for it. */
const maxIdLength = 256;

/** What is wrong with a CONNECT; undefined: nothing is. */
export function connectFault(asked: Asked): ConnectFault | undefined {
  const { clientId, will, maximumPacketSize, maxTopicLevels, hasRoomForWill } = asked;
  if (clientId.length > maxIdLength)
    return fault(2, reasonCode.clientIdentifierNotValid, `the client id has over ${maxIdLength} characters`);
  // MQTT 5.0 § 1.5.4. Names that begin with NUL are those of clients of other protocols.
  if (clientId.includes('\0') || clientId.includes('\ufffd'))
    return fault(2, reasonCode.clientIdentifierNotValid, 'the client id is not valid UTF-8');
  // MQTT 5.0 § 3.1.2.11.4.
  if (maximumPacketSize === 0) return fault(3, reasonCode.protocolError, 'a Maximum Packet Size of 0');
  if (will === undefined) return undefined;
  const wrong = topicNameFault(will.topic, maxTopicLevels);
  if (wrong !== undefined) return fault(5, reasonCode.topicNameInvalid, `its will: ${wrong}`);
  // Nobody would ask again when the gateway died and publishes it later.
  if (isOwnTopic(will.topic)) return fault(5, reasonCode.notAuthorized, 'it may not publish its will');
  if (!hasRoomForWill(will)) return fault(3, reasonCode.quotaExceeded, 'no room for its will');
  return undefined;
}

function fault(returnCode: ConnectFault['returnCode'], code: number, why: string): ConnectFault {
  return { returnCode, reasonCode: code, why };
}
