import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Command } from '../../../src/core/command.ts';
import { Broker } from '../../support/broker.ts';
import { MosquittoSub, mosquittoPub } from '../../support/mosquitto.ts';
import { eventually } from '../../support/wait.ts';
import { BridgeSite } from './site.ts';

const command: Command = { id: 'c1', deviceId: 'lamp', name: '', payload: Buffer.from('on'), priority: 'normal' };

const say = (broker: Broker, topic: string, payload: string, ...more: string[]): Promise<void> =>
  mosquittoPub(broker.port, ['-t', topic, '-q', '1', '-m', payload, ...more]);

const subscriptions = (broker: Broker): number => broker.log.split('Received SUBSCRIBE from headgate').length - 1;

for (const protocol of [5, '3.1.1'] as const) {
  describe(`what a bridge over MQTT ${protocol} knows of its broker`, () => {
    it('is a retained message only where it is news', async (t) => {
      const broker = await Broker.start(t);
      await say(broker, 'kiln/1', '21', '-r');
      await say(broker, 'kiln/2', '22', '-r');
      const site = await BridgeSite.start(t, broker.port, { protocol });
      await eventually('both', () => site.records.length === 2);
      await site.stop();
      // It forgets its sessions, and what was retained, and is told that anew.
      await broker.stop('SIGKILL');
      await broker.run();
      await say(broker, 'kiln/1', '21', '-r');
      await say(broker, 'kiln/2', '23', '-r');
      await site.run();
      await eventually('what is news', () => site.records.length === 3);
      await eventually('what is not', () => site.status.retainedAgain === 1);
      assert.deepEqual(site.records.toSorted(), ['kiln/1 21', 'kiln/2 22', 'kiln/2 23']);
      assert.ok(site.messages.every(({ isRetained }) => isRetained === true));
      await say(broker, 'kiln/1', '21');
      await eventually('the same once more, live', () => site.records.length === 4);
      assert.equal(site.messages.at(-1)?.isRetained, undefined);
    });

    it('is what its session is subscribed to, so that it subscribes once and as the configuration changes', async (t) => {
      const broker = await Broker.start(t);
      const site = await BridgeSite.start(t, broker.port, { protocol, topics: [{ filter: 'a/#', qos: 1 }] });
      await site.subscribed();
      assert.equal(subscriptions(broker), 1);
      await site.stop();
      await site.run();
      await site.subscribed();
      assert.equal(subscriptions(broker), 1);
      await site.stop();
      site.options = { ...site.options, topics: [{ filter: 'b/#', qos: 1 }] };
      await site.run();
      await site.subscribed();
      assert.equal(subscriptions(broker), 2);
      await say(broker, 'a/1', '1');
      await say(broker, 'b/1', '2');
      await eventually('a record', () => site.records.length > 0);
      assert.deepEqual(site.records, ['b/1 2']);
    });

    it('is what this gateway has published there, which is nothing that came in', async (t) => {
      const broker = await Broker.start(t);
      const site = await BridgeSite.start(t, broker.port, { protocol });
      await site.subscribed();
      const message = { source: 'bridge:plant', topic: 'node/data', payload: Buffer.from('x') };
      assert.equal(site.bridges.request({ topic: 'node/cmd', payload: Buffer.from('birth') }, message), true);
      assert.equal(
        site.bridges.request({ topic: 'node/cmd', payload: Buffer.from('birth') }, message),
        true,
        'asked once',
      );
      assert.equal(
        site.bridges.request({ topic: 'n', payload: Buffer.from('') }, { ...message, source: 'mqtt' }),
        false,
      );
      await eventually('the request there', () => broker.log.includes("'node/cmd'"));
      await say(broker, 'node/cmd', 'birth');
      await say(broker, 'last', 'x');
      await eventually('the last one', () => site.records.at(-1) === 'last x');
      // The one is somebody else's.
      assert.deepEqual(site.records, ['node/cmd birth', 'last x']);
      assert.equal(site.status.echoes, protocol === 5 ? 0 : 1);
      assert.equal(broker.log.split('Received PUBLISH from headgate').length - 1, 1);
    });

    it('is where devices are, so that commands reach them there', async (t) => {
      const broker = await Broker.start(t);
      const site = await BridgeSite.start(t, broker.port, { protocol, prefix: 'hall/' });
      site.native.set('lamp', { heardOn: 'hall/lamp/1', topic: 'hall/lamp/1/set', payload: 'on' });
      await site.subscribed();
      const lamp = await MosquittoSub.start(t, broker.port, ['-t', 'lamp/1/set']);
      assert.equal(site.bridges.reaches('lamp'), false);
      assert.equal(await site.bridges.deliver(command, 60_000), false);
      await say(broker, 'lamp/1', 'off');
      await eventually('a record', () => site.records.length === 1);
      assert.deepEqual(site.records, ['hall/lamp/1 off']);
      assert.equal(site.bridges.reaches('lamp'), true);
      assert.equal(site.bridges.reaches('other'), false);
      assert.equal(await site.bridges.deliver(command, 60_000), true);
      await eventually('the command', () => lamp.lines.length === 1);
      assert.match(lamp.lines[0] ?? '', /^lamp\/1\/set \d 0 on$/);
      await broker.stop();
      await eventually('the bridge to wait', () => !site.bridges.reaches('lamp'));
      assert.equal(await site.bridges.deliver(command, 60_000), false);
    });

    it('brings many commands at once to their devices', async (t) => {
      const broker = await Broker.start(t);
      const site = await BridgeSite.start(t, broker.port, { protocol });
      const warnings: Error[] = [];
      const onWarning = (warning: Error): void => void warnings.push(warning);
      process.on('warning', onWarning);
      t.after(() => process.off('warning', onWarning));
      const devices = Array.from({ length: 200 }, (_, number) => `lamp${number}`);
      for (const one of devices) site.native.set(one, { heardOn: 'lamps', topic: `set/${one}`, payload: 'on' });
      await site.subscribed();
      await say(broker, 'lamps', 'here');
      await eventually('a record', () => site.records.length === 1);
      const handed = await Promise.all(
        devices.map((deviceId) => site.bridges.deliver({ ...command, deviceId }, 60_000)),
      );
      assert.deepEqual(new Set(handed), new Set([true]));
      assert.equal(site.status.connections, 1);
      assert.deepEqual(warnings, []);
    });
  });
}

it('a bridge leaves out what is too large, counts it, and goes on', async (t) => {
  const broker = await Broker.start(t);
  const site = await BridgeSite.start(t, broker.port, { protocol: '3.1.1', maxPacketSize: 1000 });
  await site.subscribed();
  await say(broker, 'kiln', 'x'.repeat(1001));
  await say(broker, 'kiln', 'x'.repeat(1000));
  await eventually('the other one', () => site.records.length === 1);
  assert.equal(site.status.tooLarge, 1);
  assert.equal(site.status.connections, 1);
});

it('a bridge knows what was on record two crashes ago and may come again', async (t) => {
  const broker = await Broker.start(t);
  const site = await BridgeSite.start(t, broker.port);
  await site.subscribed();
  site.isHolding = true;
  await mosquittoPub(broker.port, ['-t', 'kiln', '-q', '1', '-l'], Buffer.from('1\n2\n3\n'));
  await eventually('three on their way', () => site.held.length === 3);
  for (const { message } of site.held) site.record(message, { taken: () => {}, refused: () => {} });
  await broker.stop();
  await site.crash();
  // The next run is over before the broker is there, and the buffer tells its deliveries alone.
  await site.run();
  site.forgetDeliveries();
  await site.crash();
  await broker.run();
  site.isHolding = false;
  await site.run();
  await site.subscribed();
  await eventually('the copies', () => site.status.duplicates === 3);
  assert.deepEqual(site.records, ['kiln 1', 'kiln 2', 'kiln 3']);
});
