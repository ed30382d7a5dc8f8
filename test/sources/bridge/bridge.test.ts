import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { BridgeOptions } from '../../../src/sources/bridge/options.ts';
import { Broker } from '../../support/broker.ts';
import { mosquittoPub } from '../../support/mosquitto.ts';
import { eventually } from '../../support/wait.ts';
import { BridgeSite } from './site.ts';

const many = (count: number, from = 0): string[] => Array.from({ length: count }, (_, index) => `${from + index}`);
const lines = (values: readonly string[]): Buffer => Buffer.from(values.map((value) => `${value}\n`).join(''));

/** Publishes each value by itself. */
const publish = (port: number, topic: string, values: readonly string[], qos = 1): Promise<void> =>
  mosquittoPub(port, ['-t', topic, '-q', `${qos}`, '-l'], lines(values));

async function siteWithBroker(t: TestContext, options: Partial<BridgeOptions> = {}) {
  const broker = await Broker.start(t);
  const site = await BridgeSite.start(t, broker.port, options);
  await site.subscribed();
  return { broker, site };
}

for (const protocol of [5, '3.1.1'] as const) {
  describe(`a bridge over MQTT ${protocol}`, () => {
    it('takes in what is published at its broker, with every QoS', async (t) => {
      const { broker, site } = await siteWithBroker(t, { protocol, topics: [{ filter: '#', qos: 2 }] });
      for (const qos of [0, 1, 2]) await publish(broker.port, `kiln/${qos}`, ['21.5'], qos);
      await eventually('three records', () => site.records.length === 3);
      assert.deepEqual(site.records, ['kiln/0 21.5', 'kiln/1 21.5', 'kiln/2 21.5']);
      assert.deepEqual(
        site.messages.map(({ source, mqttQos }) => [source, mqttQos]),
        [0, 1, 2].map((qos) => ['bridge:plant', qos]),
      );
    });

    for (const qos of [1, 2] as const) {
      it(`has each QoS ${qos} message once when it dies before they are acknowledged`, async (t) => {
        const { broker, site } = await siteWithBroker(t, { protocol, topics: [{ filter: '#', qos: 2 }] });
        site.isHolding = true;
        await publish(broker.port, 'kiln', many(10), qos);
        await eventually('all to be on their way', () => site.held.length === 10);
        // Some are on disk, but nobody could say so any more.
        for (const { message } of site.held.slice(0, 4)) site.record(message, { taken: () => {}, refused: () => {} });
        await site.crash();
        site.isHolding = false;
        await site.run();
        await eventually('the rest', () => site.records.length >= 10);
        await publish(broker.port, 'last', ['x'], qos);
        await eventually('the last one', () => site.records.at(-1) === 'last x');
        assert.deepEqual(
          site.records.slice(0, -1).sort(),
          many(10)
            .map((n) => `kiln ${n}`)
            .sort(),
        );
        assert.equal(site.status.duplicates, 4);
      });
    }

    it('gets what was published while it was away', async (t) => {
      const { broker, site } = await siteWithBroker(t, { protocol });
      await site.crash();
      await publish(broker.port, 'kiln', many(5_000));
      await site.run();
      await eventually('all of it', () => site.records.length >= 5_000);
      assert.deepEqual(
        site.records,
        many(5_000).map((n) => `kiln ${n}`),
      );
    });
  });
}
