/** Something that is known of a device and does not change with every measurement. */
export type Attribute = readonly [name: string, value: string | number | boolean];

/** The way in of simulated devices: what is seen of them here is nothing to a collector. */
export const simulatedSource = 'demo';

/**
 * What a message tells of a device itself, by the device's id. Names of attributes that every profile uses alike:
 * `manufacturer`, `model`, `serialNumber`, `firmware`, `hardware`, `address` (IP or radio), `signal` (dBm or %), `battery` (%).
 */
export interface Sighting {
  readonly deviceId: string;
  /** The name that people gave it, as the device or its bridge tells it. */
  readonly name?: string;
  /** Said by the device, its bridge or its last will. Absent: nothing was said. */
  readonly presence?: 'online' | 'offline';
  readonly attributes?: readonly Attribute[];
  /** The device through which it is reached: a bridge, a parent. */
  readonly via?: string;
  /** It was taken out of service: its description was deleted. */
  readonly isGone?: boolean;
}
