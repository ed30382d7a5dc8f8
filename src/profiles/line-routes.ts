import type { Message } from '../core/message.ts';
import { portDevice, unitDevice } from './device-id.ts';
import type { Route } from './route.ts';

/** Which profiles the configuration names for what is on lines. Undefined: none. */
export interface LineProfiles {
  /** By which profile the frames of a serial port are decoded. Without it: by the general rules. */
  readonly portProfile?: (port: string) => string | undefined;
  /** The same for the units of Modbus buses, by the topic of their messages. */
  readonly unitProfile?: (topic: string) => string | undefined;
}

type Make = (profile: string, topic: string, nameOf: (topic: string) => string) => Route | undefined;

interface LineRoute {
  readonly route: Route | undefined;
  /** Nobody decides anything for a line as for a topic, so nobody counts it as one. */
  readonly meter: undefined;
}

const unknown: LineRoute = { route: undefined, meter: undefined };

/** What came over serial ports and Modbus buses: each is its configuration's, not its topic's. */
export class LineRoutes {
  readonly #profiles: LineProfiles;
  readonly #make: Make;
  readonly #ports = new Map<string, LineRoute>();
  readonly #units = new Map<string, LineRoute>();

  /** @param make the route of a profile that there is, for a topic */
  constructor(profiles: LineProfiles, make: Make) {
    this.#profiles = profiles;
    this.#make = make;
  }

  /** @returns undefined: it did not come over a line */
  of({ source, topic }: Message): LineRoute | undefined {
    if (source !== 'serial' && source !== 'modbus') return undefined;
    const isUnit = source === 'modbus';
    const routes = isUnit ? this.#units : this.#ports;
    const known = routes.get(topic);
    if (known !== undefined) return known;
    const { portProfile, unitProfile } = this.#profiles;
    const name = (isUnit ? unitProfile : portProfile)?.(topic);
    const route = name === undefined ? undefined : this.#make(name, topic, isUnit ? unitDevice : portDevice);
    if (route === undefined) return unknown;
    const found: LineRoute = { route, meter: undefined };
    routes.set(topic, found);
    return found;
  }

  /** Profiles have changed. */
  forget(): void {
    this.#ports.clear();
    this.#units.clear();
  }
}
