import type { ComponentType } from 'preact';
import { t } from '../../i18n/text.ts';

/** A part of the settings: loaded when somebody goes there. */
export interface Section {
  readonly name: string;
  /** Only for who may change the gateway. */
  readonly isForAdmins: boolean;
  /** Only where the gateway runs on an appliance. */
  readonly isOfAppliance?: true;
  readonly load: () => Promise<{ readonly Section: ComponentType }>;
}

export const sections: readonly Section[] = [
  { name: 'you', isForAdmins: false, load: () => import('./you.tsx') },
  { name: 'gateway', isForAdmins: true, load: () => import('./gateway.tsx') },
  { name: 'configuration', isForAdmins: true, load: () => import('./configuration.tsx') },
  { name: 'rules', isForAdmins: true, load: () => import('./rules.tsx') },
  { name: 'uplink', isForAdmins: true, load: () => import('./uplink.tsx') },
  { name: 'people', isForAdmins: true, load: () => import('./people.tsx') },
  { name: 'tokens', isForAdmins: true, load: () => import('./tokens.tsx') },
  { name: 'credentials', isForAdmins: true, load: () => import('./credentials.tsx') },
  { name: 'certificates', isForAdmins: true, load: () => import('./certificates.tsx') },
  { name: 'system', isForAdmins: true, isOfAppliance: true, load: () => import('./system.tsx') },
  { name: 'backup', isForAdmins: true, load: () => import('./backup.tsx') },
  { name: 'audit', isForAdmins: true, load: () => import('./audit.tsx') },
  { name: 'about', isForAdmins: false, load: () => import('./about.tsx') },
];

export function sectionName(name: string): string {
  switch (name) {
    case 'you':
      return t('You and this browser');
    case 'gateway':
      return t('Gateway');
    case 'configuration':
      return t('Configuration');
    case 'rules':
      return t('QoS rules');
    case 'uplink':
      return t('Uplink');
    case 'people':
      return t('People');
    case 'tokens':
      return t('Tokens');
    case 'credentials':
      return t('Device credentials');
    case 'certificates':
      return t('Certificates');
    case 'system':
      return t('Updates & restart');
    case 'backup':
      return t('Backup & support');
    case 'audit':
      return t('Audit');
    default:
      return t('About');
  }
}
