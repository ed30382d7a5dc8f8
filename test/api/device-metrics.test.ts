import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HttpApi } from '../../src/api/http-api.ts';
import { permissionsOf } from '../../src/auth/scopes.ts';
import { localPrincipal, type Permissions } from '../../src/core/principal.ts';
import { Site } from '../registry/site.ts';
import { dependencies } from './fixtures.ts';

test('what devices say is there for Prometheus, apart from what the gateway says of itself', async (t) => {
  const site = await Site.start(t);
  site.says('a "1"\n\\', {
    fields: { temperature: 21.5, on: true, n: 9007199254740993n, text: 'warm', odd: Number.NaN },
  });
  site.says('b', { fields: { v: -1 } });
  site.says('ignored', { fields: { v: 1 } });
  await site.registry.change('ignored', { isIgnored: true });
  const app = await new HttpApi(dependencies({}, { devices: site.registry })).build();
  t.after(() => app.close());
  const { body, headers } = await app.inject({ url: '/metrics/devices', headers: { host: 'localhost' } });
  assert.match(String(headers['content-type']), /^text\/plain; version=0\.0\.4/);
  const device = 'device="a \\"1\\"\\n\\\\"';
  for (const line of [
    `headgate_device_value{${device},field="temperature"} 21.5`,
    `headgate_device_value{${device},field="on"} 1`,
    `headgate_device_value{${device},field="n"} 9007199254740993`,
    `headgate_device_value{${device},field="odd"} NaN`,
    'headgate_device_value{device="b",field="v"} -1',
    'headgate_device_online{device="b"} 1',
    '# TYPE headgate_device_messages_total counter',
  ])
    assert.ok(body.split('\n').includes(line), `${line}\n${body}`);
  assert.ok(!body.includes('warm') && !body.includes('ignored'));
});

test('everybody is told of the devices that they may see', async (t) => {
  const site = await Site.start(t);
  for (const id of ['own', 'other']) site.says(id, { fields: { v: 1 } });
  const may = permissionsOf(['read:device/own']) as Permissions;
  const identify = () => ({ ...localPrincipal, may });
  const app = await new HttpApi(dependencies({}, { devices: site.registry, identify })).build();
  t.after(() => app.close());
  const { body } = await app.inject('/metrics/devices');
  assert.ok(body.includes('"own"') && !body.includes('"other"'));
});
