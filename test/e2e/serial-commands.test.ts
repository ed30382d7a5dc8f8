import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommandSite } from '../support/command-site.ts';
import { statusOf } from '../support/gateway.ts';
import { HeadgateProcess } from '../support/headgate-process.ts';
import { PseudoTerminal } from '../support/pseudo-terminal.ts';
import { eventually, within } from '../support/wait.ts';

const sleep = 'aab406010000000000000000000000ffff05ab';
const asleep = Buffer.from('aac506010000a16008ab', 'hex');

test('a command goes from the command line to a device on a serial port, and what it answers back', async (t) => {
  const device = await PseudoTerminal.create(t, { plugIn: false });
  const site = await CommandSite.start(t, {
    'serial.ports': JSON.stringify([{ name: 'dust', path: device.path, profile: 'nova/sds011' }]),
  });
  const send = (id: string, payload: string) =>
    HeadgateProcess.spawn(t, 'collector', {
      args: [
        'command',
        'gw',
        'serial:dust',
        '--name',
        'working',
        '--payload',
        payload,
        '--wait',
        '--json',
        '--id',
        id,
      ].concat([...['--sink', site.sink, '--url', `http://127.0.0.1:${site.collector.port('collector')}`]]),
      isQuiet: true,
    });
  const refused = send('c1', 'sometimes');
  await within(20_000, 'the end of the verb', refused.exited);
  assert.equal(JSON.parse(refused.output.at(-1)!).reason, 'its value is "sometimes", but must be true, false');
  const told = send('c2', 'false');
  // Its port is not there yet: it waits, and survives.
  await site.until('c2', 'queued');
  await site.restartGateway();
  await device.plugIn();
  await eventually('the command', () => device.written.toString('hex') === sleep, { timeoutMs: 20_000 });
  await device.send(asleep);
  assert.equal((await within(20_000, 'the end of the verb', told.exited)).code, 0, told.said());
  const { state, result } = JSON.parse(told.output.at(-1)!);
  assert.equal(state, 'acknowledged', result);
  // Told but not answered, and then nobody is there any more: it is not told again.
  await site.send('c3', { deviceId: 'serial:dust', name: 'working', payload: Buffer.from('false') });
  await eventually('the next command', () => device.written.toString('hex') === sleep + sleep);
  await site.gateway.kill();
  await site.startGateway();
  await eventually('the port', async () => {
    const { serial } = (await statusOf(site.gateway)) as unknown as { serial: { ports: { state: string }[] } };
    return serial.ports[0]?.state === 'open';
  });
  assert.equal(await site.stateOf('c3'), 'sent');
  assert.equal(device.written.toString('hex'), sleep + sleep);
});
