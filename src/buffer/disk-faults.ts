import type { DiskFaults } from './worker-protocol.ts';

/** Tests ask for a sick disk by HEADGATE_FAULTS, JSON in the shape of {@link DiskFaults}. */
export function faultsFromEnvironment(): DiskFaults {
  const text = process.env.HEADGATE_FAULTS;
  return text === undefined ? {} : (JSON.parse(text) as DiskFaults);
}
