import {
  closedUnlessUsed,
  daylight,
  draining,
  houseMeter,
  localTime,
  meetingRoom,
  plugMeter,
  rainTotal,
  signal,
  thermostat,
  wind,
} from './quantities.ts';
import type { DemoDevice } from './sample.ts';

/** The simulated site, in the order in which its devices take their turns. Topics and payloads are those of each kind. */
export const demoDevices: readonly DemoDevice[] = [
  {
    name: 'washing machine (Tasmota plug)',
    clientId: 'demo-washer',
    topic: 'tele/tasmota_4F21A8/SENSOR',
    availability: { topic: 'tele/tasmota_4F21A8/LWT', online: 'Online', offline: 'Offline' },
    reports: 'always',
    payload: {
      Time: localTime,
      ENERGY: plugMeter({
        since: '2026-01-01T00:00:00',
        stages: [
          { minutes: 4, watts: 45 },
          { minutes: 16, watts: 2050 },
          { minutes: 38, watts: 160 },
          { minutes: 8, watts: 480 },
          { minutes: 84, watts: 2 },
        ],
      }),
    },
  },
  {
    name: 'house meter (Shelly Pro EM)',
    clientId: 'demo-house',
    topic: 'shellyproem50-08f9e0e5a1c4/status/em1:0',
    availability: { topic: 'shellyproem50-08f9e0e5a1c4/online', online: 'true', offline: 'false' },
    reports: 'always',
    payload: houseMeter({ baseWatts: 340, solarWatts: 3200 }),
  },
  {
    name: 'bedroom thermometer (Zigbee2MQTT)',
    clientId: 'demo-bedroom',
    topic: 'zigbee2mqtt/bedroom',
    availability: {
      topic: 'zigbee2mqtt/bedroom/availability',
      online: '{"state":"online"}',
      offline: '{"state":"offline"}',
    },
    reports: 'always',
    payload: {
      battery: draining({ from: 100, to: 12, hours: 88 }),
      humidity: signal({ mean: 47, daily: -4, peakHour: 16, drift: 1.5, noise: 0.2, decimals: 2, min: 0, max: 100 }),
      linkquality: signal({ mean: 118, drift: 14, noise: 10, decimals: 0, min: 0, max: 255 }),
      temperature: signal({ mean: 20.4, daily: 1.3, peakHour: 17, drift: 0.25, noise: 0.04, decimals: 2 }),
      voltage: draining({ from: 3000, to: 2450, hours: 88 }),
    },
  },
  {
    name: 'greenhouse (bare number)',
    clientId: 'demo-greenhouse',
    topic: 'sensors/greenhouse/temperature',
    reports: 'always',
    payload: signal({ mean: 21, daily: 7, peakHour: 14, drift: 0.8, noise: 0.1, decimals: 1 }),
  },
  {
    name: 'weather station on the roof',
    clientId: 'demo-weather',
    topic: 'weather/roof',
    availability: { topic: 'weather/roof/status', online: 'online', offline: 'offline' },
    reports: 'always',
    payload: {
      temperature_C: signal({ mean: 12, daily: 5, peakHour: 15, drift: 0.5, noise: 0.1 }),
      humidity: signal({ mean: 68, daily: -16, peakHour: 15, drift: 4, noise: 0.8, decimals: 0, min: 0, max: 100 }),
      pressure_hPa: signal({ mean: 1014.6, daily: 0.8, peakHour: 10, drift: 0.3, noise: 0.05 }),
      light_lux: daylight(82_000),
      wind,
      rain_mm: rainTotal,
    },
  },
  {
    name: 'front door contact (Zigbee2MQTT)',
    clientId: 'demo-door',
    topic: 'zigbee2mqtt/front_door',
    availability: {
      topic: 'zigbee2mqtt/front_door/availability',
      online: '{"state":"online"}',
      offline: '{"state":"offline"}',
    },
    reports: 'onChange',
    payload: {
      battery: draining({ from: 100, to: 20, hours: 400 }),
      contact: closedUnlessUsed({ everyMs: 30_000, openMs: 12_000 }),
    },
  },
  {
    name: 'freezer (ESPHome)',
    clientId: 'demo-freezer',
    topic: 'freezer/sensor/temperature/state',
    availability: { topic: 'freezer/status', online: 'online', offline: 'offline' },
    reports: 'always',
    payload: thermostat({ low: -20.5, high: -17, runMinutes: 9, restMinutes: 15 }),
  },
  {
    name: 'meeting room air',
    clientId: 'demo-meeting',
    topic: 'sensors/meeting-room/air',
    reports: 'always',
    payload: {
      air: meetingRoom,
      temperature: signal({ mean: 22, daily: 0.9, peakHour: 16, drift: 0.2, noise: 0.05, decimals: 2 }),
    },
  },
];
