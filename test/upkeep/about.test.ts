import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isUnderSystemd, Restart } from '../../src/lib/restart.ts';
import { libraries, thisMachine } from '../../src/upkeep/about.ts';
import { librariesIn } from '../../src/upkeep/libraries.ts';

test('a board says what it is', () => {
  const texts = new Map([['/proc/device-tree/model', 'Raspberry Pi 4 Model B Rev 1.4\0']]);
  const read = (path: string): string => texts.get(path) ?? assert.fail(`no ${path}`);
  assert.equal(thisMachine(read).model, 'Raspberry Pi 4 Model B Rev 1.4');
  texts.clear();
  assert.equal(thisMachine(read).model, null);
  texts.set('/sys/class/dmi/id/product_name', 'NUC\n');
  assert.equal(thisMachine(read).model, 'NUC');
});

test('the list of libraries is the one of the lock file', () => {
  const lock = readFileSync(join(import.meta.dirname, '../../package-lock.json'), 'utf8');
  assert.deepEqual(libraries(), librariesIn(lock), '`npm run generate` writes it.');
});

test('systemd is taken to run a process only when it started this one', () => {
  const self = { pid: 10, ppid: 9 };
  const rows: readonly (readonly [environment: Record<string, string>, expected: boolean])[] = [
    [{}, false],
    // A terminal on a desktop.
    [{ INVOCATION_ID: 'a', SYSTEMD_EXEC_PID: '4' }, false],
    [{ INVOCATION_ID: 'a' }, false],
    [{ INVOCATION_ID: 'a', SYSTEMD_EXEC_PID: '10' }, true],
    // `npm start` as the unit's command.
    [{ INVOCATION_ID: 'a', SYSTEMD_EXEC_PID: '9' }, true],
    [{ NOTIFY_SOCKET: '/run/x' }, true],
  ];
  for (const [environment, expected] of rows)
    assert.equal(isUnderSystemd(environment, self), expected, JSON.stringify(environment));
});

test('nobody ends the process where nothing would start it again', () => {
  let ends = 0;
  const end = (): void => void ends++;
  new Restart(false, end).ask();
  const possible = new Restart(true, end);
  possible.ask();
  possible.ask();
  assert.deepEqual([ends, possible.isAsked, possible.reason], [1, true, null]);
});
