/** How the value that a template gives is read. */
export type Reading =
  /** A number where it has a unit, otherwise what it looks like. */
  | 'value'
  /** A number. */
  | 'number'
  /** A number, in the unit of the entity's temperatures. */
  | 'temperature'
  /** On and off by the entity's own words, as a boolean. */
  | 'switch'
  /** On and off by the fan's words for its oscillation. */
  | 'oscillation'
  /** A word. */
  | 'text'
  /** An object whose values are fields of their own, or a bare word. */
  | 'object'
  /** Something that happened, with no value that lasts. */
  | 'event';

/** One topic of an entity that tells of its state. */
export interface StateTopic {
  /** The config's key that names the topic. */
  readonly topic: string;
  /** The keys that may hold the template, the first that is there counts. */
  readonly templates: readonly string[];
  /** What is put behind the entity's name; empty for the state itself. */
  readonly part: string;
  readonly reading: Reading;
  /** As a device writes it. */
  readonly unit?: string;
}

function state(reading: Reading, topic = 'state_topic', templates = ['value_template']): StateTopic {
  return { topic, templates, part: '', reading };
}

function part(name: string, topic: string, template: string, reading: Reading, unit?: string): StateTopic {
  return { topic, templates: [template, 'value_template'], part: name, reading, ...(unit && { unit }) };
}

/** As {@link part}, of a component that has no template for all its topics. */
function own(name: string, topic: string, template: string, reading: Reading, unit?: string): StateTopic {
  return { ...part(name, topic, template, reading, unit), templates: [template] };
}

const text = [state('text')];
const event = [state('event')];
const none: readonly StateTopic[] = [];

const temperatures = [
  part('current_temperature', 'current_temperature_topic', 'current_temperature_template', 'temperature'),
  part('target_temperature', 'temperature_state_topic', 'temperature_state_template', 'temperature'),
  part('mode', 'mode_state_topic', 'mode_state_template', 'text'),
  part('power', 'power_state_topic', 'power_state_template', 'switch'),
];

/**
 * The topics of each component that tell of its state, by the config's keys, after the pages of Home Assistant's MQTT
 * components. Images are left out: they are no values.
 */
export const components: ReadonlyMap<string, readonly StateTopic[]> = new Map([
  ['sensor', [state('value'), own('last_reset', 'last_reset_topic', 'last_reset_value_template', 'text')]],
  ['binary_sensor', [state('switch')]],
  ['switch', [state('switch')]],
  [
    'light',
    [
      state('switch', 'state_topic', ['state_value_template']),
      own('brightness', 'brightness_state_topic', 'brightness_value_template', 'number'),
      own('color_temp', 'color_temp_state_topic', 'color_temp_value_template', 'number', 'mired'),
      own('color_mode', 'color_mode_state_topic', 'color_mode_value_template', 'text'),
      own('effect', 'effect_state_topic', 'effect_value_template', 'text'),
      own('hs', 'hs_state_topic', 'hs_value_template', 'text'),
      own('xy', 'xy_state_topic', 'xy_value_template', 'text'),
      own('rgb', 'rgb_state_topic', 'rgb_value_template', 'text'),
      own('rgbw', 'rgbw_state_topic', 'rgbw_value_template', 'text'),
      own('rgbww', 'rgbww_state_topic', 'rgbww_value_template', 'text'),
      own('white', 'white_value_state_topic', 'white_value_template', 'number'),
    ],
  ],
  [
    'climate',
    [
      ...temperatures,
      part('target_temperature_high', 'temperature_high_state_topic', 'temperature_high_state_template', 'temperature'),
      part('target_temperature_low', 'temperature_low_state_topic', 'temperature_low_state_template', 'temperature'),
      part('current_humidity', 'current_humidity_topic', 'current_humidity_template', 'number', '%RH'),
      part('target_humidity', 'target_humidity_state_topic', 'target_humidity_state_template', 'number', '%RH'),
      part('action', 'action_topic', 'action_template', 'text'),
      part('fan_mode', 'fan_mode_state_topic', 'fan_mode_state_template', 'text'),
      part('swing_mode', 'swing_mode_state_topic', 'swing_mode_state_template', 'text'),
      part(
        'swing_horizontal_mode',
        'swing_horizontal_mode_state_topic',
        'swing_horizontal_mode_state_template',
        'text',
      ),
      part('preset_mode', 'preset_mode_state_topic', 'preset_mode_value_template', 'text'),
      part('hold', 'hold_state_topic', 'hold_state_template', 'text'),
      part('away', 'away_mode_state_topic', 'away_mode_state_template', 'switch'),
      part('aux', 'aux_state_topic', 'aux_state_template', 'switch'),
    ],
  ],
  ['water_heater', temperatures],
  [
    'cover',
    [
      state('text'),
      own('position', 'position_topic', 'position_template', 'number', '%'),
      own('tilt', 'tilt_status_topic', 'tilt_status_template', 'number', '%'),
    ],
  ],
  ['valve', [state('object')]],
  [
    'fan',
    [
      state('switch', 'state_topic', ['state_value_template']),
      own('percentage', 'percentage_state_topic', 'percentage_value_template', 'number', '%'),
      own('preset_mode', 'preset_mode_state_topic', 'preset_mode_value_template', 'text'),
      own('direction', 'direction_state_topic', 'direction_value_template', 'text'),
      own('oscillation', 'oscillation_state_topic', 'oscillation_value_template', 'oscillation'),
      own('speed', 'speed_state_topic', 'speed_value_template', 'text'),
    ],
  ],
  [
    'humidifier',
    [
      state('switch', 'state_topic', ['state_value_template']),
      own('current_humidity', 'current_humidity_topic', 'current_humidity_template', 'number', '%RH'),
      own('target_humidity', 'target_humidity_state_topic', 'target_humidity_state_template', 'number', '%RH'),
      own('mode', 'mode_state_topic', 'mode_state_template', 'text'),
      own('action', 'action_topic', 'action_template', 'text'),
    ],
  ],
  ['lock', text],
  ['alarm_control_panel', text],
  ['number', [state('number')]],
  ['select', text],
  ['text', text],
  ['date', text],
  ['time', text],
  ['datetime', text],
  ['siren', [state('object', 'state_topic', ['state_value_template', 'value_template'])]],
  ['device_tracker', text],
  [
    'update',
    [
      { ...state('object'), part: 'installed_version' },
      own('latest_version', 'latest_version_topic', 'latest_version_template', 'text'),
    ],
  ],
  [
    'vacuum',
    [
      state('object'),
      own('battery_level', 'battery_level_topic', 'battery_level_template', 'number', '%'),
      own('charging', 'charging_topic', 'charging_template', 'value'),
      own('cleaning', 'cleaning_topic', 'cleaning_template', 'value'),
      own('docked', 'docked_topic', 'docked_template', 'value'),
      own('error', 'error_topic', 'error_template', 'text'),
      own('fan_speed', 'fan_speed_topic', 'fan_speed_template', 'text'),
    ],
  ],
  ['lawn_mower', [state('text', 'activity_state_topic', ['activity_value_template'])]],
  ['event', event],
  ['tag', [state('event', 'topic')]],
  ['device_automation', [state('event', 'topic')]],
  ['button', none],
  ['scene', none],
  ['notify', none],
  ['infrared', none],
  ['remote', none],
  ['camera', none],
  ['image', none],
]);

/** The topics of a light whose `schema` is `template`: all in one, each with a template of its own. */
export const templateLight: readonly StateTopic[] = [
  state('switch', 'state_topic', ['state_template']),
  own('brightness', 'state_topic', 'brightness_template', 'number'),
  own('color_temp', 'state_topic', 'color_temp_template', 'number', 'mired'),
  own('red', 'state_topic', 'red_template', 'number'),
  own('green', 'state_topic', 'green_template', 'number'),
  own('blue', 'state_topic', 'blue_template', 'number'),
  own('effect', 'state_topic', 'effect_template', 'text'),
];

/** The keys that have a meaning where a component's state is an object; what else stands there is somebody else's. */
export const objectKeys: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['light', new Set(['state', 'brightness', 'color_mode', 'color_temp', 'color', 'effect', 'white'])],
  ['valve', new Set(['state', 'position'])],
  ['vacuum', new Set(['state', 'battery_level', 'fan_speed'])],
  ['siren', new Set(['state', 'tone', 'volume_level', 'duration'])],
  ['update', new Set(['installed_version', 'latest_version', 'title', 'in_progress', 'update_percentage'])],
]);
