import type { BridgeStatus } from '../sources/bridge/status.ts';

type Figure = readonly [name: string, type: 'counter' | 'gauge', help: string, value: (bridge: BridgeStatus) => number];

/** Every state, so that its series is there before it first happens; the type sees to it that none is forgotten. */
const states: Readonly<Record<BridgeStatus['state'], true>> = {
  connecting: true,
  connected: true,
  subscribed: true,
  waiting: true,
  refused: true,
};

const figures: readonly Figure[] = [
  ['connections_total', 'counter', 'Connections that the broker accepted.', (b) => b.connections],
  ['received_messages_total', 'counter', 'Messages that came from the broker.', (b) => b.received],
  ['in_flight_messages', 'gauge', 'Messages on their way to the disk.', (b) => b.inFlight],
  ['duplicates_total', 'counter', 'Messages that came again and were not taken in again.', (b) => b.duplicates],
  ['retained_again_total', 'counter', 'Retained messages that had been taken in before.', (b) => b.retainedAgain],
  ['echoes_total', 'counter', 'Messages that this gateway had published itself.', (b) => b.echoes],
  ['not_taken_total', 'counter', 'Messages that the buffer refused.', (b) => b.notTaken],
  ['too_large_total', 'counter', 'Messages left out because they are too large.', (b) => b.tooLarge],
  ['refused_topics', 'gauge', 'Filters that the broker does not allow.', (b) => b.refusedTopics.length],
];

/** How bridges stand, in Prometheus' text format: a series for each bridge. Nothing without bridges. */
export function bridgeMetrics(bridges: readonly BridgeStatus[]): string {
  if (bridges.length === 0) return '';
  const standing = bridges.flatMap(({ name, state }) =>
    Object.keys(states).map((one) => `{bridge="${name}",state="${one}"} ${Number(one === state)}`),
  );
  return [
    family('state', 'gauge', "The bridge's state: 1 for the one it is in.", standing),
    ...figures.map(([name, type, help, value]) =>
      family(
        name,
        type,
        help,
        bridges.map((bridge) => `{bridge="${bridge.name}"} ${value(bridge)}`),
      ),
    ),
  ].join('');
}

function family(name: string, type: 'counter' | 'gauge', help: string, series: readonly string[]): string {
  const full = `headgate_bridge_${name}`;
  return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n${series.map((one) => `${full}${one}\n`).join('')}`;
}
