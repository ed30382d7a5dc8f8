// What one principal may send, and how many connections they may have.
import assert from 'node:assert/strict';
import { mock, type TestContext, test } from 'node:test';
import { localPrincipal, type Principal } from '../../../src/core/principal.ts';
import { silentLog } from '../../../src/lib/log.ts';
import { Load } from '../../../src/load/load.ts';
import type { LimitsOptions } from '../../../src/load/options.ts';
import type { MqttAccess } from '../../../src/sources/mqtt/gate.ts';
import { MemoryDisk } from '../../support/memory-shelf.ts';
import { mosquittoPub } from '../../support/mosquitto.ts';
import { openAccess } from '../../support/open-access.ts';
import { eventually } from '../../support/wait.ts';
import { publish, Site } from './site.ts';

const limits: LimitsOptions = {
  ...{ requestsPerSecond: 0, messagesPerSecond: 10, bytesPerSecond: 0, burst: 1_000 },
  ...{ connectionsPerCaller: 0, connectionsPerAddress: 0, maxDelay: 250 },
};

/** Clients are who their user name says; without one, this machine. */
const byName: MqttAccess = {
  ...openAccess,
  of: async ({ username }) => ({ kind: 'in', principal: username === undefined ? localPrincipal : device(username) }),
};

function device(name: string): Principal {
  return { id: name, kind: 'device', name, may: { ...localPrincipal.may } };
}

async function limited(t: TestContext, options: Partial<LimitsOptions>, now = () => performance.now()) {
  const load = new Load({
    options: { ...limits, ...options },
    pendingShare: () => 0,
    isFull: () => false,
    now,
    log: silentLog,
  });
  const site = await Site.on(t, new MemoryDisk(), {}, byName, undefined, load);
  return { load, site };
}

for (const qos of [0, 1, 2] as const) {
  test(`who sends more than they may is read from more slowly, and loses nothing: QoS ${qos}`, async (t) => {
    let nowMs = 0;
    const { site, load } = await limited(t, {}, () => nowMs);
    const other = await site.connect('other', 5);
    mock.timers.enable({ apis: ['setTimeout'] });
    t.after(() => mock.timers.reset());
    const client = await site.connect('c', 5, { username: 'plug' });
    const second = await site.connect('d', 4, { username: 'plug' });
    const pass = (ms: number): void => {
      for (let left = ms; left > 0; left -= 100) {
        nowMs += 100;
        mock.timers.tick(100);
      }
    };
    const messages = Array.from({ length: 30 }, (_, n) => publish(qos, n + 1, `${n}`));
    client.send(...messages);
    await eventually('what was read at once', () => site.records.length === 30);
    client.send(publish(qos, 31, '30'), { cmd: 'pingreq' });
    // Whoever it is, by whatever connection: 20 were too many, and this is one more.
    second.send(publish(qos, 1, 'second'));
    await eventually('the second connection’s', () => site.records.length === 31);
    second.send(publish(qos, 2, 'third'));
    for (let n = 0; n < 5; n++) await other.ping();
    pass(1_900);
    for (let n = 0; n < 5; n++) await other.ping();
    assert.equal(site.records.length, 31);
    pass(100);
    await client.take('pingresp');
    assert.equal(site.payloads.at(-1), '30');
    pass(1_000);
    await eventually('the last', () => site.records.length === 33);
    assert.equal(load.status().limited.messages, 20 + 3);
    await Promise.all([client.drop(), second.drop(), other.drop()]);
    if (qos === 1) assert.equal(client.commands.filter((command) => command === 'puback').length, 31);
  });
}

test('one principal has so many connections; who takes their own one over needs no other', async (t) => {
  const { site, load } = await limited(t, { connectionsPerCaller: 2, messagesPerSecond: 0 });
  const codeOf = async (id: string, username: string | undefined, version: 4 | 5) => {
    const client = await site.connect(id, version, username === undefined ? {} : { username });
    const { returnCode, reasonCode } = client.connack as { returnCode?: number; reasonCode?: number };
    const code = version === 5 ? reasonCode : returnCode;
    if (code !== 0) {
      await client.ended();
      assert.deepEqual(client.commands, ['connack']);
    }
    return { code, client };
  };
  const first = await codeOf('a', 'plug', 5);
  const rows: [id: string, username: string | undefined, version: 4 | 5, code: number][] = [
    ['b', 'plug', 4, 0],
    ['c', 'plug', 5, 0x97],
    ['c', 'plug', 4, 3],
    ['a', 'plug', 5, 0],
    ['b', 'plug', 5, 0],
    ['c', 'plug', 5, 0x97],
    ['d', 'lamp', 5, 0],
    ['e', undefined, 5, 0],
    ['f', undefined, 5, 0],
    ['g', undefined, 5, 0],
  ];
  for (const [id, username, version, code] of rows)
    assert.equal((await codeOf(id, username, version)).code, code, JSON.stringify([id, username, version]));
  await first.client.ended();
  const again = await codeOf('a', 'plug', 5);
  await site.lose(again.client);
  assert.equal((await codeOf('c', 'plug', 5)).code, 0);
  assert.equal(site.source.status().refused['too-many-connections'], 3);
  assert.equal(load.status().limited.connections, 3);
});

test('mosquitto_pub over its rate takes longer; whoever is not heard because of it is not taken for dead', async (t) => {
  const { site, load } = await limited(t, { messagesPerSecond: 200, burst: 250 });
  // 400 too many: that is longer than one and a half times its keepalive.
  const unheard = await site.connect('c', 5, { keepalive: 1, username: 'lamp' });
  unheard.send(...Array.from({ length: 450 }, () => publish(0, 0, 'lamp')));
  await eventually('its messages', () => site.records.length === 450);
  unheard.send({ cmd: 'pingreq' });
  const began = performance.now();
  const lines = Array.from({ length: 300 }, (_, n) => `${n}\n`).join('');
  await mosquittoPub(site.port, ['-u', 'plug', '-q', '1', '-t', 'a', '-l'], Buffer.from(lines));
  // 50 at once, 250 at 200 a second; the last of them is acknowledged before it is paid off.
  assert.ok(performance.now() - began > 1_000, `${performance.now() - began}`);
  assert.deepEqual(site.payloads.slice(450), lines.trim().split('\n'));
  assert.ok(load.status().limited.messages > 0);
  await unheard.take('pingresp', 5_000);
  assert.ok(performance.now() - began > 1_500, `${performance.now() - began}`);
  const { refused, connectionsTotal } = site.source.status();
  assert.deepEqual([Object.values(refused).reduce((sum, n) => sum + n, 0), connectionsTotal], [0, 2]);
});
