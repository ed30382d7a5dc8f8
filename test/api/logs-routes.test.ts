import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { HttpApi } from '../../src/api/http-api.ts';
import { createLog } from '../../src/instrumentation/log.ts';
import { LogTail } from '../../src/lib/log-tail.ts';
import { dependencies } from './fixtures.ts';

async function api(t: TestContext) {
  const tail = new LogTail();
  const log = createLog({ level: 'debug' }, { write: () => {} }, tail);
  const app = await new HttpApi(dependencies({}, { logs: tail })).build();
  t.after(() => app.close());
  const ask = async (query = '') => {
    const { body, statusCode } = await app.inject({ url: `/api/v1/logs${query}`, headers: { host: 'localhost' } });
    const { lines = [], next, code } = JSON.parse(body);
    return { statusCode, next, code, said: lines.map(({ msg }: { msg: string }) => msg), body };
  };
  return { log, tail, ask };
}

test('the newest lines are told, by level and part, without secrets', async (t) => {
  const { log, ask } = await api(t);
  log.child({ part: 'mqtt' }).info({ password: 'hunter2' }, 'one');
  log.child({ part: 'uplink' }).warn('two');
  log.debug('three');
  assert.deepEqual((await ask()).said, ['one', 'two', 'three']);
  assert.ok(!(await ask()).body.includes('hunter2'));
  assert.deepEqual((await ask('?level=info')).said, ['one', 'two']);
  assert.deepEqual((await ask('?part=uplink')).said, ['two']);
  assert.deepEqual((await ask('?limit=1')).said, ['three']);
  const { next } = await ask();
  assert.deepEqual((await ask(`?after=${next}`)).said, []);
  log.info('four');
  assert.deepEqual((await ask(`?after=${next}`)).said, ['four']);
  assert.deepEqual(
    (await ask('?after=5000&limit=2')).said,
    ['three', 'four'],
    'a number of an earlier run, which had more',
  );
  for (const query of ['?level=loud', '?limit=1001', '?after=x', '?nothing=1', '?waitMs=60000'])
    assert.equal((await ask(query)).code, 'request.invalid', query);
});

test('whoever follows the log is told of the next line that they want', async (t) => {
  const { log, ask } = await api(t);
  const asked = ask('?after=0&level=warn&waitMs=20000');
  log.info('not this');
  log.warn('this');
  assert.deepEqual((await asked).said, ['this']);
});

test('what is kept of the log is bounded', () => {
  const tail = new LogTail();
  const lines = tail.tee({ write: () => {} });
  for (let i = 0; i < 3_000; i++) lines.write(`{"msg":"${i}"}\n`);
  assert.equal(tail.after(0).length, 1_000);
  assert.equal(tail.after(0)[0]?.number, 2_001);
  for (let i = 0; i < 100; i++) lines.write(`{"msg":"${'x'.repeat(10_000)}"}\n`);
  assert.ok(tail.after(0).reduce((sum, { text }) => sum + text.length, 0) <= 512 * 1024);
  lines.write(`{"msg":"${'x'.repeat(20_000)}"}\n`);
  assert.equal(tail.after(tail.last - 1).length, 0, 'what is too long is counted and not kept');
});
