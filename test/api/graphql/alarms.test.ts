import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HttpApi } from '../../../src/api/http-api.ts';
import { permissionsOf } from '../../../src/auth/scopes.ts';
import { localPrincipal, type Permissions } from '../../../src/core/principal.ts';
import { Site, takenOf, termsOf, World } from '../../alarms/site.ts';
import { FakeTime } from '../../support/fake-time.ts';
import { dependencies } from '../fixtures.ts';

test('alarms are asked for, by who may see them', async (t) => {
  const site = new Site(new World(new FakeTime()));
  await site.alarms.start();
  t.after(() => site.alarms.stop());
  await site.alarms.addRule(termsOf({ name: 'Too warm', field: 'f', comparator: 'above', value: 8 }), 'eve');
  for (const device of ['own/a', 'own/b', 'other']) site.alarms.taken(takenOf(9, { device }, 1));
  let may: Permissions = localPrincipal.may;
  const identify = () => ({ ...localPrincipal, may });
  const app = await new HttpApi(dependencies({}, { alarms: site.alarms, identify })).build();
  t.after(() => app.close());
  const ask = async (query: string) =>
    (await app.inject({ method: 'POST', url: '/graphql', payload: { query } })).json();

  const page =
    '{ alarms(first: 2, severity: ["warning"]) { total next alarms { id device state value raisedAt note } } }';
  const { data } = await ask(page);
  assert.equal(data.alarms.total, 3);
  const at = '2026-06-01T00:00:00.000Z';
  const { id } = site.alarms.all()[0]!;
  const newest = { id, device: 'other', state: 'active', value: 9, raisedAt: at, note: null };
  assert.deepEqual(data.alarms.alarms[0], newest);
  const rest = await ask(`{ alarms(after: "${data.alarms.next}") { alarms { device } } }`);
  assert.deepEqual(rest.data.alarms.alarms, [{ device: 'own/a' }]);
  assert.match((await ask('{ alarms(state: "no") { total } }')).errors[0].message, /`state` must be one of/);
  may = permissionsOf(['read:device/own/b']) as Permissions;
  assert.deepEqual((await ask('{ alarms { alarms { device } } }')).data.alarms.alarms, [{ device: 'own/b' }]);
  may = permissionsOf(['publish:#']) as Permissions;
  assert.equal((await ask('{ alarms { total } }')).errors[0].extensions.code, 'access.denied');
});
