import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Broker } from '../../support/broker.ts';
import { keep, TestAuthority } from '../../support/certificates.ts';
import { mosquittoPub } from '../../support/mosquitto.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { eventually } from '../../support/wait.ts';
import { webSocketWay } from '../../support/web-socket-broker.ts';
import { BridgeSite } from './site.ts';

const say = (broker: Broker, payload: string): Promise<void> =>
  mosquittoPub(broker.port, ['-t', 'kiln', '-q', '1', '-m', payload]);

/** What an authority has signed for a broker of these names, and for a gateway, as files. */
async function certificates(t: TestContext, names?: readonly string[]) {
  const directory = tempDir(t);
  const authority = await TestAuthority.make();
  const ca = join(directory, 'ca.pem');
  writeFileSync(ca, authority.certificate);
  const pair = await authority.sign(names && { names });
  const broker = keep(directory, 'broker', pair);
  const gateway = keep(directory, 'gateway', await authority.sign({ commonName: 'gateway-7' }));
  return { ca, broker, gateway, pair };
}

describe('a bridge', () => {
  for (const protocol of [5, '3.1.1'] as const) {
    it(`goes to its broker by WebSocket over MQTT ${protocol}, and comes back when that is cut`, async (t) => {
      const broker = await Broker.start(t);
      const way = await webSocketWay(t, broker.port);
      const url = `ws://127.0.0.1:${way.port}/mqtt`;
      const site = await BridgeSite.start(t, way.port, { url, protocol });
      await site.subscribed();
      await say(broker, '1');
      await eventually('a record', () => site.records.length === 1);
      site.isHolding = true;
      await say(broker, '2');
      await eventually('it on its way', () => site.held.length === 1);
      way.cut();
      await eventually('another connection', () => site.status.connections === 2);
      site.release();
      await site.subscribed();
      await eventually('the copy', () => site.status.duplicates === 1);
      assert.deepEqual(site.records, ['kiln 1', 'kiln 2']);
    });
  }

  it('trusts a broker by WebSocket over TLS by its authority, and by the name that it is told', async (t) => {
    const { ca, pair } = await certificates(t, ['broker.example.org']);
    const broker = await Broker.start(t);
    const way = await webSocketWay(t, broker.port, pair);
    const url = `wss://localhost:${way.port}/mqtt`;
    for (const [tls, reason] of [
      [{}, /signed by somebody.*`tls\.ca`/],
      [{ ca }, /is for another name.*`tls\.serverName`/],
    ] as const) {
      const site = await BridgeSite.start(t, way.port, { url, tls });
      await eventually('a refusal', () => site.status.state === 'refused');
      assert.match(site.status.reason!, reason);
      await site.stop();
    }
    const site = await BridgeSite.start(t, way.port, { url, tls: { ca, serverName: 'broker.example.org' } });
    await site.subscribed();
    await say(broker, '1');
    await eventually('a record', () => site.records.length === 1);
  });

  it('says what is wrong with a WebSocket that is none, or that leads to its own gateway', async (t) => {
    const broker = await Broker.start(t);
    const way = await webSocketWay(t, broker.port);
    const wrong = await BridgeSite.start(t, way.port, { url: `ws://127.0.0.1:${way.port}/other` });
    await eventually('it to wait', () => wrong.status.reason !== null);
    assert.match(wrong.status.reason!, /no WebSocket.*400.*`url`/);
    const own = await BridgeSite.start(t, way.port, { url: `ws://127.0.0.1:${way.port}/mqtt` }, (site) => {
      site.ownBroker = `127.0.0.1:${way.port}`;
    });
    await eventually('a refusal', () => own.status.state === 'refused');
    assert.match(own.status.reason!, /own broker/);
  });

  it('shows the certificate that its broker asks for, and says when it lacks one', async (t) => {
    const { ca, broker: server, gateway } = await certificates(t);
    const lines = [`cafile ${ca}`, `certfile ${server.certificate}`, `keyfile ${server.key}`];
    const asks = ['require_certificate true', 'use_identity_as_username true', 'allow_anonymous false'];
    const broker = await Broker.start(t, [...lines, ...asks]);
    const url = `mqtts://localhost:${broker.port}`;
    const stranger = await BridgeSite.start(t, broker.port, { url, tls: { ca } });
    await eventually('it to be let in nowhere', () => stranger.status.reason !== null);
    assert.match(stranger.status.reason!, /wants a certificate.*`tls\.certificate`/);
    assert.equal(stranger.status.state, 'refused');
    const site = await BridgeSite.start(t, broker.port, { url, clientId: 'known', tls: { ca, ...gateway } });
    await site.subscribed();
    assert.match(broker.log, /New client connected from .* as known \(.*u'gateway-7'\)/);
  });

  it('stays connected while nothing becomes durable for several keepalives', async (t) => {
    const broker = await Broker.start(t, ['allow_anonymous true', 'max_inflight_messages 0']);
    const sites = await Promise.all(
      ([5, '3.1.1'] as const).map((protocol) =>
        BridgeSite.start(t, broker.port, { protocol, maxInFlight: 5, keepalive: 1_000, clientId: `v${protocol}` }),
      ),
    );
    await Promise.all(sites.map((site) => site.subscribed()));
    for (const site of sites) site.isHolding = true;
    const values = Array.from({ length: 50 }, (_, index) => `${index}`);
    await mosquittoPub(broker.port, ['-t', 'kiln', '-q', '1', '-l'], Buffer.from(`${values.join('\n')}\n`));
    await eventually('as many as there may be', () => sites.every((site) => site.held.length >= 5));
    // Longer than MQTT.js waits for a PINGRESP, and longer than the broker waits for a PINGREQ.
    await delay(2_600);
    for (const site of sites) {
      assert.deepEqual([site.status.state, site.status.connections], ['subscribed', 1]);
      site.release();
      await eventually('the rest', () => site.records.length === 50);
      assert.equal(site.status.duplicates, 0);
    }
  });
});
