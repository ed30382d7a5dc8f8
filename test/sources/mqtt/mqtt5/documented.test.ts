// What the README says of MQTT 5 is shown: each row of its table by tests that are there.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../../../..');
const mqtt5 = 'test/sources/mqtt/mqtt5';
const delivery = `${mqtt5}/delivery.test.ts`;
const hostile = `${mqtt5}/hostile.test.ts`;
const independent = `${mqtt5}/independent.test.ts`;
const reasons = `${mqtt5}/reasons.test.ts`;
const sessions = `${mqtt5}/sessions.test.ts`;

/** File and title of what shows each row. */
const shownBy: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  'Session Expiry': [
    [sessions, 'a session lives as long as its client asked, counted in operating time, and no longer'],
    [delivery, 'CONNACK tells what there is, and what the client may send'],
    [sessions, 'DISCONNECT may change how long the session lives, but not begin one'],
    [sessions, 'a session is there without a subscription; Clean Start forgets it'],
    [sessions, 'a second connection takes the session over: the first is told, and nothing is lost'],
  ],
  'offline queues': [
    [sessions, 'what waits for who is away survives a crash with its order, its bounds and its QoS'],
    [hostile, 'many small messages that waited are sent as they are read, however little may wait in the socket'],
  ],
  wills: [
    [sessions, 'wills: at once, delayed, never later than the session, and not for who is back'],
    ['test/sources/mqtt/lifetime.test.ts', 'a delayed will waits for its client after a crash'],
    ['test/sources/mqtt/access.test.ts', 'a will is held to what its client may publish'],
  ],
  'Message Expiry': [
    [delivery, 'a message’s remaining time is told, and what has expired is not delivered, whatever the clock says'],
  ],
  'topic aliases': [
    [delivery, 'topic aliases: taken up to the maximum, scoped to the connection; given up to the client’s'],
    [hostile, 'aliases for long topics and floods of user properties end their connection'],
  ],
  'Maximum Packet Size': [
    [reasons, 'what MQTT 5 forbids ends the connection with a reason, and no other connection'],
    [delivery, 'a packet larger than the client takes is left out, for this client, and counted'],
    [delivery, 'CONNACK tells what there is, and what the client may send'],
  ],
  'Receive Maximum': [
    [delivery, 'what a client has under way stays within its Receive Maximum, for QoS 1 and 2 and for what waited'],
    [hostile, 'who never acknowledges has no more under way than the window, and keeps no others of its group waiting'],
  ],
  'Server Keep Alive': [
    [delivery, 'CONNACK tells what there is, and what the client may send'],
    [reasons, 'keep alive: a silent client is told that it was silent for too long'],
  ],
  'Subscription Identifiers': [[delivery, 'one copy for all subscriptions that match: the best QoS, every identifier']],
  'No Local, Retain As Published, Retain Handling': [
    [delivery, 'retain handling, retain as published, no local'],
    [hostile, 'who asks for all retained messages again and again, and does not read'],
  ],
  'shared subscriptions': [
    [delivery, 'a shared subscription gives each message to one member, evenly'],
    [delivery, 'of a shared subscription, members that are away get messages only when nobody is here'],
  ],
  'refused subscriptions': [[reasons, 'a filter that is not granted says why, and the others of its SUBSCRIBE are']],
  'request and response': [
    [independent, 'MQTT 5 as paho sees it'],
    [delivery, 'CONNACK tells what there is, and what the client may send'],
  ],
  'User Properties, Content Type, Payload Format': [
    [
      delivery,
      'all that a publisher says of a message reaches MQTT 5 subscribers, live, queued over a crash, and retained',
    ],
    [hostile, 'what huge properties take counts, in queues and among retained messages'],
    [reasons, 'a payload that is said to be UTF-8 and is not is refused, and its client stays'],
  ],
  'reason codes': [
    [reasons, 'what MQTT 5 forbids ends the connection with a reason, and no other connection'],
    [reasons, 'a CONNECT that can’t be has a reason too'],
    [reasons, 'a gateway that stops says so'],
  ],
  'how much': [
    [
      'test/sources/mqtt/limits.test.ts',
      'one principal has so many connections; who takes their own one over needs no other',
    ],
    [
      'test/sources/mqtt/limits.test.ts',
      'mosquitto_pub over its rate takes longer; whoever is not heard because of it is not taken for dead',
    ],
  ],
  WebSocket: [
    ['test/api/mqtt-upgrade.test.ts', 'a client that comes by WebSocket is a client like any other, in every version'],
    ['test/api/mqtt-upgrade.test.ts', 'who may open a WebSocket, and where'],
  ],
  'measurement topics': [
    ['test/sources/mqtt/own-topics.test.ts', 'a measurement is told on its device’s topic, whatever it came by'],
    ['test/sources/mqtt/own-topics.test.ts', 'a session that is kept gets the measurements that it missed'],
    ['test/sources/mqtt/own-topics.test.ts', 'nobody but the gateway speaks on its topics'],
  ],
  'not there': [[reasons, 'a CONNECT that can’t be has a reason too']],
};

test('each row of the README’s table of MQTT 5 is shown by tests, and no other', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const [, table = ''] = /^What MQTT 5 has[^|]*((?:\|.*\n)+)/m.exec(readme) ?? [];
  const rows = [...table.matchAll(/^\| ([^|]+?) \|/gm)].map(([, row]) => row!);
  assert.deepEqual(rows, Object.keys(shownBy));
  for (const [row, tests] of Object.entries(shownBy)) {
    for (const [file, title] of tests) {
      const isThere = readFileSync(join(root, file), 'utf8').includes(`\ntest('${title}`);
      assert.ok(isThere, `${row}: ${file} has no test ${title}`);
    }
  }
});
