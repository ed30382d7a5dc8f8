import { realpath } from 'node:fs/promises';
import { HeadgateError } from '../core/errors.ts';
import type { ModbusBusStatus } from '../sources/modbus/status.ts';
import type { ListedPort } from '../sources/serial/status.ts';
import type { SerialApi } from './serial-routes.ts';

/** Serial ports with those on which Modbus buses are: they are configured as well, and are not to be listened to. */
export function withBuses(serial: SerialApi, buses: () => readonly ModbusBusStatus[]): SerialApi {
  const list = async (): Promise<readonly ListedPort[]> => {
    const ports = [...(await serial.list())];
    for (const { name, path, state, reason } of buses()) {
      if (path === null) continue;
      // Null: it is not there now.
      const node = await realpath(path).catch(() => null);
      const configured = { name, profile: null, state, reason, hint: null };
      const index = ports.findIndex((port) => port.path === path || (node !== null && port.node === node));
      if (index === -1) ports.push({ path, node, usb: null, adapter: null, suggestions: [], configured });
      else ports[index] = { ...ports[index]!, configured: ports[index]!.configured ?? configured };
    }
    return ports;
  };
  return {
    list,
    scan: async (request, signal) => {
      const { path } = request;
      const port = (await list()).find((one) => one.path === path || one.node === path);
      if (port?.configured?.state === 'open')
        throw new HeadgateError('request.conflict', `${path} is read from already, as ${port.configured.name}.`);
      return await serial.scan(request, signal);
    },
  };
}
