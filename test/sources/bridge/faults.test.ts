import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, globSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Broker } from '../../support/broker.ts';
import { TestAuthority } from '../../support/certificates.ts';
import { mosquittoPub } from '../../support/mosquitto.ts';
import { TcpProxy } from '../../support/tcp-proxy.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { eventually } from '../../support/wait.ts';
import { BridgeSite } from './site.ts';

/** Mosquitto's own plugin that can refuse a subscription; its file of ACLs can't. */
function dynamicSecurity(): string {
  const [found] = globSync('/usr/lib/{*/,}mosquitto_dynamic_security.so');
  assert.ok(found !== undefined, 'the package mosquitto has no mosquitto_dynamic_security.so here');
  return found;
}

describe('a bridge', () => {
  it('says which credentials the broker refuses, and connects when they are right', async (t) => {
    const directory = tempDir(t);
    const passwords = join(directory, 'passwords');
    const file = join(directory, 'password');
    spawnSync('mosquitto_passwd', ['-b', '-c', passwords, 'headgate', 'right']);
    chmodSync(passwords, 0o644);
    writeFileSync(file, 'wrong\n');
    const broker = await Broker.start(t, ['allow_anonymous false', `password_file ${passwords}`]);
    for (const protocol of [5, '3.1.1'] as const) {
      writeFileSync(file, 'wrong\n');
      const credentials = { username: 'headgate', passwordFile: file };
      const site = await BridgeSite.start(t, broker.port, { protocol, ...credentials });
      await eventually('a refusal', () => site.status.state === 'refused');
      assert.match(site.status.reason ?? '', /^the broker (does not accept|does not let)[^.]*`passwordFile`/);
      assert.ok(!Number.isNaN(Date.parse(site.status.retryAt ?? '')));
      writeFileSync(file, 'right\n');
      await site.subscribed();
      await site.stop();
    }
  });

  it('names the filters that the broker does not allow, and hears the others', async (t) => {
    const directory = tempDir(t);
    const security = join(directory, 'security.json');
    const acls = [{ acltype: 'subscribePattern', topic: 'secret/#', priority: 1, allow: false }];
    const allowed = { publishClientSend: true, publishClientReceive: true, subscribe: true, unsubscribe: true };
    writeFileSync(
      security,
      JSON.stringify({
        defaultACLAccess: allowed,
        clients: [],
        groups: [{ groupname: 'anybody', roles: [{ rolename: 'anybody' }] }],
        roles: [{ rolename: 'anybody', acls }],
        anonymousGroup: 'anybody',
      }),
    );
    const plugin = [`plugin ${dynamicSecurity()}`, `plugin_opt_config_file ${security}`];
    const broker = await Broker.start(t, ['allow_anonymous true', ...plugin]);
    const topics = [
      { filter: 'secret/#', qos: 1 },
      { filter: 'kiln/#', qos: 1 },
    ] as const;
    for (const [protocol, reason] of [
      [5, 'the broker does not allow it to this user'],
      ['3.1.1', 'the broker does not allow it'],
    ] as const) {
      const site = await BridgeSite.start(t, broker.port, { protocol, topics: [...topics], clientId: `v${protocol}` });
      await site.subscribed();
      assert.deepEqual(site.status.refusedTopics, [{ filter: 'secret/#', reason }]);
      await mosquittoPub(broker.port, ['-t', 'kiln/1', '-m', '21', '-q', '1']);
      await eventually('a record', () => site.records.length === 1);
    }
  });

  it('says when its certificate or key is none, and goes on', async (t) => {
    const directory = tempDir(t);
    const file = join(directory, 'no.pem');
    writeFileSync(file, 'this is no certificate');
    const broker = await Broker.start(t);
    const url = `mqtts://localhost:${broker.port}`;
    const site = await BridgeSite.start(t, broker.port, { url, tls: { certificate: file, key: file } });
    await eventually('a refusal', () => site.status.state === 'refused');
    const missing = await BridgeSite.start(t, broker.port, { url, tls: { ca: join(directory, 'missing.pem') } });
    await eventually('a refusal', () => missing.status.state === 'refused');
    assert.match(missing.status.reason ?? '', /`bridges.plant.tls.ca`.*missing.pem/);
  });

  it('trusts a broker by its authority, and says when it does not', async (t) => {
    const directory = tempDir(t);
    const authority = await TestAuthority.make();
    const { certificate, key } = await authority.sign();
    const files = { ca: join(directory, 'ca.pem'), cert: join(directory, 'cert.pem'), key: join(directory, 'key.pem') };
    writeFileSync(files.ca, authority.certificate);
    writeFileSync(files.cert, certificate);
    writeFileSync(files.key, key, { mode: 0o644 });
    const tls = [`cafile ${files.ca}`, `certfile ${files.cert}`, `keyfile ${files.key}`];
    const broker = await Broker.start(t, [...tls, 'allow_anonymous true']);
    const url = `mqtts://localhost:${broker.port}`;
    const stranger = await BridgeSite.start(t, broker.port, { url });
    await eventually('a refusal', () => stranger.status.state === 'refused');
    assert.match(stranger.status.reason ?? '', /certificate is signed by somebody.*`tls.ca`/);
    const site = await BridgeSite.start(t, broker.port, { url, clientId: 'other', tls: { ca: files.ca } });
    await site.subscribed();
    assert.equal(site.status.connections, 1);
  });

  it('loses nothing and records nothing twice when the network is cut again and again', async (t) => {
    const broker = await Broker.start(t);
    const proxy = await TcpProxy.start(t, broker.port);
    const site = await BridgeSite.start(t, proxy.port, { topics: [{ filter: '#', qos: 2 }] });
    await site.subscribed();
    const values = Array.from({ length: 400 }, (_, index) => `${index}`);
    const publishing = [1, 2].map((qos) =>
      mosquittoPub(broker.port, ['-t', `kiln/${qos}`, '-q', `${qos}`, '-l'], Buffer.from(`${values.join('\n')}\n`)),
    );
    for (let cut = 0; cut < 5; cut++) {
      const { connections } = site.status;
      await proxy.set({ kind: 'refuse' });
      await proxy.set({ kind: 'none' });
      await eventually('another connection', () => site.status.connections > connections);
      await site.subscribed();
    }
    await Promise.all(publishing);
    await eventually('all records', () => site.records.length >= 800);
    const expected = [1, 2].flatMap((qos) => values.map((value) => `kiln/${qos} ${value}`));
    assert.deepEqual(site.records.toSorted(), expected.toSorted());
  });

  it('gets from a broker that was restarted what it had not acknowledged', async (t) => {
    const broker = await Broker.start(t);
    const site = await BridgeSite.start(t, broker.port);
    await site.subscribed();
    site.isHolding = true;
    await mosquittoPub(broker.port, ['-t', 'kiln', '-q', '1', '-l'], Buffer.from('1\n2\n3\n'));
    await eventually('three on their way', () => site.held.length === 3);
    await broker.stop();
    await eventually('the bridge to wait', () => site.status.state === 'waiting');
    assert.equal(site.status.refusedTopics.length, 0);
    site.release();
    await broker.run();
    await site.subscribed();
    await eventually('the copies', () => site.status.duplicates === 3);
    assert.deepEqual(site.records, ['kiln 1', 'kiln 2', 'kiln 3']);
  });

  it('makes the broker wait while nothing becomes durable, within its bound', async (t) => {
    for (const protocol of [5, '3.1.1'] as const) {
      const broker = await Broker.start(t, ['allow_anonymous true', 'max_inflight_messages 0']);
      const site = await BridgeSite.start(t, broker.port, { protocol, maxInFlight: 10 });
      await site.subscribed();
      site.isHolding = true;
      const values = Array.from({ length: 100 }, (_, index) => `${index}`);
      await mosquittoPub(broker.port, ['-t', 'kiln', '-q', '1', '-l'], Buffer.from(`${values.join('\n')}\n`));
      // An MQTT 5 broker sends no more than it may; of another one a message more is read, and then nothing.
      const most = protocol === 5 ? 10 : 11;
      await eventually('as many as there may be', () => site.held.length === most);
      await mosquittoPub(broker.port, ['-t', 'other', '-q', '1', '-m', 'x']);
      assert.equal(site.held.length, most);
      assert.equal(site.status.inFlight, most);
      site.release();
      await eventually('the rest', () => site.records.length === 101);
      await site.stop();
    }
  });

  it('has a message sent again that the buffer refused', async (t) => {
    const broker = await Broker.start(t);
    const site = await BridgeSite.start(t, broker.port);
    await site.subscribed();
    site.isHolding = true;
    await mosquittoPub(broker.port, ['-t', 'kiln', '-q', '1', '-l'], Buffer.from('1\n2\n'));
    await eventually('both on their way', () => site.held.length === 2);
    const [first, second] = site.held.splice(0);
    site.isHolding = false;
    site.record(second!.message, second!.bearer);
    first!.bearer.refused(new Error('the disk is full'));
    await eventually('it again', () => site.records.length === 2);
    assert.deepEqual(site.records, ['kiln 2', 'kiln 1']);
    assert.equal(site.status.notTaken, 1);
  });

  it('does not take its own gateway for a broker', async (t) => {
    const broker = await Broker.start(t);
    const site = await BridgeSite.start(t, broker.port, {}, (one) => {
      one.ownBroker = `127.0.0.1:${broker.port}`;
    });
    await eventually('a refusal', () => site.status.state === 'refused');
    assert.match(site.status.reason ?? '', /own broker/);
  });
});
