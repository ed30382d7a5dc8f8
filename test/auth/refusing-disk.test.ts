// A disk that refuses, full or failing: nobody is shut out by it, and what is said of it is true.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authSite, by, fewOptions } from './site.ts';

const password = 'correct horse';
const full = 'database or disk is full';

/** Somebody who was set up, and a disk that refuses from now on. */
async function refused(t: Parameters<typeof authSite>[0], given: Parameters<typeof authSite>[1] = {}) {
  const site = await authSite(t, given);
  const { account } = await site.auth.changes.addPerson('eve', password, ['admin'], by);
  const stored = await site.auth.sessions.begin(account.id);
  assert.equal(stored.isStored, true);
  site.disk.refusal = full;
  return { ...site, account, stored: stored.id };
}

test('a session that the disk refuses counts in this run, with its bounds, and goes with it', async (t) => {
  const { auth, account, clock, disk } = await refused(t);
  const { id, isStored } = await auth.sessions.begin(account.id);
  assert.deepEqual([isStored, auth.ofSession(id)?.name], [false, 'eve']);
  // As long unused as any other.
  const { id: idle } = await auth.sessions.begin(account.id);
  clock.ms += 11 * 3_600_000;
  assert.equal(auth.ofSession(id)?.name, 'eve');
  clock.ms += 2 * 3_600_000;
  assert.deepEqual([auth.ofSession(id)?.name, auth.ofSession(idle)], ['eve', undefined]);
  // As many as there may be.
  for (let i = 0; i < fewOptions.maxSessions; i++) await auth.sessions.begin(account.id);
  assert.deepEqual([auth.ofSession(id), auth.sessions.size], [undefined, fewOptions.maxSessions]);
  const last = (await auth.sessions.begin(account.id)).id;
  const { auth: next } = await authSite(t, { disk: disk.afterCrash(), clock });
  assert.equal(next.ofSession(last), undefined);
});

test('such a session is on disk once that takes it, but not when it has ended before', async (t) => {
  const { auth, account, disk } = await refused(t);
  const [kept, ended] = [await auth.sessions.begin(account.id), await auth.sessions.begin(account.id)];
  assert.equal(await auth.sessions.end(ended.id), false);
  assert.equal(auth.ofSession(ended.id), undefined);
  disk.refusal = undefined;
  assert.equal((await auth.sessions.begin(account.id)).isStored, true);
  const { auth: next } = await authSite(t, { disk: disk.afterCrash() });
  assert.deepEqual([next.ofSession(kept.id)?.name, next.ofSession(ended.id)], ['eve', undefined]);
});

test('a stored session whose end the disk refuses has ended here, and on disk once that takes it', async (t) => {
  const { auth, disk, account, stored } = await refused(t);
  assert.equal(await auth.sessions.end(stored), false);
  assert.equal(auth.ofSession(stored), undefined);
  disk.refusal = undefined;
  await auth.sessions.begin(account.id);
  const { auth: next } = await authSite(t, { disk: disk.afterCrash() });
  assert.equal(next.ofSession(stored), undefined);
});

test('who is taken out is out, with the session that the disk refused', async (t) => {
  const { auth, account, disk } = await refused(t);
  disk.refusal = undefined;
  await auth.changes.addPerson('bob', password, ['admin'], by);
  disk.refusal = full;
  const { id } = await auth.sessions.begin(account.id);
  const cut: string[] = [];
  auth.book.watch(account.id, () => cut.push('a stream'));
  // Whoever took them out is told that it is not on disk, and it holds.
  await assert.rejects(auth.changes.remove(account.id, by), { code: 'buffer.failed' });
  assert.deepEqual([auth.ofSession(id), auth.sessions.size, cut], [undefined, 0, ['a stream']]);
});

test('wrong passwords are held back, and a password of an older version lets in although it is not hashed anew', async (t) => {
  const { auth, account, disk } = await refused(t);
  disk.refusal = undefined;
  const salt = Buffer.from('old');
  const hash = Buffer.from(`${password} ${salt.toString('hex')} 1`.padEnd(32)).toString('base64url');
  const old = { kind: 'password', hash: { N: 1, r: 1, p: 1, salt: salt.toString('base64url'), hash } } as const;
  await auth.book.change(account.id, { proof: old });
  disk.refusal = full;
  assert.equal((await auth.login({ name: 'eve', password, address: 'a' })).kind, 'in');
  assert.deepEqual(auth.book.find(account.id)?.proof, old);
  const kinds = [];
  for (let i = 0; i < 6; i++) kinds.push((await auth.login({ name: 'eve', password: 'guess', address: 'b' })).kind);
  assert.deepEqual(kinds, [...Array(5).fill('wrong'), 'wait']);
});

test('a password that the disk refuses is not changed, also for the audit log; other sessions have ended', async (t) => {
  const { auth, account, stored, disk } = await refused(t);
  const { id } = await auth.sessions.begin(account.id);
  await assert.rejects(auth.changes.changePassword(account.id, 'battery staple', by, id), {
    code: 'buffer.failed',
    message: /the password is still the old one/,
  });
  assert.deepEqual([auth.ofSession(stored), auth.ofSession(id)?.name], [undefined, 'eve']);
  assert.equal((await auth.login({ name: 'eve', password: 'battery staple', address: 'a' })).kind, 'wrong');
  assert.equal((await auth.login({ name: 'eve', password, address: 'a' })).kind, 'in');
  const told = () => auth.audit.newest(9).find(({ what }) => what === 'user.password');
  assert.equal(told()?.outcome, 'failed');
  await assert.rejects(auth.changes.addPerson('bob', password, ['read'], by), { code: 'buffer.failed' });
  await assert.rejects(auth.changes.changeScopes(account.id, ['admin', 'read'], by), { code: 'buffer.failed' });
  assert.deepEqual(
    auth.audit.newest(2).map(({ what, outcome }) => [what, outcome]),
    [
      ['user.scopes', 'failed'],
      ['user.create', 'failed'],
    ],
  );
  disk.refusal = undefined;
  await auth.audit.settle();
  const { auth: next } = await authSite(t, { disk: disk.afterCrash() });
  assert.deepEqual(next.audit.newest(9), auth.audit.newest(9));
  assert.equal((await next.login({ name: 'eve', password, address: 'a' })).kind, 'in');
});

test('the audit log tells which of its entries are not on disk', async (t) => {
  const { auth, disk } = await refused(t);
  const stored = () => auth.audit.newest(9).map((entry) => auth.audit.isStored(entry));
  await auth.login({ name: 'eve', password: 'guess', address: 'a' });
  await auth.audit.settle();
  assert.deepEqual(stored(), [false, true]);
  disk.refusal = undefined;
  // What comes while the disk writes is not on it.
  disk.hold();
  const settled = auth.audit.settle();
  await new Promise((resolve) => setImmediate(resolve));
  await auth.login({ name: 'eve', password: 'guess', address: 'a' });
  disk.release();
  await settled;
  assert.deepEqual(stored(), [false, true]);
  await auth.audit.settle();
  assert.deepEqual(stored(), [true, true]);
});
