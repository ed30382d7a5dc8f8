import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { HttpApi } from '../../src/api/http-api.ts';
import { main } from '../../src/cli/main.ts';
import { Site, takenOf, termsOf, World } from '../alarms/site.ts';
import { dependencies } from '../api/fixtures.ts';
import { FakeTime } from '../support/fake-time.ts';

/** A gateway's API before real alarms, and the command line. */
async function gateway(t: TestContext) {
  const site = new Site(new World(new FakeTime()));
  await site.alarms.start();
  const api = new HttpApi(dependencies({}, { alarms: site.alarms }));
  await api.start();
  t.after(() => Promise.all([api.stop(), site.alarms.stop()]));
  const headgate = async (...args: string[]) => {
    const out: string[] = [];
    const err: string[] = [];
    const terminal = { out: (text: string) => out.push(text), err: (text: string) => err.push(text), environment: {} };
    const code = await main(['alarms', ...args, '--url', `http://${api.address}`], terminal);
    return { code, out: out.join('\n'), err: err.join('\n') };
  };
  return { site, headgate };
}

test('alarms are listed, shown, and acknowledged with a note', async (t) => {
  const { site, headgate } = await gateway(t);
  assert.equal((await headgate()).out, 'No alarm.');
  const terms = termsOf({ name: 'Too warm\u200b', field: 'f', comparator: 'above', value: 8, severity: 'critical' });
  await site.alarms.addRule(terms, 'eve').catch(() => assert.fail());
  site.alarms.taken(takenOf(9, { device: 'freezer' }, 1));
  const { id, rule } = site.alarms.all()[0]!;
  const at = '2026-06-01T00:00:00.000Z';
  assert.deepEqual((await headgate()).out.split('\n'), [
    'ALARM       SEVERITY  STATE   SINCE                     DEVICE   NAME',
    `${id}  critical  active  ${at}  freezer  Too warm\ufffd`,
  ]);
  const known = await headgate(id, '--acknowledge', '--note', 'On my way.');
  assert.deepEqual(known.out.split('\n'), [
    `Alarm   ${id}`,
    'Name    Too warm\ufffd',
    'State   acknowledged, critical',
    `Raised  ${at}`,
    'Text    f of freezer is 9: above 8.',
    'Device  freezer',
    'Value   9',
    `Rule    ${rule}: above 8`,
    `Known   to this machine since ${at}`,
    'Note    On my way.',
  ]);
  site.alarms.taken(takenOf(1, { device: 'freezer' }, 1));
  assert.equal((await headgate()).out, 'No alarm.');
  assert.match((await headgate('--state', 'history')).out, / cleared /);
  assert.match((await headgate(id)).out, /^Over {4}since 2026-06-01T00:00:00\.000Z: returned$/m);
  assert.equal(JSON.parse((await headgate('--json', '--state', 'all')).out).alarms.length, 1);
});

test('what can not be asked for is said, by us or by the gateway', async (t) => {
  const { headgate } = await gateway(t);
  const rows: readonly (readonly [args: readonly string[], code: number, says: RegExp])[] = [
    [['a', 'b'], 2, /Name one alarm/],
    [['--acknowledge'], 2, /Name the alarm/],
    [['a', '--note', 'x'], 2, /--note goes with --acknowledge/],
    [['a', '--state', 'all'], 2, /--state goes without an alarm/],
    [['--state', 'no'], 1, /`state` must be one of open/],
    [['1-00000000'], 1, /no alarm of this id/],
  ];
  for (const [args, code, says] of rows) {
    const answer = await headgate(...args);
    assert.equal(answer.code, code, args.join(' '));
    assert.match(answer.err, says);
  }
});
