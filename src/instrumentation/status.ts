import type { BufferStatus } from '../buffer/status.ts';
import { formatDuration } from '../core/units.ts';
import type { FlowStatus } from '../pipeline/status.ts';
import type { MqttStatus } from '../sources/mqtt/status.ts';
import type { UplinkState, UplinkStatus } from '../uplink/status.ts';

/** What the gateway says of itself over `GET /api/v1/status`. Times are ISO 8601 in UTC. */
export interface GatewayStatus {
  readonly gateway: {
    readonly id: string;
    readonly epoch: string;
    readonly version: string;
    readonly startedAt: string;
    readonly uptimeSeconds: number;
  };
  readonly health: Health;
  readonly mqtt: MqttStatus;
  readonly flow: FlowStatus & { readonly receivedPerSecond: number; readonly confirmedPerSecond: number };
  readonly buffer: Omit<BufferStatus, 'oldestWaitingAt'> & {
    readonly oldestWaitingAt: string | null;
    /** Age of the oldest waiting record by the wall clock, 0 when nothing waits. */
    readonly oldestWaitingSeconds: number;
  };
  readonly uplink: Omit<UplinkStatus, 'state' | 'since' | 'lastAcknowledgedAt'> & {
    readonly state: UplinkState['name'];
    readonly since: string;
    /** Why it waits or was rejected, and when it tries again; null in other states. */
    readonly reason: string | null;
    readonly retryAt: string | null;
    readonly lastAcknowledgedAt: string | null;
    readonly acknowledgedPerSecond: number;
  };
  /** The collector beside this gateway; null when it has none. */
  readonly collector: { readonly address: string; readonly sink: string } | null;
  readonly process: ProcessStatus;
}

export interface Health {
  /**
   * `starting`, `stopping`: not taking messages. `failing`: messages are refused, because the disk is. `degraded`:
   * messages are taken and safe, but do not reach the collector. `ready`: all is well.
   */
  readonly state: 'starting' | 'ready' | 'degraded' | 'failing' | 'stopping';
  /** The state of things in a sentence or two, for people. */
  readonly summary: string;
}

export interface ProcessStatus {
  readonly pid: number;
  readonly rssBytes: number;
  readonly cpuSeconds: number;
  readonly eventLoopDelayMs: { readonly p50: number; readonly p99: number; readonly max: number };
}

/** What the parts say, from which a status is composed. */
export interface StatusParts {
  readonly id: string;
  readonly epoch: string;
  readonly version: string;
  readonly startedAtMs: number;
  readonly phase: 'starting' | 'running' | 'stopping';
  readonly mqtt: MqttStatus;
  readonly flow: FlowStatus;
  readonly buffer: BufferStatus;
  readonly uplink: UplinkStatus;
  readonly collector: { readonly address: string; readonly sink: string } | null;
  readonly process: ProcessStatus;
  readonly rates: {
    readonly receivedPerSecond: number;
    readonly confirmedPerSecond: number;
    readonly acknowledgedPerSecond: number;
  };
}

export function composeStatus(parts: StatusParts, nowMs: number): GatewayStatus {
  const { buffer, uplink, rates } = parts;
  const { state } = uplink;
  const waits = state.name === 'waiting' || state.name === 'rejected' ? state : undefined;
  return {
    gateway: {
      id: parts.id,
      epoch: parts.epoch,
      version: parts.version,
      startedAt: iso(parts.startedAtMs),
      uptimeSeconds: secondsSince(parts.startedAtMs, nowMs),
    },
    health: healthOf(parts, nowMs),
    mqtt: parts.mqtt,
    flow: {
      ...parts.flow,
      receivedPerSecond: rates.receivedPerSecond,
      confirmedPerSecond: rates.confirmedPerSecond,
    },
    buffer: {
      ...buffer,
      oldestWaitingAt: buffer.oldestWaitingAt === undefined ? null : iso(buffer.oldestWaitingAt),
      oldestWaitingSeconds: secondsSince(buffer.oldestWaitingAt ?? nowMs, nowMs),
    },
    uplink: {
      url: uplink.url,
      state: state.name,
      since: iso(uplink.since),
      reason: waits?.reason ?? null,
      retryAt: waits === undefined ? null : iso(waits.retryAt),
      lastAcknowledgedAt: uplink.lastAcknowledgedAt === undefined ? null : iso(uplink.lastAcknowledgedAt),
      acknowledgedRecords: uplink.acknowledgedRecords,
      acknowledgedBytes: uplink.acknowledgedBytes,
      acknowledgedPerSecond: rates.acknowledgedPerSecond,
      inFlightBytes: uplink.inFlightBytes,
      connections: uplink.connections,
    },
    collector: parts.collector,
    process: parts.process,
  };
}

function healthOf(parts: StatusParts, nowMs: number): Health {
  const { buffer, phase } = parts;
  if (phase !== 'running') return { state: phase, summary: `The gateway is ${phase}.` };
  if (buffer.state === 'closed')
    return { state: 'failing', summary: 'No message is acknowledged: the disk is not in use.' };
  if (buffer.state === 'failing') {
    return {
      state: 'failing',
      summary: `The disk refuses records, so messages are not acknowledged: ${buffer.failure ?? 'unknown reason'}`,
    };
  }
  const clients = `${count(parts.mqtt.connections, 'MQTT client')}, ${parts.rates.receivedPerSecond} messages/s in.`;
  const { state, text } = uplinkSentence(parts.uplink.state, nowMs);
  return { state, summary: `${state === 'ready' ? 'All good. ' : ''}${text} ${waitingSentence(buffer)} ${clients}` };
}

/** Says "live" only when the uplink itself does. */
function uplinkSentence(state: UplinkState, nowMs: number): { state: 'ready' | 'degraded'; text: string } {
  const retry = (retryAt: number): string => `trying again in ${formatDuration(Math.max(0, retryAt - nowMs))}`;
  switch (state.name) {
    case 'live':
      return { state: 'ready', text: 'The uplink is live.' };
    case 'draining':
      return { state: 'ready', text: 'The uplink is catching up.' };
    case 'connecting':
      return { state: 'degraded', text: 'The uplink is connecting.' };
    case 'offline':
      return { state: 'degraded', text: 'The uplink is off.' };
    case 'stalled':
      return { state: 'degraded', text: 'The collector is connected, but has stopped confirming.' };
    case 'waiting':
      return { state: 'degraded', text: `The uplink is down (${state.reason}), ${retry(state.retryAt)}.` };
    case 'rejected':
      return {
        state: 'degraded',
        text: `The collector refuses this gateway (${state.reason}), ${retry(state.retryAt)}.`,
      };
  }
}

function waitingSentence({ waitingRecords }: BufferStatus): string {
  if (waitingRecords === 0) return 'Nothing waits.';
  return waitingRecords === 1
    ? '1 record waits safely on disk.'
    : `${grouped(waitingRecords)} records wait safely on disk.`;
}

function count(n: number, what: string): string {
  return `${grouped(n)} ${what}${n === 1 ? '' : 's'}`;
}

const grouped = (n: number): string => n.toLocaleString('en-US');
const iso = (ms: number): string => new Date(ms).toISOString();
const secondsSince = (thenMs: number, nowMs: number): number => Math.max(0, Math.round((nowMs - thenMs) / 1000));
