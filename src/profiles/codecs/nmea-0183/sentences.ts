import { instruments } from './instruments.ts';
import { positions } from './positions.ts';
import type { Read } from './told.ts';
import { waypoints } from './waypoints.ts';

/**
 * Types of sentences by their letters. Places are those of the standard (NMEA 0183 version 4; gpsd.gitlab.io/gpsd/NMEA.html
 * describes them freely). Speeds and pressures stay in the unit that comes first; where a sentence has one value in several units,
 * only one is told.
 */
export const sentences: ReadonlyMap<string, Read> = new Map([...positions, ...instruments, ...waypoints]);
