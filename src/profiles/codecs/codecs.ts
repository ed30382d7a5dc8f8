import type { Codec } from '../codec.ts';
import { createCayenneLppCodec } from './cayenne-lpp.ts';
import { createCborCodec } from './cbor/cbor.ts';
import { createFirmataCodec } from './firmata.ts';
import { createHomeAssistantCodec } from './home-assistant/home-assistant.ts';
import { createHomie4Codec } from './homie/homie-4.ts';
import { createHomie5Codec } from './homie/homie-5.ts';
import { createLineProtocolCodec } from './line-protocol/line-protocol.ts';
import { createDsmrP1Codec } from './meters/dsmr-p1.ts';
import { createIec62056Codec } from './meters/iec-62056-21.ts';
import { createNmea0183Codec } from './nmea-0183/nmea-0183.ts';
import { createRflinkCodec } from './rflink.ts';
import { createSenmlCborCodec, createSenmlJsonCodec } from './senml/senml.ts';
import { createSmlCodec } from './sml/sml.ts';
import { createSparkplugCodec } from './sparkplug/sparkplug.ts';
import { createWirenBoardCodec } from './wiren-board.ts';
import { createZigbee2mqttCodec } from './zigbee2mqtt/zigbee2mqtt.ts';

/** Every codec, by the name that a profile calls it by (`codec: senml-json`). A gateway makes one of each that it needs. */
export const codecs: ReadonlyMap<string, () => Codec> = new Map<string, () => Codec>([
  ['cayenne-lpp', createCayenneLppCodec],
  ['cbor', createCborCodec],
  ['home-assistant', createHomeAssistantCodec],
  ['firmata', createFirmataCodec],
  ['homie-4', createHomie4Codec],
  ['homie-5', createHomie5Codec],
  ['influx-line-protocol', createLineProtocolCodec],
  ['rflink', createRflinkCodec],
  ['senml-cbor', createSenmlCborCodec],
  ['sml', createSmlCodec],
  ['senml-json', createSenmlJsonCodec],
  ['nmea-0183', createNmea0183Codec],
  ['wiren-board', createWirenBoardCodec],
  ['zigbee2mqtt', createZigbee2mqttCodec],
  ['dsmr-p1', createDsmrP1Codec],
  ['iec-62056-21', createIec62056Codec],
  ['sparkplug-b', createSparkplugCodec],
]);
