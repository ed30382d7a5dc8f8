import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import type { TestContext } from 'node:test';
import { HeadgateProcess, type Settings } from './headgate-process.ts';
import type { MutualTls } from './mutual-tls.ts';
import { freePort } from './tcp-port.ts';
import { within } from './wait.ts';

export interface GatewayOptions {
  readonly dataDir: string;
  /** Its embedded collector's sink, when it has one. */
  readonly sink?: string;
  /** A collector elsewhere. */
  readonly uplinkPort?: number | undefined;
  readonly tls?: MutualTls | undefined;
  /** Default: one of its own, on which it can come back. */
  readonly mqttPort?: number;
  readonly set?: Settings;
  /** In the shape of the buffer's `DiskFaults`. */
  readonly faults?: object;
  readonly env?: Readonly<Record<string, string>>;
  /** Of another version than this one: its `main.ts`. */
  readonly main?: string | undefined;
  /** Wait for `ready`. Default true. */
  readonly wait?: boolean;
}

/** Deadlines so short that a test sees what takes half a minute in life. */
export const impatient: Settings = {
  'uplink.retryMin': '50ms',
  'uplink.retryMax': '400ms',
  'uplink.connectTimeout': '1500ms',
  'uplink.acknowledgeTimeout': '1500ms',
  'uplink.keepalive': '1s',
  'uplink.keepaliveTimeout': '1s',
};

/** Runs a gateway on ports of its own: it can come back on them, but for gRPC's, which is another with each start. */
export async function startGateway(t: TestContext, options: GatewayOptions): Promise<HeadgateProcess> {
  const {
    dataDir,
    sink,
    uplinkPort,
    tls,
    mqttPort = await freePort(),
    set = {},
    faults,
    env,
    main,
    wait = true,
  } = options;
  const gateway = HeadgateProcess.spawn(t, 'run', {
    set: {
      dataDir,
      'mqtt.port': mqttPort,
      'http.port': await freePort(),
      'grpc.port': 0,
      // A busy machine makes everything late, and that is not what most tests are about.
      'limits.maxDelay': '1m',
      'collector.port': 0,
      // Tests count records.
      'uplink.canary': 0,
      ...(sink === undefined ? {} : { 'collector.sink': sink }),
      ...(uplinkPort === undefined
        ? {}
        : { 'uplink.url': `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${uplinkPort}` }),
      ...tls?.gateway,
      ...set,
    },
    ...(main !== undefined && { main }),
    env: { ...env, ...(faults !== undefined && { HEADGATE_FAULTS: JSON.stringify(faults) }) },
  });
  if (wait) await gateway.ready();
  return gateway;
}

/** What the tests read of the status. */
export interface GatewayStatus {
  readonly gateway: { readonly id: string; readonly epoch: string };
  readonly clock: {
    readonly quality: string;
    readonly source: string;
    readonly now: string;
    readonly contradictions: readonly string[];
    readonly lastJump: { readonly bySeconds: number; readonly isFollowed: boolean } | null;
  };
  readonly health: { readonly state: string; readonly summary: string };
  readonly flow: { readonly received: number; readonly confirmed: number; readonly refused: number };
  readonly buffer: {
    readonly state: string;
    readonly failure?: string;
    readonly damages: readonly string[];
    readonly waitingRecords: number;
    readonly ledger: {
      readonly received: number;
      readonly delivered: number;
      readonly waiting: number;
      readonly dropped: Readonly<Record<string, number>>;
    };
  };
  readonly history: { readonly storedSeries: number };
  readonly uplink: {
    readonly state: string;
    readonly reason?: string;
    readonly acknowledgedRecords: number;
    readonly connections: number;
    readonly collectors: readonly { readonly url: string; readonly isCurrent: boolean }[];
    readonly canary: { readonly returned: number; readonly roundTripMs: number | null } | null;
  };
}

/** `GET /api/v1/status`. @throws an Error when it is not answered with 200 within 5 s */
export async function statusOf(gateway: HeadgateProcess): Promise<GatewayStatus> {
  const port = gateway.port('http');
  const answer = new Promise<string>((resolve, reject) => {
    const asked = request({ port, host: '127.0.0.1', path: '/api/v1/status', agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => (response.statusCode === 200 ? resolve(text) : reject(new Error(text))));
    });
    asked.on('error', reject);
    asked.end();
  });
  return JSON.parse(await within(5_000, 'the status', answer)) as GatewayStatus;
}

/** Resident memory of a process, in bytes. */
export function residentBytes(process: HeadgateProcess): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${process.child.pid}/status`, 'utf8'))?.[1];
  if (kib === undefined) throw new Error(`no VmRSS for ${process.child.pid}`);
  return Number(kib) * 1024;
}

/** The processes that a process has started and that run now. */
export function childrenOf(process: HeadgateProcess): number[] {
  const { pid } = process.child;
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}
