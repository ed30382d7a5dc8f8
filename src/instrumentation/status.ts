import type { AlarmsStatus } from '../alarms/status.ts';
import type { TlsStatus } from '../api/tls-status.ts';
import type { BufferStatus, LaneStatus } from '../buffer/status.ts';
import type { ClockStatus } from '../clock/status.ts';
import type { CommandsStatus } from '../commands/status.ts';
import type { HistoryStatus } from '../history/status.ts';
import type { LiveStatus } from '../live/status.ts';
import type { LoadStatus } from '../load/status.ts';
import type { RedecodeStatus } from '../pipeline/redecode/status.ts';
import type { FlowStatus } from '../pipeline/status.ts';
import type { ProfilesStatus } from '../profiles/status.ts';
import type { RegistryStatus } from '../registry/status.ts';
import type { BridgeStatus } from '../sources/bridge/status.ts';
import type { ModbusStatus } from '../sources/modbus/status.ts';
import type { MqttStatus } from '../sources/mqtt/status.ts';
import type { SerialStatus } from '../sources/serial/status.ts';
import type { CanaryStatus, UplinkState, UplinkStatus } from '../uplink/status.ts';
import { type Health, healthOf } from './health.ts';
import { type PlanReport, planReport } from './plan-report.ts';

/** What a part says of itself and what is told of it are the same. */
type Shown =
  | 'devices'
  | 'profiles'
  | 'redecode'
  | 'commands'
  | 'load'
  | 'history'
  | 'live'
  | 'alarms'
  | 'collector'
  | 'process';

/** What the gateway says of itself over `GET /api/v1/status`. Times are ISO 8601 in UTC. */
export interface GatewayStatus extends Pick<StatusParts, Shown>, TlsStatus {
  readonly gateway: {
    readonly id: string;
    readonly epoch: string;
    readonly version: string;
    readonly startedAt: string;
    readonly uptimeSeconds: number;
    /** What people should know before anything else, such as that it runs in safe mode; null: nothing. */
    readonly notice: string | null;
  };
  readonly health: Health;
  readonly clock: ClockReport;
  readonly mqtt: MqttStatus;
  readonly serial: SerialStatus;
  readonly modbus: ModbusStatus;
  /** Brokers that messages are taken from. */
  readonly bridges: readonly BridgeStatus[];
  readonly flow: FlowStatus & { readonly receivedPerSecond: number; readonly confirmedPerSecond: number };
  readonly buffer: Omit<BufferStatus, 'oldestWaitingAt' | 'lanes'> & {
    readonly oldestWaitingAt: string | null;
    /** Age of the oldest waiting record by the wall clock, 0 when nothing waits. */
    readonly oldestWaitingSeconds: number;
    readonly lanes: readonly LaneReport[];
  };
  readonly uplink: Omit<
    UplinkStatus,
    'state' | 'address' | 'since' | 'lastAcknowledgedAt' | 'canary' | 'plan' | 'problem'
  > & {
    /** The data plan; null when the link is not metered. */
    readonly plan: PlanReport | null;
    /** Where the collector is, as `IP:PORT`; null without a connection or an attempt at one. */
    readonly address: string | null;
    /** The record that goes the whole way from time to time, and comes back as its acknowledgement; null: none is sent. */
    readonly canary: CanaryReport | null;
    /** While it drains: records of the backlog that are not acknowledged, and how long they take. Null when unknown. */
    readonly leftRecords: number | null;
    readonly etaSeconds: number | null;
    /** What keeps some of the records from being sent although the uplink stands; null when nothing does. */
    readonly problem: string | null;
    readonly state: UplinkState['name'];
    readonly since: string;
    /** Why it waits, was rejected or is trying again, and when it does; null in other states. */
    readonly reason: string | null;
    readonly retryAt: string | null;
    readonly lastAcknowledgedAt: string | null;
    readonly acknowledgedPerSecond: number;
  };
}

export interface CanaryReport {
  readonly state: CanaryStatus['state']['name'];
  /** Why this gateway's disk refused it; null in other states. */
  readonly reason: string | null;
  readonly intervalSeconds: number;
  readonly sent: number;
  readonly returned: number;
  /** How long the last one that came back took, and how long ago it did; null before the first. */
  readonly roundTripMs: number | null;
  readonly secondsSinceReturn: number | null;
}

/** The records of one rule; of one that was changed, what was stored before is a lane of its own until it is gone. */
export interface LaneReport extends Omit<LaneStatus, 'oldestWaitingAt'> {
  readonly oldestWaitingAt: string | null;
}

/** Which time the gateway has, and how far it can be trusted. */
export interface ClockReport extends Pick<ClockStatus, 'quality' | 'source' | 'boot' | 'contradictions'> {
  readonly now: string;
  /** By how much the gateway's clock is ahead of the system's, which it does not set. */
  readonly aheadOfSystemSeconds: number;
  /** When a clock moved otherwise than by the time that went by, how far ahead, whose, and whether the gateway's went along. */
  readonly lastJump: {
    readonly at: string;
    readonly bySeconds: number;
    readonly isFollowed: boolean;
    readonly source: string;
  } | null;
}

export interface ProcessStatus {
  readonly pid: number;
  readonly rssBytes: number;
  readonly cpuSeconds: number;
  readonly eventLoopDelayMs: { readonly p50: number; readonly p99: number; readonly max: number };
}

/** What the parts say, from which a status is composed. */
export interface StatusParts extends TlsStatus {
  readonly id: string;
  readonly epoch: string;
  readonly version: string;
  readonly startedAtMs: number;
  readonly notice?: string | undefined;
  readonly phase: 'starting' | 'running' | 'stopping';
  readonly clock: ClockStatus;
  readonly mqtt: MqttStatus;
  readonly serial: SerialStatus;
  readonly modbus: ModbusStatus;
  readonly bridges: readonly BridgeStatus[];
  readonly flow: FlowStatus;
  readonly buffer: BufferStatus;
  readonly uplink: UplinkStatus;
  readonly devices: RegistryStatus;
  readonly profiles: ProfilesStatus;
  /** What was asked last to be decoded again. */
  readonly redecode: RedecodeStatus;
  readonly commands: CommandsStatus;
  readonly load: LoadStatus;
  readonly history: HistoryStatus;
  readonly live: LiveStatus;
  readonly alarms: AlarmsStatus;
  /** The collector beside this gateway; null when it has none. */
  readonly collector: { readonly address: string; readonly sink: string } | null;
  readonly process: ProcessStatus;
  readonly rates: {
    readonly receivedPerSecond: number;
    readonly confirmedPerSecond: number;
    readonly acknowledgedPerSecond: number;
  };
}

export function composeStatus(parts: StatusParts, nowMs: number): GatewayStatus {
  const {
    buffer,
    uplink,
    rates,
    devices,
    profiles,
    redecode,
    commands,
    load,
    history,
    live,
    alarms,
    collector,
    process,
  } = parts;
  const { state } = uplink;
  const waits = state.name === 'waiting' || state.name === 'rejected' ? state : undefined;
  return {
    gateway: {
      id: parts.id,
      epoch: parts.epoch,
      version: parts.version,
      startedAt: iso(parts.startedAtMs),
      uptimeSeconds: secondsSince(parts.startedAtMs, nowMs),
      notice: parts.notice ?? null,
    },
    health: healthOf(parts, nowMs),
    clock: clockOf(parts.clock),
    mqtt: parts.mqtt,
    serial: parts.serial,
    modbus: parts.modbus,
    bridges: parts.bridges,
    flow: {
      ...parts.flow,
      receivedPerSecond: rates.receivedPerSecond,
      confirmedPerSecond: rates.confirmedPerSecond,
    },
    buffer: {
      ...buffer,
      oldestWaitingAt: buffer.oldestWaitingAt === undefined ? null : iso(buffer.oldestWaitingAt),
      oldestWaitingSeconds: secondsSince(buffer.oldestWaitingAt ?? nowMs, nowMs),
      lanes: buffer.lanes.map(reportOf),
    },
    uplink: {
      url: uplink.url,
      address: uplink.address ?? null,
      collectors: uplink.collectors,
      state: state.name,
      since: iso(uplink.since),
      reason: ('reason' in state && state.reason) || null,
      retryAt: waits === undefined ? null : iso(waits.retryAt),
      leftRecords: state.name === 'draining' ? state.leftRecords : null,
      etaSeconds: state.name === 'draining' && state.etaMs !== undefined ? Math.round(state.etaMs / 1_000) : null,
      lastAcknowledgedAt: uplink.lastAcknowledgedAt === undefined ? null : iso(uplink.lastAcknowledgedAt),
      acknowledgedRecords: uplink.acknowledgedRecords,
      acknowledgedBytes: uplink.acknowledgedBytes,
      acknowledgedByPriority: uplink.acknowledgedByPriority,
      acknowledgedPerSecond: rates.acknowledgedPerSecond,
      inFlightBytes: uplink.inFlightBytes,
      compression: uplink.compression,
      wireBytes: uplink.wireBytes,
      plan: uplink.plan === undefined ? null : planReport(uplink.plan),
      connections: uplink.connections,
      attempts: uplink.attempts,
      canary: uplink.canary === undefined ? null : canaryReport(uplink.canary, nowMs),
      problem: uplink.problem ?? null,
    },
    ...{ devices, profiles, redecode, commands, load, history, live, alarms, collector, process, tls: parts.tls },
  };
}

function clockOf({ quality, source, boot, contradictions, now, aheadOfSystemMs, lastJump }: ClockStatus): ClockReport {
  const jump = lastJump && {
    at: iso(lastJump.atMs),
    bySeconds: lastJump.byMs / 1000,
    isFollowed: lastJump.isFollowed,
    source: lastJump.source,
  };
  const aheadOfSystemSeconds = Math.round(aheadOfSystemMs) / 1000;
  return { quality, source, now: iso(now), boot, aheadOfSystemSeconds, lastJump: jump ?? null, contradictions };
}

function canaryReport(canary: CanaryStatus, nowMs: number): CanaryReport {
  const { state, intervalMs, sent, returned, lastRoundTripMs, lastReturnedAt } = canary;
  return {
    state: state.name,
    reason: state.name === 'refused' ? state.reason : null,
    intervalSeconds: intervalMs / 1_000,
    sent,
    returned,
    roundTripMs: lastRoundTripMs === undefined ? null : Math.round(lastRoundTripMs * 10) / 10,
    secondsSinceReturn: lastReturnedAt === undefined ? null : secondsSince(lastReturnedAt, nowMs),
  };
}

function reportOf(lane: LaneStatus): LaneReport {
  return { ...lane, oldestWaitingAt: lane.oldestWaitingAt === undefined ? null : iso(lane.oldestWaitingAt) };
}

const iso = (ms: number): string => new Date(ms).toISOString();
const secondsSince = (thenMs: number, nowMs: number): number => Math.max(0, Math.round((nowMs - thenMs) / 1000));
