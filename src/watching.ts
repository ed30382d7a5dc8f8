import { join } from 'node:path';
import { Alarms } from './alarms/alarms.ts';
import type { Vitals } from './alarms/built-in/findings.ts';
import { alarmSource, alarmTopic } from './alarms/event.ts';
import type { AlarmsStatus } from './alarms/status.ts';
import { wrongSettings } from './appliance/settings/wrong-settings.ts';
import { takenBack } from './appliance/taken-back.ts';
import type { RecordBuffer } from './buffer/buffer.ts';
import { waitingShareOf } from './buffer/status.ts';
import type { GatewayClock } from './clock/clock.ts';
import type { LocalCommands } from './commands/local-commands.ts';
import type { Config } from './config/schema.ts';
import { roomAdvice } from './core/no-room.ts';
import type { Onlooker } from './core/taken.ts';
import type { UnixMs } from './core/time.ts';
import type { Decoding } from './decoding.ts';
import { History } from './history/history.ts';
import type { HistoryStatus } from './history/status.ts';
import type { GatewayStatus } from './instrumentation/status.ts';
import { eventLoopUse } from './lib/event-loop-use.ts';
import type { Log } from './lib/log.ts';
import type { Service } from './lib/service.ts';
import { LiveHub } from './live/hub.ts';
import { type CoarseStatus, LookOut } from './live/look-out.ts';
import type { LiveStatus } from './live/status.ts';
import type { Flow } from './pipeline/flow.ts';
import { Onlookers } from './pipeline/onlookers.ts';
import type { DeviceRegistry } from './registry/registry.ts';
import type { Telling } from './sources/mqtt/own-topics.ts';
import { identityDirectory } from './uplink/credentials.ts';
import { OwnCertificate } from './uplink/own-certificate.ts';

export interface WatchingDependencies {
  readonly config: Config;
  readonly dataDir: string;
  readonly buffer: RecordBuffer;
  readonly clock: GatewayClock;
  readonly decoding: Decoding;
  readonly status: () => GatewayStatus;
  /** Takes in what the gateway says of itself and its devices. */
  readonly tell: Flow['tell'];
  /** Who tells local MQTT clients. */
  readonly mqtt: () => Onlooker;
  /** The log of a part. */
  readonly log: (part: string) => Log;
}

/** Who looks on at what is taken in, and can do nothing about it: the fourth part of the composition root. */
export class Watching {
  readonly history: History;
  readonly live: LiveHub;
  readonly alarms: Alarms;
  readonly onlooker: Onlooker;
  readonly services: readonly Service[];
  readonly #lookOut: LookOut;

  constructor({ config, dataDir, buffer, clock, decoding, status, tell, mqtt, log }: WatchingDependencies) {
    this.history = new History({
      options: config.history,
      path: join(dataDir, 'history', 'history.db'),
      clock,
      corrections: clock.corrections,
      operatingMs: () => buffer.operatingMs,
      log: log('history'),
    });
    const telling: Onlooker = { wantsPayloads: false, taken: (taken) => mqtt().taken(taken) };
    const { registry, topics } = decoding;
    this.#lookOut = new LookOut({
      tell: (fact) => this.live.tell(fact),
      now: clock.now,
      devices: registry,
      status: () => coarse(status()),
      templateCount: () => topics.status().templates,
      templates: () => topics.summaries(),
    });
    this.live = new LiveHub({ clock, utilisation: eventLoopUse(), lookOut: this.#lookOut });
    const ofUplink = new OwnCertificate(config.uplink, identityDirectory(dataDir));
    this.alarms = new Alarms({
      options: config.alarms,
      ...{ shelf: buffer.shelf, clock, operatingMs: () => buffer.operatingMs, log: log('alarms') },
      live: (fact) => this.live.tell(fact),
      report: (measurement, delivery) => tell({ source: alarmSource, topic: alarmTopic, measurement, delivery }),
      recentDeliveries: () => buffer.deliveries,
      places: { dataDir, sys: '/sys', takenBack, wrongSettings },
      vitals: () => vitalsOf(status(), ofUplink.expiresAtMs),
      devices: registry,
      gateway: () => status().gateway.id,
    });
    const always = [telling, this.live, this.alarms];
    this.onlooker = new Onlookers(config.history.enabled ? [this.history, ...always] : always);
    this.services = [this.history, this.live, this.alarms];
  }

  /** Tells readers what becomes of commands. */
  follow(commands: LocalCommands): void {
    commands.watch((command) => this.#lookOut.command(command));
  }

  status(): { readonly history: HistoryStatus; readonly live: LiveStatus; readonly alarms: AlarmsStatus } {
    return { history: this.history.status(), live: this.live.status(), alarms: this.alarms.status() };
  }
}

function coarse({ health, uplink, buffer, clock }: GatewayStatus): CoarseStatus {
  return {
    health: health.state,
    uplink: uplink.state,
    uplinkReason: uplink.reason,
    buffer: buffer.state,
    clockQuality: clock.quality,
  };
}

/** The state of the parts, as far as an alarm may be raised for it. */
function vitalsOf(status: GatewayStatus, uplinkExpiresAtMs: UnixMs | undefined): Vitals {
  const { buffer, uplink, clock, mqtt, tls, serial, modbus, bridges } = status;
  const listeners = Object.entries({ MQTT: mqtt.tls, HTTP: tls.http, gRPC: tls.grpc });
  const certificates = listeners.flatMap(([of, its]) =>
    its === null ? [] : [{ of, expiresAtMs: Date.parse(its.expiresAt) }],
  );
  if (uplinkExpiresAtMs !== undefined) certificates.push({ of: 'the uplink', expiresAtMs: uplinkExpiresAtMs });
  return {
    buffer: {
      state: buffer.state,
      waitingShare: waitingShareOf(buffer),
      failure: buffer.failure,
      full: buffer.full === undefined ? undefined : roomAdvice(buffer.full, buffer),
    },
    uplink: {
      isUp: uplink.state === 'live' || uplink.state === 'draining',
      ...{ state: uplink.state, reason: uplink.reason },
    },
    clockQuality: clock.quality,
    certificates,
    sources: [
      ...serial.ports.map(({ name, reason, hint }) => ({ name: `serial port ${name}`, problem: hint ?? reason })),
      ...modbus.buses.map(({ name, reason }) => ({ name: `Modbus bus ${name}`, problem: reason })),
      ...bridges.map(({ name, reason }) => ({ name: `bridge ${name}`, problem: reason })),
    ],
  };
}

/** What the gateway tells local MQTT clients of itself and its devices. */
export function tellingOf(registry: DeviceRegistry, status: () => GatewayStatus): Telling {
  return {
    status: () => {
      const { gateway, health, uplink } = status();
      return JSON.stringify({
        gateway: gateway.id,
        version: gateway.version,
        state: health.state,
        uplink: uplink.state,
      });
    },
    deviceIds: () => registry.ids(),
    latest: (deviceId) => registry.describe(deviceId)?.fields,
  };
}
