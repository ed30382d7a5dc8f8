import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allows } from '../../src/auth/allows.ts';
import { permissionsOf } from '../../src/auth/scopes.ts';
import { type Action, localPrincipal, nobody, type Principal } from '../../src/core/principal.ts';
import { filterCovers, topicMatches } from '../../src/lib/topic-filter.ts';
import { randomOf } from '../support/random.ts';

function withScopes(...scopes: string[]): Principal {
  const may = permissionsOf(scopes);
  assert.ok(typeof may !== 'string', String(may));
  return { id: 'p', kind: 'program', name: 'p', may };
}

/** Columns of the table, in this order. */
const principals: readonly Principal[] = [
  localPrincipal,
  nobody,
  withScopes('read'),
  withScopes('publish:#', 'subscribe:#'),
  withScopes('publish:plant/+/temp', 'subscribe:plant/+/temp', 'subscribe:line/#'),
  withScopes('read:device/shelly:*', 'command:shelly:*'),
  withScopes('read:device/*', 'command:*', 'publish:headgate/devices/+/commands/+/result', 'subscribe:$SYS/#'),
];

/** The scope of the columns: local, nobody, read, `#`, plant, shelly, devices. `1` is allowed. */
const table: Readonly<Record<Action['kind'], readonly (readonly [what: string, allowed: string])[]>> = {
  publish: [
    ['plant/1/temp', '1001100'],
    ['plant/1', '1001000'],
    ['plant//temp', '1001100'],
    ['plant/1/temp/x', '1001000'],
    ['other', '1001000'],
    ['/', '1001000'],
    ['$SYS/x', '1000000'],
    ['$share', '1000000'],
    // In the gateway's name: only for whoever is allowed that by name.
    ['headgate/status', '1000000'],
    ['headgate', '1001000'],
    ['headgatex/status', '1001000'],
    ['headgate/devices/shelly:1/measurements', '1000000'],
    ['headgate/devices/shelly:1/commands', '1000011'],
    ['headgate/devices/shelly:1/x/commands', '1000011'],
    ['headgate/devices/esp:1/commands', '1000001'],
    ['headgate/devices/shelly:1/commands/7/result', '1000001'],
    ['headgate/devices//commands', '1000001'],
  ],
  subscribe: [
    ['#', '1011000'],
    ['+', '1011000'],
    ['+/#', '1011000'],
    ['plant/#', '1011000'],
    ['plant/+/temp', '1011100'],
    ['plant/1/temp', '1011100'],
    ['plant/1/+', '1011000'],
    ['plant/+/temp/#', '1011000'],
    ['line', '1011100'],
    ['line/#', '1011100'],
    ['line/+', '1011100'],
    ['line/1/2/3', '1011100'],
    ['lines', '1011000'],
    ['+/1', '1011000'],
    ['$SYS/#', '1000001'],
    ['$SYS/broker', '1000001'],
    ['$other/#', '1000000'],
    ['$share/g/line/+', '1011100'],
    ['$share/g/#', '1011000'],
    ['$share/g/$SYS/#', '1000001'],
    ['headgate/#', '1011000'],
    ['headgate/devices/shelly:1/measurements', '1011011'],
    ['headgate/devices/shelly:1/commands', '1011011'],
    ['headgate/devices/shelly:1/commands/+/result', '1011011'],
    ['headgate/devices/shelly:1/commands/7/result', '1011011'],
    ['$share/g/headgate/devices/shelly:1/measurements', '1011011'],
    // A filter that ends so would match the topics of `shelly:1/x`, too.
    ['headgate/devices/shelly:1/#', '1011000'],
    ['headgate/devices/shelly:1/+', '1011000'],
    ['headgate/devices/+/measurements', '1011001'],
    ['headgate/devices/+/commands/+/result', '1011001'],
    ['headgate/devices/esp:1/measurements', '1011001'],
    ['headgate/status', '1011000'],
  ],
  receive: [
    ['plant/1/temp', '1011100'],
    ['plant/1/hum', '1011000'],
    ['line', '1011100'],
    ['line/1/2', '1011100'],
    ['$SYS/broker/uptime', '1000001'],
    ['headgate/devices/shelly:1/measurements', '1011011'],
    ['headgate/devices/shelly:1/2/measurements', '1011011'],
    ['headgate/devices/esp:1/measurements', '1011001'],
    ['headgate/devices/esp:1/commands/7/result', '1011001'],
    ['headgate/devices/esp:1/else', '1011000'],
    ['headgate/status', '1011000'],
  ],
  read: [
    ['', '1010000'],
    ['shelly:1', '1010011'],
    ['shelly:', '1010011'],
    ['esp:1', '1010001'],
    ['Shelly:1', '1010001'],
    ['constructor', '1010001'],
  ],
  command: [
    ['shelly:1', '1000011'],
    ['esp:1', '1000001'],
    ['shelly', '1000001'],
  ],
  acknowledge: [
    ['', '1000000'],
    ['shelly:1', '1000011'],
    ['esp:1', '1000001'],
  ],
  admin: [['', '1000000']],
};

function actionOf(kind: Action['kind'], what: string): Action {
  switch (kind) {
    case 'publish':
    case 'receive':
      return { kind, topic: what };
    case 'subscribe':
      return { kind, filter: what };
    case 'read':
    case 'acknowledge':
      return what === '' ? { kind } : { kind, deviceId: what };
    case 'command':
      return { kind, deviceId: what };
    case 'admin':
      return { kind };
  }
}

test('who may do what', () => {
  let rows = 0;
  for (const [kind, lines] of Object.entries(table) as [Action['kind'], (typeof table)['read']][]) {
    for (const [what, allowed] of lines) {
      const found = principals.map((one) => (allows(one, actionOf(kind, what)) ? '1' : '0')).join('');
      assert.equal(found, allowed, `${kind} ${what}`);
      rows += found.length;
    }
  }
  assert.ok(rows > 400, String(rows));
});

test('what a granted filter covers is all that the asked one matches', () => {
  const random = randomOf(7).next;
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!;
  const levels = ['a', 'b', '', '+', '$x'];
  const filter = (): string => {
    const parts = Array.from({ length: 1 + Math.floor(random() * 3) }, () => pick(levels));
    if (random() < 0.3) parts.push('#');
    return parts.join('/');
  };
  const topics = ['a', 'b', '', '$x'].flatMap((one) => [
    one,
    ...['a', 'b', '', '$x'].flatMap((two) => [
      `${one}/${two}`,
      ...['a', 'b', ''].map((three) => `${one}/${two}/${three}`),
    ]),
  ]);
  let covered = 0;
  for (let i = 0; i < 20_000; i++) {
    const [wide, narrow] = [filter(), filter()];
    const isCovered = filterCovers(wide, narrow);
    const counter = topics.find((topic) => topicMatches(narrow, topic) && !topicMatches(wide, topic));
    if (isCovered) {
      covered++;
      assert.equal(counter, undefined, `${wide} covers ${narrow}, but not ${counter}`);
    }
    assert.ok(filterCovers(wide, wide), wide);
  }
  assert.ok(covered > 500, String(covered));
});

test('what is no scope is told in a sentence', () => {
  const rows: [scope: string, says: RegExp][] = [
    ['', /There is no scope/],
    ['Admin', /There is no scope/],
    ['admin:x', /There is no scope/],
    ['read:', /There is no scope/],
    ['read:device/', /There is no scope/],
    ['read:devices/x', /There is no scope/],
    ['command', /There is no scope/],
    ['command:', /There is no scope/],
    ['publish', /There is no scope/],
    ['publish:', /but a topic filter has at least one/],
    ['publish:a/#/b', /but `#` can only be the last/],
    ['subscribe:a+', /must each fill a level/],
    ['subscribe:$share/g/a', /needs no \$share/],
    ['__proto__', /There is no scope/],
    [`read:device/${'x'.repeat(1_000)}`, /at most 1,000/],
    ['read:device/a\nb', /one line/],
  ];
  for (const [scope, says] of rows) assert.match(String(permissionsOf([scope])), says, scope);
  assert.match(String(permissionsOf(Array(101).fill('read'))), /100 scopes/);
});
