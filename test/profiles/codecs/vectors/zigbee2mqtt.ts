// What a Zigbee2MQTT bridge publishes on start: Koenkk/zigbee2mqtt test/extensions/bridge.test.ts ("Should publish devices on
// startup"), with the parts of the definitions that say nothing of values left out. The plug, the sensor, the thermostat and the
// curtain are exposed as zigbee-herdsman-converters does.

const numeric = (name: string, more: object = {}) => ({ type: 'numeric', name, property: name, access: 1, ...more });
const state = {
  type: 'binary',
  name: 'state',
  property: 'state',
  value_on: 'ON',
  value_off: 'OFF',
  value_toggle: 'TOGGLE',
  access: 7,
};
const linkquality = numeric('linkquality', { unit: 'lqi', value_min: 0, value_max: 255, category: 'diagnostic' });
const colorTemp = {
  ...numeric('color_temp', { unit: 'mired', value_min: 250, value_max: 454, access: 7 }),
  presets: [{ name: 'coolest', value: 250, description: 'Coolest temperature supported' }],
};

interface Definition {
  readonly model: string;
  readonly vendor: string;
  readonly description: string;
  readonly exposes: readonly object[];
}

const device = (friendly_name: string, ieee_address: string, definition: Definition | null, more: object = {}) => ({
  date_code: '20180410',
  definition: definition && {
    ...definition,
    supports_ota: true,
    options: [numeric('transition', { value_min: 0, access: 2 })],
  },
  disabled: false,
  endpoints: {
    1: { bindings: [], clusters: { input: ['genBasic'], output: ['genOta'] }, configured_reportings: [], scenes: [] },
  },
  friendly_name,
  ieee_address,
  interview_completed: true,
  interviewing: false,
  network_address: 40369,
  power_source: 'Mains (single phase)',
  supported: definition !== null,
  type: 'Router',
  ...more,
});

export const bridgeDevices = [
  {
    disabled: false,
    endpoints: {},
    friendly_name: 'Coordinator',
    ieee_address: '0x00124b00120144ae',
    interview_completed: false,
    interviewing: false,
    network_address: 0,
    supported: true,
    type: 'Coordinator',
  },
  device(
    'bulb_color_2',
    '0x000b57fffec6a5b4',
    {
      model: '7146060PH',
      vendor: 'Philips',
      description: 'Hue Go',
      exposes: [
        {
          type: 'light',
          features: [
            state,
            numeric('brightness', { value_min: 0, value_max: 254, access: 7 }),
            colorTemp,
            { type: 'composite', name: 'color_xy', property: 'color', features: [numeric('x'), numeric('y')] },
            {
              type: 'composite',
              name: 'color_hs',
              property: 'color',
              features: [numeric('hue', { unit: '°' }), numeric('saturation')],
            },
            {
              type: 'composite',
              name: 'level_config',
              property: 'level_config',
              features: [
                {
                  type: 'binary',
                  name: 'execute_if_off',
                  property: 'execute_if_off',
                  value_on: true,
                  value_off: false,
                },
              ],
            },
          ],
        },
        {
          type: 'enum',
          name: 'power_on_behavior',
          property: 'power_on_behavior',
          values: ['OFF', 'ON', 'toggle'],
          access: 7,
        },
        linkquality,
      ],
    },
    { manufacturer: 'Philips', model_id: 'LLC020', software_build_id: '5.127.1.26581' },
  ),
  device(
    'remote',
    '0x0017880104e45517',
    {
      model: '324131092621',
      vendor: 'Philips',
      description: 'Hue dimmer switch',
      exposes: [
        numeric('battery', { unit: '%', value_min: 0, value_max: 100 }),
        numeric('action_duration', { unit: 's' }),
        { type: 'enum', name: 'action', property: 'action', values: ['on_press', 'on_hold', 'up_press'], access: 1 },
        linkquality,
      ],
    },
    { type: 'EndDevice', power_source: 'Battery', model_id: 'RWL021' },
  ),
  device('plugs/desk lamp', '0x0017880104e45524', {
    model: 'ZNCZ02LM',
    vendor: 'Aqara',
    description: 'Smart plug',
    exposes: [
      { type: 'switch', features: [state] },
      numeric('power', { unit: 'W' }),
      numeric('energy', { unit: 'kWh' }),
      numeric('device_temperature', { unit: '°C' }),
      numeric('voltage', { unit: 'V' }),
      { type: 'binary', name: 'consumer_connected', property: 'consumer_connected', value_on: true, value_off: false },
      linkquality,
    ],
  }),
  device(
    'weather_sensor',
    '0x0017880104e45522',
    {
      model: 'WSDCGQ11LM',
      vendor: 'Aqara',
      description: 'Temperature and humidity sensor',
      exposes: [
        numeric('battery', { unit: '%' }),
        numeric('temperature', { unit: '°C' }),
        numeric('humidity', { unit: '%' }),
        numeric('pressure', { unit: 'hPa' }),
        numeric('voltage', { unit: 'mV' }),
        linkquality,
      ],
    },
    { type: 'EndDevice', power_source: 'Battery' },
  ),
  device('wall_switch_double', '0x0017880104e45542', {
    model: 'QBKG03LM',
    vendor: 'Aqara',
    description: 'Smart wall switch (no neutral, double rocker)',
    exposes: [
      { type: 'switch', endpoint: 'left', features: [{ ...state, property: 'state_left', endpoint: 'left' }] },
      { type: 'switch', endpoint: 'right', features: [{ ...state, property: 'state_right', endpoint: 'right' }] },
      numeric('device_temperature', { unit: '°C' }),
    ],
  }),
  device('TS0601_thermostat', '0x0017882104a44559', {
    model: 'TS0601_thermostat',
    vendor: 'Tuya',
    description: 'Radiator valve with thermostat',
    exposes: [
      { type: 'switch', features: [{ ...state, name: 'window_detection', property: 'window_detection' }] },
      {
        type: 'lock',
        features: [{ type: 'binary', name: 'state', property: 'child_lock', value_on: 'LOCK', value_off: 'UNLOCK' }],
      },
      {
        type: 'climate',
        features: [
          numeric('current_heating_setpoint', { unit: '°C' }),
          numeric('local_temperature', { unit: '°C' }),
          { type: 'enum', name: 'system_mode', property: 'system_mode', values: ['heat', 'auto', 'off'], access: 3 },
          { type: 'enum', name: 'preset', property: 'preset', values: ['schedule', 'manual'], access: 3 },
          {
            type: 'switch',
            features: [{ ...state, name: 'away_mode', property: 'away_mode', value_on: 'AWAY', value_off: 'HOME' }],
          },
        ],
      },
      {
        type: 'list',
        name: 'schedule',
        property: 'schedule',
        access: 3,
        item_type: numeric('temperature', { unit: '°C' }),
      },
    ],
  }),
  device('J1_cover', '0x0017880104a44559', {
    model: 'J1 (5502)',
    vendor: 'Ubisys',
    description: 'Shutter control J1',
    exposes: [
      {
        type: 'cover',
        features: [
          { type: 'binary', name: 'state', property: 'state', value_on: 'OPEN', value_off: 'CLOSE', access: 3 },
          numeric('position', { value_min: 0, value_max: 100, access: 7, unit: '%' }),
          numeric('tilt', { value_min: 0, value_max: 100, access: 7, unit: '%' }),
        ],
      },
    ],
  }),
  device('unsupported2', '0x0017880104e45529', null, {
    type: 'EndDevice',
    model_id: 'notSupportedModelID',
    disabled: true,
  }),
];
