import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProfileDecoder } from '../../src/profiles/decoder.ts';
import { loadLibrary } from '../../src/profiles/library.ts';

const profiles = [...loadLibrary().profiles.values()].map(({ compiled }) => compiled);
const options = { deviceTopics: [], maxDepth: 8, maxFields: 200, maxBytes: 1_048_576 };

interface Home {
  readonly name: string;
  /** Also the other way round: retained messages come in any order. */
  readonly inAnyOrder: boolean;
  readonly devices: readonly string[];
  readonly messages: readonly (readonly [topic: string, payload: string])[];
}

const plus = 'shellyplus1-a8032abc7158';

/** All that is there, message by message, and which devices that is. Home Assistant's announcements are one by themselves. */
const homes: readonly Home[] = [
  {
    name: 'Tasmota, which announces itself, also to Home Assistant',
    inAnyOrder: true,
    devices: ['home-assistant:discovery', 'tasmota:discovery', 'tasmota:tasmota_ABC'],
    messages: [
      ['tele/tasmota_ABC/LWT', 'Online'],
      ['tele/tasmota_ABC/INFO1', '{"Info1":{"Module":"Sonoff","Version":"12.0"}}'],
      [
        'tasmota/discovery/AABBCC/config',
        '{"ip":"1.2.3.4","dn":"Lamp","mac":"AABBCC","md":"Sonoff","sw":"12","t":"tasmota_ABC","ft":"%prefix%/%topic%/"}',
      ],
      ['tasmota/discovery/AABBCC/sensors', '{"sn":{"Time":"2020-01-01T00:00:00"},"ver":1}'],
      ['stat/tasmota_ABC/POWER', 'ON'],
      ['stat/tasmota_ABC/RESULT', '{"POWER":"ON"}'],
      ['tele/tasmota_ABC/STATE', '{"Time":"2024-01-01T00:00:00","POWER":"ON"}'],
      ['tele/tasmota_ABC/SENSOR', '{"Time":"2024-01-01T00:00:00","DS18B20":{"Temperature":20}}'],
      ['cmnd/tasmota_ABC/POWER', 'ON'],
      [
        'homeassistant/sensor/ABC_t/config',
        `{"name":"T","stat_t":"tele/tasmota_ABC/SENSOR","avty_t":"tele/tasmota_ABC/LWT","uniq_id":"ABC_t","dev":{"ids":["ABC"]},"val_tpl":"{{value_json['DS18B20'].Temperature}}"}`,
      ],
    ],
  },
  {
    name: 'Two Tasmotas of one name in two houses, with an order of topics of their own',
    inAnyOrder: true,
    devices: ['tasmota:house1/lamp', 'tasmota:house2/lamp'],
    messages: [
      ['house1/lamp/tele/LWT', 'Online'],
      ['house1/lamp/stat/POWER', 'ON'],
      ['house2/lamp/tele/STATE', '{"Time":"2024-01-01T00:00:00","POWER":"ON"}'],
      ['house2/lamp/stat/RESULT', '{"POWER":"ON"}'],
    ],
  },
  {
    name: 'Zigbee devices at a Tasmota bridge, and the bridge',
    inAnyOrder: true,
    devices: ['tasmota:zb', 'tasmota:zb/0x01F3', 'tasmota:zb/0x8F20'],
    messages: [
      ['tele/zb/SENSOR', '{"ZbReceived":{"0x8F20":{"Temperature":21.01}}}'],
      ['tele/zb/SENSOR', '{"ZbReceived":{"0x01F3":{"Device":"0x01F3","BatteryPercentage":17}}}'],
      ['tele/zb/SENSOR', '{"Time":"2024-01-01T00:00:00","ESP32":{"Temperature":40}}'],
      ['tele/zb/STATE', '{"Time":"2024-01-01T00:00:00","Uptime":"0T00:00:01"}'],
    ],
  },
  {
    name: 'A Shelly of the second generation',
    inAnyOrder: true,
    devices: [`shelly:${plus}`],
    messages: [
      [`${plus}/online`, 'true'],
      [`${plus}/status/wifi`, '{"sta_ip":"1.2.3.4","ssid":"x","rssi":-60}'],
      [`${plus}/status/switch:0`, '{"id":0,"output":true}'],
      [
        `${plus}/events/rpc`,
        `{"src":"${plus}","dst":"x","method":"NotifyStatus","params":{"ts":1,"switch:0":{"id":0}}}`,
      ],
      [`${plus}/rpc`, '{"id":1,"src":"user","method":"Switch.Set","params":{}}'],
      ['user/rpc', `{"id":1,"src":"${plus}","dst":"user","result":{}}`],
      ['shellies/announce', `{"id":"${plus}","mac":"A8","model":"SNSW-001X16EU","gen":2,"ver":"1.0"}`],
    ],
  },
  {
    name: 'A Shelly of the first generation',
    inAnyOrder: true,
    devices: ['shelly:shelly1-AA'],
    messages: [
      ['shellies/announce', '{"id":"shelly1-AA","mac":"AA","ip":"1.2.3.4","fw_ver":"x","model":"SHSW-1"}'],
      ['shellies/shelly1-AA/online', 'true'],
      ['shellies/shelly1-AA/relay/0', 'on'],
      ['shellies/shelly1-AA/info', '{"wifi_sta":{"rssi":-50},"mac":"AA"}'],
      ['shellies/shelly1-AA/input_event/0', '{"event":"S","event_cnt":1}'],
      ['shellies/shelly1-AA/relay/0/command', 'on'],
    ],
  },
  {
    name: 'Zigbee2MQTT, which announces its devices to Home Assistant',
    inAnyOrder: true,
    devices: ['home-assistant:discovery', 'zigbee2mqtt:bridge', 'zigbee2mqtt:kitchen'],
    messages: [
      ['zigbee2mqtt/bridge/state', '{"state":"online"}'],
      ['zigbee2mqtt/bridge/devices', '[{"ieee_address":"0x01","friendly_name":"kitchen","definition":{"exposes":[]}}]'],
      ['zigbee2mqtt/bridge/request/permit_join', '{"value":true}'],
      ['zigbee2mqtt/kitchen', '{"temperature":20}'],
      ['zigbee2mqtt/kitchen/availability', '{"state":"online"}'],
      ['zigbee2mqtt/kitchen/set', '{"state":"ON"}'],
      [
        'homeassistant/sensor/0x01/temperature/config',
        '{"name":"T","state_topic":"zigbee2mqtt/kitchen","unique_id":"0x01_t","value_template":"{{ value_json.temperature }}","device":{"identifiers":["zigbee2mqtt_0x01"]}}',
      ],
    ],
  },
  {
    name: 'A lamp that only Home Assistant was told of',
    inAnyOrder: false,
    devices: ['home-assistant:b'],
    messages: [
      [
        'homeassistant/light/b/config',
        '{"stat_t":"b/state","cmd_t":"b/set","avty_t":"b/avail","uniq_id":"b","name":"B","dev":{"ids":["b"]}}',
      ],
      ['b/state', 'ON'],
      ['b/set', 'ON'],
      ['b/avail', 'online'],
    ],
  },
  {
    name: 'A sensor at 433 MHz, by three ways',
    inAnyOrder: true,
    devices: ['rtl433:Nexus-TH_209_1'],
    messages: [
      ['rtl_433/h/events', '{"model":"Nexus-TH","id":209,"channel":1,"temperature_C":13.2}'],
      ['rtl_433/h/devices/Nexus-TH/1/209/temperature_C', '13.2'],
      ['rtl_433/h/devices/Nexus-TH/1/209/time', '2025-04-13 18:42:55'],
      ['home/omg/RTL_433toMQTT/Nexus-TH/1/209', '{"model":"Nexus-TH","id":209,"channel":1,"temperature_C":13.2}'],
    ],
  },
  {
    name: 'A Bluetooth sensor that two gateways hear',
    inAnyOrder: true,
    devices: ['omg:A4C138165B5D', 'omg:home/attic/omg1', 'omg:home/omg1'],
    messages: [
      ['home/omg1/LWT', 'online'],
      ['home/attic/omg1/SYStoMQTT', '{"uptime":5,"rssi":-40}'],
      ['home/omg1/SYStoMQTT', '{"uptime":5,"rssi":-40}'],
      ['home/omg1/BTtoMQTT/A4C138165B5D', '{"id":"A4:C1:38:16:5B:5D","tempc":20}'],
      ['home/omg2/BTtoMQTT/A4C138165B5D', '{"id":"A4:C1:38:16:5B:5D","tempc":20}'],
    ],
  },
];

for (const { name, inAnyOrder, devices, messages } of homes) {
  test(`${name}: as many devices as there are`, () => {
    for (const list of inAnyOrder ? [messages, messages.toReversed()] : [messages]) {
      const decoder = new ProfileDecoder({ options, profiles });
      const found = new Set<string>();
      for (const [topic, text] of list) {
        const message = { source: 'mqtt', topic, payload: Buffer.from(text) };
        const { deviceId, measurements, sightings = [] } = decoder.decode(message, Date.UTC(2026, 10, 25));
        for (const one of [{ deviceId }, ...measurements, ...sightings]) found.add(one.deviceId);
      }
      assert.deepEqual([...found].sort(), devices);
    }
  });
}
