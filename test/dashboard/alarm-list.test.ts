import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Alarm, inOrder, isOpen, withAlarms } from '../../src/dashboard/pages/alarms/list.ts';
import { type Rule, termsOf, termsOfTyped, typedOf } from '../../src/dashboard/ui/rule.ts';

const alarm = (id: string, state: Alarm['state'], severity: Alarm['severity'] = 'warning'): Alarm =>
  ({ id, state, severity }) as Alarm;
const seen = (alarms: readonly Alarm[]): string[] => alarms.map(({ id, state }) => `${id} ${state}`);

test('a list of alarms changes in place, and grows at its end', () => {
  const listed = [alarm('c', 'active'), alarm('a', 'active')];
  const rows: [what: string, told: Alarm[], expected: string[]][] = [
    ['nothing', [], ['c active', 'a active']],
    ['one is acknowledged', [alarm('a', 'acknowledged')], ['c active', 'a acknowledged']],
    ['one ends and stays', [alarm('c', 'cleared')], ['c cleared', 'a active']],
    ['one is raised', [alarm('b', 'active')], ['c active', 'a active', 'b active']],
    ['one that was never listed ends', [alarm('x', 'cleared')], ['c active', 'a active']],
    ['what is over stays so', [alarm('c', 'cleared'), alarm('c', 'active')], ['c cleared', 'a active']],
    ['the last word counts', [alarm('a', 'acknowledged'), alarm('a', 'cleared')], ['c active', 'a cleared']],
  ];
  for (const [what, told, expected] of rows) assert.deepEqual(seen(withAlarms(listed, told, isOpen)), expected, what);
});

test('a list of alarms begins with what nobody knows of, the worst on top', () => {
  const given = [
    alarm('1', 'acknowledged', 'critical'),
    alarm('2', 'active', 'info'),
    alarm('3', 'active', 'critical'),
    alarm('4', 'active', 'info'),
  ];
  assert.deepEqual(
    inOrder(given).map(({ id }) => id),
    ['3', '2', '4', '1'],
  );
});

test('what is typed becomes a rule, and a rule comes back as it was typed', () => {
  const base = { ...typedOf(undefined, 'lab', 't'), name: ' Warm ' };
  const rows: [typed: Partial<typeof base>, expected: Record<string, unknown>, what: string][] = [
    [{ value: '8' }, { comparator: 'above', value: 8, hysteresis: 0 }, 'above 8'],
    [{ comparator: 'below', value: '-1.5', hysteresis: '0.5' }, { value: -1.5, hysteresis: 0.5 }, 'below -1.5'],
    [{ comparator: 'outside', low: '1', high: '2', value: '9' }, { low: 1, high: 2 }, 'outside 1 to 2'],
    [{ comparator: 'equal', value: 'true', hysteresis: '3' }, { value: true }, 'equal to true'],
    [{ comparator: 'notEqual', value: 'idle' }, { value: 'idle' }, 'not equal to idle'],
    [{ comparator: 'equal', value: '21.50' }, { value: 21.5 }, 'equal to 21.5'],
  ];
  for (const [some, expected, what] of rows) {
    const typed = { ...base, ...some };
    const terms = termsOfTyped(typed, undefined);
    assert.equal(terms.name, 'Warm');
    const told = terms as unknown as Record<string, unknown>;
    for (const [key, value] of Object.entries(expected)) assert.equal(told[key], value, `${what}: ${key}`);
    if (typed.comparator === 'outside') assert.equal(terms.value, undefined);
    if (typed.comparator === 'equal') assert.equal(terms.hysteresis, undefined);
    const rule: Rule = {
      ...terms,
      id: '1',
      createdAt: '',
      changedAt: '',
      changedBy: '',
      clearForSeconds: 7,
      profile: 'p*',
    };
    // What the form does not ask stays as it was.
    assert.deepEqual(termsOfTyped(typedOf(rule, '', ''), rule), termsOf(rule), what);
  }
});
