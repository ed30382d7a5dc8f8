import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from '../../src/instrumentation/log.ts';
import { LogLevels } from '../../src/lib/log-levels.ts';

test('a level that was raised falls back by itself, for parts that were there and those that came', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_000 });
  const lines: string[] = [];
  const levels = new LogLevels();
  const stream = { write: (line: string) => void lines.push((JSON.parse(line) as { msg: string }).msg) };
  const log = createLog({ level: 'info' }, stream, undefined, levels);
  const early = log.child({ part: 'early' });
  const say = (text: string): void => {
    early.debug({}, `early ${text}`);
    log.child({ part: 'late' }).debug({}, `late ${text}`);
  };
  say('before');
  levels.raise('debug', 60_000);
  assert.deepEqual(levels.view(), { level: 'debug', usual: 'info', until: '1970-01-01T00:01:01.000Z' });
  say('raised');
  // What the configuration says meanwhile counts afterwards.
  levels.setUsual('warn');
  say('still');
  t.mock.timers.tick(60_000);
  assert.deepEqual(levels.view(), { level: 'warn', usual: 'warn', until: null });
  say('after');
  early.info({}, 'info');
  levels.raise('trace', 60_000);
  levels.lower();
  say('lowered');
  assert.deepEqual(lines, ['early raised', 'late raised', 'early still', 'late still']);
});
