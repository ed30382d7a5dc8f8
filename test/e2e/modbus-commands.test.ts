import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommandSite } from '../support/command-site.ts';
import { HeadgateProcess } from '../support/headgate-process.ts';
import { ModbusSlave } from '../support/modbus-slave.ts';
import { eventually, within } from '../support/wait.ts';

test('a command goes from the command line to a coil, and what becomes of it back', async (t) => {
  const slave = await ModbusSlave.start(t, 'tcp:127.0.0.1:0', [1, 2]);
  const units = [
    { unit: 1, name: 'relay', profile: 'waveshare/modbus-relay', every: '1s' },
    { unit: 2, name: 'charger', profile: 'epever/tracer', every: '1h' },
    { unit: 9, name: 'dead', profile: 'waveshare/modbus-relay', every: '1h' },
  ];
  const bus = { name: 'bus', host: '127.0.0.1', port: slave.port, timeout: '300ms', units };
  const site = await CommandSite.start(t, { 'modbus.buses': JSON.stringify([bus]) });
  const send = async (unit: string, name: string, payload: string) => {
    const cli = HeadgateProcess.spawn(t, 'collector', {
      args: ['command', 'gw', `modbus:bus/${unit}`, '--name', name, '--payload', payload, '--wait', '--json'].concat([
        ...['--sink', site.sink, '--url', `http://127.0.0.1:${site.collector.port('collector')}`],
      ]),
      isQuiet: true,
    });
    await within(20_000, 'the end of the verb', cli.exited);
    const { state, reason } = JSON.parse(cli.output.at(-1)!);
    return [state, reason];
  };
  const relay = async () => {
    const answer = await fetch(`http://127.0.0.1:${site.gateway.port('http')}/api/v1/devices/modbus:bus%2Frelay`);
    const { fields = [] } = (await answer.json()) as { fields?: { name: string; value: unknown }[] };
    return fields.find(({ name }) => name === 'relay_2')?.value;
  };
  await eventually('the relays to be read', async () => (await relay()) !== undefined, { timeoutMs: 10_000 });
  const before = await relay();
  assert.deepEqual(await send('relay', 'relay_2', String(!before)), ['acknowledged', undefined]);
  await eventually('the relay to be read as switched', async () => (await relay()) === !before);
  assert.deepEqual(await send('relay', 'relay_2', 'half'), ['failed', 'its value is "half", but must be true, false']);
  const [state, reason] = await send('charger', 'load_mode', 'clock');
  assert.equal(state, 'failed');
  assert.match(reason, /^Device 2, told to write registers 36925: exception 2, illegal data address/);
  assert.deepEqual(await send('dead', 'relay_1', 'true'), ['unknown', undefined]);
  await slave.kill();
  await site.send('waits', { deviceId: 'modbus:bus/relay', name: 'relay_2', payload: Buffer.from(String(before)) });
  await eventually('the bus to be lost', async () => (await site.stateOf('waits')) === 'queued');
  await ModbusSlave.start(t, `tcp:127.0.0.1:${slave.port}`, [1, 2]);
  await site.until('waits', 'acknowledged');
});
