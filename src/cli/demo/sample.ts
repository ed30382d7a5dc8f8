import type { Random } from './random.ts';

export type Json = string | number | boolean | { readonly [name: string]: Json };

/**
 * What one thing measures at one instant. Pure: it has no state, so counters are integrals of their curve.
 *
 * @param localMs the site's wall clock as if it were UTC, in milliseconds: at 15:00 on the wall it is 15:00 in UTC
 * @param random noise, and nothing but noise, comes from here
 */
export type Quantity = (localMs: number, random: Random) => Json;

/** A payload whose quantities are still to be measured. */
export type Template = Quantity | string | number | boolean | { readonly [name: string]: Template };

/** Where a device says that it is there; its MQTT will says there that it is gone. Retained. */
export interface Availability {
  readonly topic: string;
  readonly online: string;
  readonly offline: string;
}

/** A simulated device. */
export interface DemoDevice {
  /** For people. */
  readonly name: string;
  /** The start of its MQTT client id, at most 16 characters. */
  readonly clientId: string;
  readonly topic: string;
  readonly availability?: Availability;
  /** Publishes in each of its turns, or only what differs from what it said last. */
  readonly reports: 'always' | 'onChange';
  /** An object becomes JSON; a lone quantity the bare number. */
  readonly payload: Template;
}

export interface DemoMessage {
  readonly topic: string;
  readonly payload: string;
  readonly isRetained: boolean;
}

/** What the device publishes at an instant (for `localMs` see {@link Quantity}). Pure but for the turns of `random`. */
export function sample(device: DemoDevice, localMs: number, random: Random): DemoMessage {
  const value = measure(device.payload, localMs, random);
  const payload = typeof value === 'string' ? value : JSON.stringify(value);
  return { topic: device.topic, payload, isRetained: false };
}

function measure(template: Template, localMs: number, random: Random): Json {
  if (typeof template === 'function') return template(localMs, random);
  if (typeof template !== 'object') return template;
  return Object.fromEntries(
    Object.entries(template).map(([name, part]) => [name, measure(part, localMs, random)] as const),
  );
}
