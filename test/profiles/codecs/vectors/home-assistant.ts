import { climates } from './home-assistant-climate.ts';
import { config, type Said, type Scene } from './home-assistant-scene.ts';

const tasmota = (name: string, id: string, template: string, unit: string, deviceClass: string): Said =>
  config(`homeassistant/sensor/${id}/config`, {
    name,
    stat_t: '~SENSOR',
    avty_t: '~LWT',
    pl_avail: 'Online',
    pl_not_avail: 'Offline',
    uniq_id: id,
    device: { identifiers: ['522851'], connections: [['mac', '84:0D:8E:52:28:51']] },
    '~': 'tasmota01/tele/',
    unit_of_meas: unit,
    val_tpl: template,
    dev_cla: deviceClass,
  });

const zigbee = (component: string, id: string, more: object): Said =>
  config(`homeassistant/${component}/0x0017880104e45522/${id}/config`, {
    availability: [
      { topic: 'zigbee2mqtt/bridge/state', value_template: '{{ value_json.state }}' },
      { topic: 'zigbee2mqtt/weather_sensor/availability', value_template: '{{ value_json.state }}' },
    ],
    availability_mode: 'all',
    device: {
      identifiers: ['zigbee2mqtt_0x0017880104e45522'],
      manufacturer: 'Aqara',
      model: 'Temperature and humidity sensor',
      model_id: 'WSDCGQ11LM',
      name: 'weather_sensor',
      via_device: 'zigbee2mqtt_bridge_0x00124b00120144ae',
    },
    origin: { name: 'Zigbee2MQTT', sw: '2.0.0', url: 'https://www.zigbee2mqtt.io' },
    state_topic: 'zigbee2mqtt/weather_sensor',
    unique_id: `0x0017880104e45522_${id}_zigbee2mqtt`,
    ...more,
  });

export const scenes: readonly Scene[] = [
  {
    source: 'home-assistant/home-assistant.io source/_integrations/mqtt.markdown: motion detection',
    messages: [
      {
        topic: 'homeassistant/binary_sensor/garden/config',
        payload:
          '{"name": "garden", "device_class": "motion", "state_topic": "homeassistant/binary_sensor/garden/state"}',
        kind: 'discovery',
      },
      {
        topic: 'homeassistant/binary_sensor/garden/state',
        payload: 'ON',
        kind: 'measurement',
        fields: { garden: true },
        devices: ['garden'],
      },
      {
        topic: 'homeassistant/binary_sensor/garden/state',
        payload: 'OFF',
        kind: 'measurement',
        fields: { garden: false },
      },
      { topic: 'homeassistant/binary_sensor/garden/state', payload: 'None', kind: 'raw', isKept: true },
      { topic: 'homeassistant/binary_sensor/garden/config', payload: '', kind: 'discovery' },
      { topic: 'homeassistant/binary_sensor/garden/state', payload: 'ON', kind: 'raw', isKept: true },
    ],
  },
  {
    source: 'home-assistant/home-assistant.io source/_integrations/mqtt.markdown: sensors',
    messages: [
      {
        topic: 'homeassistant/sensor/sensorBedroomT/config',
        payload:
          '{"device_class": "temperature", "name": "Temperature", "state_topic": "homeassistant/sensor/sensorBedroom/state", "unit_of_measurement": "°C", "value_template": "{{ value_json.temperature}}" }',
        kind: 'discovery',
      },
      {
        topic: 'homeassistant/sensor/sensorBedroomH/config',
        payload:
          '{"device_class": "humidity", "name": "Humidity", "state_topic": "homeassistant/sensor/sensorBedroom/state", "unit_of_measurement": "%", "value_template": "{{ value_json.humidity}}" }',
        kind: 'discovery',
      },
      {
        topic: 'homeassistant/sensor/sensorBedroom/state',
        payload: '{ "temperature": 23.20, "humidity": 43.70 }',
        kind: 'measurement',
        fields: { 'Temperature [Cel]': 23.2, 'Humidity [%]': 43.7 },
        devices: ['sensorBedroomT', 'sensorBedroomH'],
      },
    ],
  },
  {
    source: 'home-assistant/home-assistant.io source/_integrations/mqtt.markdown: abbreviations and base topic',
    messages: [
      {
        topic: 'homeassistant/switch/irrigation/config',
        payload: '{"~": "homeassistant/switch/irrigation", "name": "garden", "cmd_t": "~/set", "stat_t": "~/state"}',
        kind: 'discovery',
      },
      { topic: 'homeassistant/switch/irrigation/state', payload: 'ON', kind: 'measurement', fields: { garden: true } },
      { topic: 'homeassistant/switch/irrigation/set', payload: 'ON', kind: 'command', isKept: true },
    ],
  },
  {
    source: 'home-assistant/home-assistant.io source/_integrations/mqtt.markdown: device discovery',
    messages: [
      config('homeassistant/device/0AFFD2/bla1/config', {
        dev: {
          ids: 'ea334450945afc',
          name: 'Kitchen',
          mf: 'Bla electronics',
          mdl: 'xya',
          sw: '1.0',
          sn: 'ea334450945afc',
          hw: '1.0rev2',
        },
        o: { name: 'bla2mqtt', sw: '2.1', url: 'https://bla2mqtt.example.com/support' },
        cmps: {
          some_unique_component_id1: {
            p: 'sensor',
            device_class: 'temperature',
            unit_of_measurement: '°C',
            value_template: '{{ value_json.temperature }}',
            unique_id: 'temp01ae_t',
          },
          some_unique_id2: {
            p: 'sensor',
            device_class: 'humidity',
            unit_of_measurement: '%',
            value_template: '{{ value_json.humidity }}',
            unique_id: 'temp01ae_h',
          },
          bla1: {
            p: 'device_automation',
            automation_type: 'trigger',
            payload: 'short_press',
            topic: 'foobar/triggers/button1',
            type: 'button_short_press',
            subtype: 'button_1',
          },
        },
        state_topic: 'sensorBedroom/state',
        qos: 2,
      }),
      {
        topic: 'sensorBedroom/state',
        payload: '{"temperature":23.2,"humidity":43.7}',
        kind: 'measurement',
        fields: { 'temperature [Cel]': 23.2, 'humidity [%]': 43.7 },
        devices: ['ea334450945afc'],
      },
      { topic: 'foobar/triggers/button1', payload: 'short_press', kind: 'event', isKept: true },
      // A component with nothing but its platform is taken away, the rest stays.
      config('homeassistant/device/0AFFD2/bla1/config', {
        dev: { ids: 'ea334450945afc', name: 'Kitchen' },
        o: { name: 'bla2mqtt' },
        cmps: {
          some_unique_component_id1: {
            p: 'sensor',
            device_class: 'temperature',
            unit_of_measurement: '°C',
            value_template: '{{ value_json.temperature }}',
            unique_id: 'temp01ae_t',
          },
          bla1: { p: 'device_automation' },
        },
        state_topic: 'sensorBedroom/state',
      }),
      {
        topic: 'sensorBedroom/state',
        payload: '{"temperature":23.2,"humidity":43.7}',
        kind: 'measurement',
        fields: { 'temperature [Cel]': 23.2 },
        isKept: true,
      },
    ],
  },
  {
    source: 'github.com/arendst/Tasmota issue 7097 (Tasmota 7.1.1, a Gosund SP1)',
    messages: [
      tasmota(
        'Tasmota ENERGY Yesterday',
        '522851_ENERGY_Yesterday',
        "{{value_json['ENERGY'].Yesterday}}",
        'kWh',
        'power',
      ),
      tasmota('Tasmota ENERGY Today', '522851_ENERGY_Today', "{{value_json['ENERGY'].Today}}", 'kWh', 'power'),
      {
        topic: 'tasmota01/tele/SENSOR',
        payload: '{"Time":"2019-11-29T13:38:12","ENERGY":{"Yesterday":0.016,"Today":0.045,"Power":0}}',
        kind: 'measurement',
        fields: { 'Tasmota ENERGY Yesterday [kWh]': 0.016, 'Tasmota ENERGY Today [kWh]': 0.045 },
        devices: ['522851'],
        isKept: true,
      },
      { topic: 'tasmota01/tele/LWT', payload: 'Offline', kind: 'availability', presence: { 522851: 'offline' } },
      { topic: 'tasmota01/tele/LWT', payload: 'Online', kind: 'availability', presence: { 522851: 'online' } },
    ],
  },
  {
    source: 'github.com/domoticz/domoticz issue 4983 (Tasmota with four DS18B20)',
    messages: [
      config('homeassistant/sensor/D744A8_DS18B20-2_Temperature/config', {
        name: 'Caldera DS18B20-2 Temperature',
        stat_t: 'tele/caldera/SENSOR',
        avty_t: 'tele/caldera/LWT',
        pl_avail: 'Online',
        pl_not_avail: 'Offline',
        uniq_id: 'D744A8_DS18B20-2_Temperature',
        dev: { ids: ['D744A8'] },
        unit_of_meas: '°C',
        dev_cla: 'temperature',
        frc_upd: true,
        val_tpl: "{{value_json['DS18B20-2']['Temperature']}}",
      }),
      {
        topic: 'tele/caldera/SENSOR',
        payload:
          '{"Time":"2021-10-20T16:42:16","Switch1":"OFF","DS18B20-1":{"Id":"0316863E26FF","Temperature":21.4},"DS18B20-2":{"Id":"3C01D075A2F7","Temperature":21.8},"TempUnit":"C"}',
        kind: 'measurement',
        fields: { 'Caldera DS18B20-2 Temperature [Cel]': 21.8 },
        isKept: true,
      },
    ],
  },
  {
    source: 'Koenkk/zigbee2mqtt test/extensions/homeassistant.test.ts, with the availability of its documentation',
    messages: [
      zigbee('sensor', 'temperature', {
        unit_of_measurement: '°C',
        device_class: 'temperature',
        state_class: 'measurement',
        value_template: '{{ value_json["temperature"] }}',
      }),
      zigbee('sensor', 'humidity', {
        unit_of_measurement: '%',
        device_class: 'humidity',
        state_class: 'measurement',
        value_template: '{{ value_json["humidity"] }}',
      }),
      zigbee('binary_sensor', 'contact', {
        device_class: 'door',
        payload_off: true,
        payload_on: false,
        value_template: '{{ value_json["contact"] }}',
      }),
      {
        topic: 'zigbee2mqtt/weather_sensor',
        payload: '{"temperature":-0.85,"humidity":null,"contact":false,"linkquality":12}',
        kind: 'measurement',
        fields: { 'temperature [Cel]': -0.85, door: true },
        devices: ['zigbee2mqtt_0x0017880104e45522'],
        isKept: true,
      },
      {
        topic: 'zigbee2mqtt/bridge/state',
        payload: '{"state":"online"}',
        kind: 'availability',
        presence: { zigbee2mqtt_0x0017880104e45522: 'online' },
      },
      {
        topic: 'zigbee2mqtt/weather_sensor/availability',
        payload: '{"state":"offline"}',
        kind: 'availability',
        presence: { zigbee2mqtt_0x0017880104e45522: 'offline' },
      },
      // All of the topics have to say so.
      {
        topic: 'zigbee2mqtt/bridge/state',
        payload: '{"state":"online"}',
        kind: 'availability',
        presence: { zigbee2mqtt_0x0017880104e45522: 'offline' },
      },
    ],
  },
  ...climates,
];
