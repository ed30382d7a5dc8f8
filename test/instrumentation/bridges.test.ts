import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bridgesText } from '../../src/cli/bridges-text.ts';
import { bridgeMetrics } from '../../src/instrumentation/bridge-metrics.ts';
import { composeStatus } from '../../src/instrumentation/status.ts';
import type { BridgeStatus } from '../../src/sources/bridge/status.ts';
import { healthyParts, someTimeMs } from '../support/status.ts';

const good: BridgeStatus = {
  name: 'plant',
  url: 'mqtt://10.0.0.5:1883',
  state: 'subscribed',
  reason: null,
  retryAt: null,
  refusedTopics: [],
  connections: 2,
  received: 12_345,
  inFlight: 3,
  duplicates: 4,
  retainedAgain: 5,
  echoes: 6,
  notTaken: 0,
  tooLarge: 0,
};
const refused: BridgeStatus = {
  ...good,
  name: 'hall',
  state: 'refused',
  reason: 'the broker does not accept the user or password',
  retryAt: '2026-11-25T12:00:00.000Z',
  received: 1,
  notTaken: 2,
  tooLarge: 3,
};
const half: BridgeStatus = { ...good, refusedTopics: [{ filter: 'secret/#', reason: 'the broker does not allow it' }] };

test('bridges are told of in the status for people, and nothing is said without any', () => {
  assert.equal(bridgesText([]), '');
  assert.equal(
    bridgesText([good, refused]),
    'plant subscribed, 12,345 messages; hall REFUSED, 1 message, not taken: 2, too large: 3, the broker does not accept the user or password',
  );
  assert.match(bridgesText([half]), /secret\/# is not heard: the broker does not allow it/);
});

test('a bridge has its figures by name, and one state at a time', () => {
  assert.equal(bridgeMetrics([]), '');
  const text = bridgeMetrics([good, refused]);
  for (const line of [
    'headgate_bridge_state{bridge="plant",state="subscribed"} 1',
    'headgate_bridge_state{bridge="plant",state="refused"} 0',
    'headgate_bridge_state{bridge="hall",state="refused"} 1',
    'headgate_bridge_received_messages_total{bridge="plant"} 12345',
    'headgate_bridge_in_flight_messages{bridge="plant"} 3',
    'headgate_bridge_duplicates_total{bridge="plant"} 4',
    'headgate_bridge_retained_again_total{bridge="plant"} 5',
    'headgate_bridge_echoes_total{bridge="plant"} 6',
    'headgate_bridge_not_taken_total{bridge="hall"} 2',
    'headgate_bridge_too_large_total{bridge="hall"} 3',
    'headgate_bridge_refused_topics{bridge="plant"} 0',
  ])
    assert.ok(text.includes(`${line}\n`), line);
  assert.equal(text.match(/^headgate_bridge_state\{.*\} 1$/gm)?.length, 2);
});

test('a bridge that is refused, or does not hear all, degrades the health', () => {
  const healthWith = (bridge: BridgeStatus) => composeStatus({ ...healthyParts, bridges: [bridge] }, someTimeMs).health;
  assert.equal(healthWith(good).state, 'ready');
  assert.equal(healthWith({ ...good, state: 'waiting', reason: 'nobody listens there' }).state, 'ready');
  assert.equal(healthWith(refused).state, 'degraded');
  assert.match(healthWith(refused).summary, /The bridge hall has no connection: the broker does not accept/);
  assert.match(healthWith(half).summary, /The bridge plant does not hear secret\/#: the broker does not allow it\./);
});
