import assert from 'node:assert/strict';
import { test } from 'node:test';
import { by } from '../auth/site.ts';
import { api } from './access-site.ts';

const password = 'correct horse';

test('a disk that refuses: one signs in and out all the same, and is told what holds', async (t) => {
  const { ask, auth, disk } = await api(t);
  await auth.changes.addPerson('eve', password, ['admin'], by);
  const signIn = async () => {
    const { status, headers, json } = await ask('session', { method: 'POST', body: { name: 'eve', password } });
    const cookie = String(headers['set-cookie']).split(';')[0]!;
    return {
      status,
      isStored: json.isStored as boolean,
      headers: { cookie, 'x-csrf-token': json.csrfToken as string },
    };
  };
  const stored = await signIn();
  assert.deepEqual([stored.status, stored.isStored], [200, true]);
  disk.refusal = 'database or disk is full';
  const inMemory = await signIn();
  assert.deepEqual([inMemory.status, inMemory.isStored], [200, false]);
  assert.equal((await ask('session', { headers: inMemory.headers })).json.principal.name, 'eve');
  const audit = await ask('audit?limit=1', { headers: inMemory.headers });
  assert.deepEqual([audit.status, audit.json.entries[0].isStored], [200, true]);
  const change = await ask('session/password', {
    method: 'PUT',
    headers: inMemory.headers,
    body: { password, newPassword: 'battery staple' },
  });
  assert.deepEqual([change.status, change.code], [503, 'buffer.failed']);
  assert.equal((await ask('audit?limit=1', { headers: inMemory.headers })).json.entries[0].isStored, false);
  const again = await signIn();
  for (const { headers } of [inMemory, again]) {
    const ended: string[] = [];
    auth.book.watch(auth.book.named('person', 'eve')!.id, () => ended.push('a stream'));
    const out = await ask('session', { method: 'DELETE', headers });
    assert.deepEqual(
      [out.status, out.json.isStored, /Max-Age=0/.test(String(out.headers['set-cookie'])), ended],
      [202, false, true, ['a stream']],
    );
    assert.equal((await ask('status', { headers })).status, 401);
  }
  // Where nobody was set up yet, nobody is: whoever has it would have it until the next start only.
  const fresh = await api(t);
  fresh.disk.refusal = 'database or disk is full';
  const claim = await fresh.ask('setup', { method: 'POST', from: '127.0.0.1', body: { name: 'eve', password } });
  assert.deepEqual([claim.status, claim.code, fresh.auth.book.hasPeople], [503, 'buffer.failed', false]);
});
