import { lookup } from 'node:dns/promises';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { Config } from '../../config/schema.ts';
import { messageOf } from '../../core/errors.ts';
import { explainOpenFailure } from '../../sources/serial/node.ts';
import type { Finding } from './finding.ts';

const connectMs = 5_000;
/** A clock before this was never set. */
const firstSane = Date.UTC(2026, 0, 1);

/** This machine and what the gateway needs of the world around it. */
export async function siteFindings(config: Config, isRunning: boolean): Promise<Finding[]> {
  const ports = isRunning
    ? []
    : await Promise.all(portsOf(config).map(([key, host, port]) => portFinding(key, host, port)));
  const serial = isRunning
    ? []
    : await Promise.all(config.serial.ports.map(({ name, path }) => serialFinding(name, path)));
  return [clockFinding(), ...ports.filter((one) => one !== undefined), ...serial, ...(await collectorFindings(config))];
}

function clockFinding(): Finding {
  const now = new Date();
  if (now.getTime() >= firstSane) return { about: 'Clock', state: 'well', says: `It is ${now.toISOString()}.` };
  const todo = 'Let the system set it (`timedatectl set-ntp true`), or open the page of the gateway in a browser.';
  return { about: 'Clock', state: 'wrong', says: `It says ${now.toISOString()}: nobody has set it.`, todo };
}

function portsOf({ mqtt, http, grpc }: Config): (readonly [key: string, host: string, port: number])[] {
  return [
    ['mqtt.port', mqtt.host, mqtt.port],
    ['http.port', http.host, http.port],
    ...(grpc.enabled ? [['grpc.port', grpc.host, grpc.port] as const] : []),
  ];
}

/** @returns undefined when all is well: three lines of that help nobody */
async function portFinding(key: string, host: string, port: number): Promise<Finding | undefined> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port }, resolve);
    });
    await new Promise((resolve) => server.close(resolve));
    return undefined;
  } catch (error) {
    const says = `${host}:${port} can't be listened on: ${messageOf(error)}.`;
    return { about: 'Ports', state: 'broken', says, todo: `Stop what listens there, or choose another \`${key}\`.` };
  }
}

async function serialFinding(name: string, path: string): Promise<Finding> {
  const about = 'Serial';
  try {
    // To open it would reset some boards.
    await access(path, constants.R_OK | constants.W_OK);
    return { about, state: 'well', says: `${name} is there (${path}).` };
  } catch (error) {
    return {
      about,
      state: 'wrong',
      says: `${name}: ${await explainOpenFailure(path, error)}`,
      todo: '`headgate serial` lists the ports that there are.',
    };
  }
}

async function collectorFindings({ uplink }: Config): Promise<Finding[]> {
  const urls = uplink.url === undefined ? [] : [uplink.url].flat();
  return await Promise.all(urls.map(collectorFinding));
}

async function collectorFinding(url: string): Promise<Finding> {
  const about = 'Collector';
  const { hostname, port, protocol } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  try {
    await lookup(host);
  } catch {
    // What it says is of no use to people.
    return {
      about,
      state: 'broken',
      says: `${host} is no name that can be looked up.`,
      todo: 'Check `uplink.url`, and the name server of this network.',
    };
  }
  const socket = connect({ host, port: Number(port) || (protocol === 'https:' ? 443 : 80) });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.setTimeout(connectMs, () => reject(new Error(`no answer within ${connectMs / 1_000} s`)));
      socket.once('connect', () => resolve());
      socket.once('error', reject);
    });
    return { about, state: 'well', says: `${url} can be reached.` };
  } catch (error) {
    const todo = 'Records wait on disk meanwhile. Check the network and the firewall, and whether the collector runs.';
    return { about, state: 'wrong', says: `${url} can't be reached: ${messageOf(error)}.`, todo };
  } finally {
    socket.destroy();
  }
}
