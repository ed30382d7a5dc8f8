import type { ComponentType } from 'preact';
import type { IconName } from './ui/icon.tsx';

/** A page: loaded when somebody goes there. */
export interface Page {
  readonly name: string;
  readonly icon: IconName;
  /** Reached by `g` and this key; undefined: by links only. */
  readonly key?: string;
  /** Beside the others in the rail: on a phone only the first five. */
  readonly place: 'rail' | 'rail-wide' | 'none';
  readonly load: () => Promise<{ readonly Page: ComponentType }>;
}

export const pages: readonly Page[] = [
  { name: 'overview', icon: 'overview', key: 'o', place: 'rail', load: () => import('./pages/overview/overview.tsx') },
  { name: 'devices', icon: 'devices', key: 'd', place: 'rail', load: () => import('./pages/devices/devices.tsx') },
  {
    name: 'discover',
    icon: 'discover',
    key: 'n',
    place: 'rail',
    load: () => import('./pages/discover/discover.tsx'),
  },
  { name: 'uplink', icon: 'uplink', key: 'b', place: 'rail', load: () => import('./pages/uplink/uplink.tsx') },
  { name: 'alarms', icon: 'alarms', key: 'a', place: 'rail', load: () => import('./pages/alarms/alarms.tsx') },
  { name: 'explore', icon: 'explore', key: 'e', place: 'rail-wide', load: () => import('./pages/explore/explore.tsx') },
  { name: 'device', icon: 'devices', place: 'none', load: () => import('./pages/device/device.tsx') },
  { name: 'logs', icon: 'logs', key: 'l', place: 'rail-wide', load: () => import('./pages/logs/logs.tsx') },
  { name: 'first-run', icon: 'play', place: 'none', load: () => import('./pages/first-run/first-run.tsx') },
  {
    name: 'settings',
    icon: 'settings',
    key: 's',
    place: 'rail-wide',
    load: () => import('./pages/settings/settings.tsx'),
  },
];
