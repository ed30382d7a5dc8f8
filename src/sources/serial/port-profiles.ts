import type { SerialOptions } from './options.ts';

/** Which profile the configuration names for a port. */
export function profilesOfPorts({ ports }: SerialOptions): (port: string) => string | undefined {
  const byName = new Map(ports.map(({ name, profile }) => [name, profile]));
  return (port) => byName.get(port);
}
