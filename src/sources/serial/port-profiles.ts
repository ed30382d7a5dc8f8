import type { SerialOptions } from './options.ts';

/** Which profile the configuration names for a port. */
export function profilesOfPorts({ ports }: SerialOptions): (port: string) => string | undefined {
  const byName = new Map(ports.map(({ name, profile }) => [name, profile]));
  return (port) => byName.get(port);
}

/** A device on a port from which nothing was heard yet, by the id that it then has unless its frames say another one. */
export function unheardOnPort({ ports }: SerialOptions, deviceId: string) {
  const port = ports.find(({ name }) => deviceId === `serial:${name}`);
  if (port === undefined) return undefined;
  const topics = new Map([[port.name, undefined]]);
  return { source: 'serial', profile: { name: port.profile }, presence: 'unknown', topics };
}
