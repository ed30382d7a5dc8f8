import { readdirSync } from 'node:fs';
import type { Registry } from 'prom-client';
import { alarmMetrics } from './alarm-metrics.ts';
import { bridgeMetrics } from './bridge-metrics.ts';
import { CanaryMetrics } from './canary-metrics.ts';
import { Histogram } from './histogram.ts';
import { historyMetrics } from './history-metrics.ts';
import { labelledFamilies } from './labelled-metrics.ts';
import { liveMetrics } from './live-metrics.ts';
import { modbusMetrics } from './modbus-metrics.ts';
import { planMetrics } from './plan-report.ts';
import { profileMetrics } from './profile-metrics.ts';
import { ruleFamilies, seriesOf } from './rule-metrics.ts';
import { serialMetrics } from './serial-metrics.ts';
import type { GatewayStatus } from './status.ts';

/** Every state, so that its series is there before it first happens; the type sees to it that none is forgotten. */
const uplinkStates: Readonly<Record<GatewayStatus['uplink']['state'], true>> = {
  offline: true,
  connecting: true,
  waiting: true,
  rejected: true,
  draining: true,
  stalled: true,
  live: true,
};

const gauges: Readonly<Record<string, readonly [help: string, value: (status: GatewayStatus) => number]>> = {
  headgate_mqtt_connections: ['MQTT clients connected now.', (s) => s.mqtt.connections],
  headgate_commands_queued: ['Commands that nobody has been given yet.', (s) => s.commands.queued],
  headgate_commands_sent: ['Commands whose answer is waited for.', (s) => s.commands.sent],
  headgate_buffer_waiting_records: ['Records that the collector has not confirmed.', (s) => s.buffer.waitingRecords],
  headgate_buffer_waiting_bytes: ['Bytes of those records.', (s) => s.buffer.waitingBytes],
  headgate_buffer_oldest_waiting_seconds: ['Age of the oldest of them.', (s) => s.buffer.oldestWaitingSeconds],
  headgate_buffer_pending_bytes: ['Bytes in memory that wait for the disk.', (s) => s.buffer.pendingBytes],
  headgate_buffer_failing: ['1 while the disk refuses records.', (s) => Number(s.buffer.state === 'failing')],
  headgate_buffer_full: [
    '1 while there is no room in the buffer or on its disk: messages wait at their source, or are refused.',
    (s) => Number(s.buffer.state === 'full'),
  ],
  headgate_buffer_damages: [
    'What was found wrong with files on disk since the start, 20 at the most: see the status.',
    (s) => s.buffer.damages.length,
  ],
  headgate_uplink_in_flight_bytes: ['Bytes sent and not yet confirmed.', (s) => s.uplink.inFlightBytes],
  headgate_uplink_last_acknowledged_timestamp_seconds: [
    'When the collector last confirmed something, Unix time; 0 if it never did.',
    (s) => (s.uplink.lastAcknowledgedAt === null ? 0 : Date.parse(s.uplink.lastAcknowledgedAt) / 1000),
  ],
  headgate_uplink_collector_index: [
    'Which of the collectors is in use or dialled, in their order: 0 is the preferred one.',
    (s) =>
      Math.max(
        0,
        s.uplink.collectors.findIndex(({ isCurrent }) => isCurrent),
      ),
  ],
  headgate_uplink_drain_eta_seconds: [
    'How long the backlog still takes at the pace of the last seconds; 0 when there is none, or nobody knows.',
    (s) => s.uplink.etaSeconds ?? 0,
  ],
  headgate_clock_quality: [
    'How far the time can be trusted: 0 it is not set, 1 estimated, 2 synchronised.',
    (s) => ['unset', 'estimated', 'synced'].indexOf(s.clock.quality),
  ],
  headgate_clock_offset_seconds: [
    "By how much the gateway's clock is ahead of the system's.",
    (s) => s.clock.aheadOfSystemSeconds,
  ],
  headgate_buffer_disk_bytes: ['What the buffer takes on disk.', (s) => s.buffer.diskBytes],
  headgate_buffer_max_bytes: ['What the buffer may take on disk.', (s) => s.buffer.maxBytes],
  headgate_buffer_room_bytes: [
    'What it can take as of now: that, or less where its disk has less left.',
    (s) => s.buffer.roomBytes,
  ],
  headgate_event_loop_delay_p50_seconds: [
    'Delay of the main thread over the last seconds, median.',
    (s) => s.process.eventLoopDelayMs.p50 / 1000,
  ],
  headgate_event_loop_delay_p99_seconds: [
    'Delay of the main thread over the last seconds, 99th percentile.',
    (s) => s.process.eventLoopDelayMs.p99 / 1000,
  ],
  headgate_event_loop_delay_max_seconds: [
    'Delay of the main thread over the last seconds, the longest.',
    (s) => s.process.eventLoopDelayMs.max / 1000,
  ],
  headgate_process_open_fds: ['Open file descriptors.', openDescriptors],
  headgate_process_resident_memory_bytes: ['Resident memory.', (s) => s.process.rssBytes],
  headgate_process_start_time_seconds: [
    'When the process started, Unix time.',
    (s) => Date.parse(s.gateway.startedAt) / 1000,
  ],
};

const counters: Readonly<Record<string, readonly [help: string, value: (status: GatewayStatus) => number]>> = {
  headgate_flow_received_messages_total: ['Messages that came in.', (s) => s.flow.received],
  headgate_flow_confirmed_messages_total: ['Messages confirmed to their source.', (s) => s.flow.confirmed],
  headgate_flow_refused_messages_total: ['Messages refused to their source.', (s) => s.flow.refused],
  headgate_flow_undecoded_messages_total: [
    'Messages kept raw, because nothing could decode them.',
    (s) => s.flow.undecoded,
  ],
  headgate_buffer_received_records_total: [
    'Records taken in since the data directory was made: delivered, waiting and dropped.',
    (s) => s.buffer.ledger.received,
  ],
  headgate_buffer_delivered_records_total: [
    'Records that the collector confirmed, since the data directory was made.',
    (s) => s.buffer.ledger.delivered,
  ],
  headgate_buffer_refused_records_total: [
    'Records refused because the disk failed, was full, or the gateway was stopping.',
    (s) => s.buffer.refused,
  ],
  headgate_buffer_commits_total: ['Commits of records to disk.', (s) => s.buffer.commits],
  headgate_uplink_acknowledged_records_total: [
    'Records that the collector confirmed.',
    (s) => s.uplink.acknowledgedRecords,
  ],
  headgate_uplink_wire_bytes_total: [
    "Bytes that went over the network, both ways, TLS and HTTP/2 included; TCP's and IP's own not.",
    (s) => s.uplink.wireBytes,
  ],
  headgate_uplink_acknowledged_bytes_total: ['Bytes of those records.', (s) => s.uplink.acknowledgedBytes],
  headgate_uplink_connections_total: ['Connections made to a collector.', (s) => s.uplink.connections],
  headgate_uplink_attempts_total: ['Attempts at a connection to a collector.', (s) => s.uplink.attempts],
  headgate_devices_unregistered_messages_total: [
    'Messages whose device could not be registered.',
    (s) => s.devices.unregisteredMessages,
  ],
  headgate_mqtt_connections_total: ['MQTT connections accepted.', (s) => s.mqtt.connectionsTotal],
  headgate_mqtt_duplicates_total: [
    'QoS 2 messages that came again and were not taken in again.',
    (s) => s.mqtt.duplicates,
  ],
  headgate_process_cpu_seconds_total: ['CPU time used, all threads.', (s) => s.process.cpuSeconds],
};

/** How many descriptors this process has open; 0 where the system does not tell (anything but Linux). */
function openDescriptors(): number {
  try {
    // One of them is the one by which the list is read.
    return readdirSync('/proc/self/fd').length - 1;
  } catch {
    // Not worth a failed scrape.
    return 0;
  }
}

/** Upper bounds, in seconds: from a fast disk's fsync to a bad SD card's. */
const commitBuckets = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** The gateway's numbers in Prometheus' text format. What the status knows is read from it when asked. */
export class Metrics {
  readonly #status: () => GatewayStatus;
  #snapshot: GatewayStatus | undefined;
  readonly #commits = new Histogram(
    'headgate_buffer_commit_seconds',
    'Time of a commit, fsync included.',
    commitBuckets,
  );
  readonly #canaries = new CanaryMetrics();
  #registry: Promise<Registry> | undefined;

  constructor(status: () => GatewayStatus) {
    this.#status = status;
  }

  /** Notes a commit of the buffer; called once a batch. */
  observeCommit(seconds: number): void {
    this.#commits.observe(seconds);
  }

  /** Notes a canary record that came back. */
  observeCanary(seconds: number): void {
    this.#canaries.observe(seconds);
  }

  /** The exposition, and the content type it has. */
  async text(): Promise<{ readonly body: string; readonly contentType: string }> {
    this.#registry ??= this.#build();
    const registry = await this.#registry;
    // All figures of one scrape are of one moment.
    this.#snapshot = this.#status();
    return {
      body: `${await registry.metrics()}${this.#commits.text()}${this.#canaries.text(this.#snapshot.uplink.canary)}${planMetrics(this.#snapshot.uplink.plan)}${profileMetrics(this.#snapshot.profiles)}${bridgeMetrics(this.#snapshot.bridges)}${serialMetrics(this.#snapshot.serial)}${modbusMetrics(this.#snapshot.modbus)}${historyMetrics(this.#snapshot.history)}${liveMetrics(this.#snapshot.live)}${alarmMetrics(this.#snapshot.alarms)}`,
      contentType: registry.contentType,
    };
  }

  /** prom-client is loaded by the first scrape: a gateway that nobody scrapes starts without it. */
  async #build(): Promise<Registry> {
    const { Counter, Gauge, Registry } = await import('prom-client');
    const registry = new Registry();
    const registers = [registry];
    const status = (): GatewayStatus => this.#snapshot ?? this.#status();
    for (const [name, [help, value]] of Object.entries(gauges)) {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(value(status()));
        },
      });
    }
    for (const [name, [help, value]] of Object.entries(counters)) {
      new Counter({
        name,
        help,
        registers,
        collect() {
          this.reset();
          this.inc(value(status()));
        },
      });
    }
    for (const { name, help, label, type, counts } of labelledFamilies) {
      const options = { name, help, labelNames: [label], registers };
      if (type === 'gauge') {
        new Gauge({
          ...options,
          collect() {
            for (const [value, count] of Object.entries(counts(status()))) this.set({ [label]: value }, count);
          },
        });
      } else {
        new Counter({
          ...options,
          collect() {
            this.reset();
            for (const [value, count] of Object.entries(counts(status()))) this.inc({ [label]: value }, count);
          },
        });
      }
    }
    for (const family of ruleFamilies) {
      const { name, help, labelNames } = family;
      const options = { name, help, labelNames: [...labelNames], registers };
      if (family.type === 'gauge') {
        new Gauge({
          ...options,
          collect() {
            // A rule that is gone has no series any more.
            this.reset();
            for (const [labels, value] of seriesOf(family, status())) this.set(labels, value);
          },
        });
      } else {
        new Counter({
          ...options,
          collect() {
            this.reset();
            for (const [labels, value] of seriesOf(family, status())) this.inc(labels, value);
          },
        });
      }
    }
    new Gauge({
      name: 'headgate_uplink_state',
      help: "The uplink's state: 1 for the one it is in.",
      registers,
      labelNames: ['state'],
      collect() {
        const { state } = status().uplink;
        for (const name of Object.keys(uplinkStates)) this.set({ state: name }, Number(name === state));
      },
    });
    new Gauge({
      name: 'headgate_build_info',
      help: 'Always 1; tells the version.',
      registers,
      labelNames: ['version', 'node'],
      collect() {
        this.set({ version: status().gateway.version, node: process.version }, 1);
      },
    });
    return registry;
  }
}
