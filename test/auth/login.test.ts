import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Passwords } from '../../src/auth/passwords.ts';
import { Sessions } from '../../src/auth/sessions.ts';
import { placeOf } from '../../src/auth/throttle.ts';
import { silentLog } from '../../src/lib/log.ts';
import { MemoryDisk, shelfOn } from '../support/memory-shelf.ts';
import { authSite, by, cheapPasswords, fewOptions, HandClock } from './site.ts';

const password = 'correct horse';

test('10,000 bad logins: few cost anything, two at a time, and others come in', async (t) => {
  const { auth, clock, counts } = await authSite(t);
  await auth.changes.addPerson('eve', password, ['admin'], by);
  await auth.changes.addPerson('bob', password, ['admin'], by);
  assert.equal((await auth.login({ name: 'bob', password, address: '10.0.0.2' })).kind, 'in');
  const before = counts.runs;
  const kinds = { in: 0, wrong: 0, wait: 0, shed: 0 };
  for (let i = 0; i < 10_000; i += 10) {
    // From one address, from many, for one name, for many; at 100 a second.
    const tries = Array.from({ length: 10 }, (_, k) => ({
      name: k % 2 === 0 ? 'bob' : `nobody${i}`,
      password: `guess ${i} ${k}`,
      address: k < 6 ? '10.0.0.66' : `10.0.${k}.${i % 250}`,
    }));
    const outcomes = await Promise.allSettled(tries.map((one) => auth.login(one)));
    for (const outcome of outcomes) kinds[outcome.status === 'rejected' ? 'shed' : outcome.value.kind]++;
    clock.ms += 100;
  }
  assert.equal(kinds.in, 0);
  assert.ok(counts.runs - before < 1_500 && kinds.wait > 8_000, JSON.stringify({ ...counts, ...kinds }));
  assert.equal(counts.mostRunning, 2);
  // Whoever was here before is not held back; nor is somebody else, from anywhere.
  assert.equal((await auth.login({ name: 'bob', password, address: '10.0.0.2' })).kind, 'in');
  assert.equal((await auth.login({ name: 'eve', password, address: '10.0.0.9' })).kind, 'in');
  // Whoever tried so much waits, also with the right password, and is told how long.
  const held = await auth.login({ name: 'bob', password, address: '10.0.0.66' });
  assert.ok(held.kind === 'wait' && held.seconds > 20, JSON.stringify(held));
  clock.ms += 16 * 60_000;
  assert.equal((await auth.login({ name: 'bob', password, address: '10.0.0.66' })).kind, 'in');
  // The log is bounded.
  assert.equal(auth.audit.newest(1_000).length, fewOptions.maxAuditEntries);
});

test('a wrong name costs what a wrong password does', async (t) => {
  const { auth, counts } = await authSite(t);
  await auth.changes.addPerson('eve', password, ['admin'], by);
  await auth.changes.addDevice({ device: 'plug' }, by);
  await auth.changes.addProgram('panel', ['admin'], undefined, by);
  const rows: [name: string, word: string][] = [
    ['eve', 'wrong'],
    ['nobody', 'wrong'],
    ['plug', 'wrong'],
    ['panel', 'wrong'],
    ['__proto__', 'wrong'],
    ['eve', 'x'.repeat(100_000)],
  ];
  for (const [i, [name, word]] of rows.entries()) {
    const before = counts.runs;
    assert.equal((await auth.login({ name, password: word, address: `10.0.0.${i}` })).kind, 'wrong');
    assert.equal(counts.runs - before, 1, name);
  }
});

test('a right password is hashed once in a run', async (t) => {
  const { auth, counts } = await authSite(t);
  await auth.changes.addPerson('eve', password, ['admin'], by);
  const before = counts.runs;
  for (let i = 0; i < 20; i++) assert.equal((await auth.login({ name: 'eve', password, address: 'a' })).kind, 'in');
  assert.equal(counts.runs - before, 1);
});

test('what waits for its turn is bounded', async () => {
  const { counts } = cheapPasswords();
  const passwords = new Passwords({
    maxWaiting: 3,
    derive: async () => {
      counts.runs++;
      await new Promise((resolve) => setImmediate(resolve));
      return Buffer.alloc(32);
    },
  });
  const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => passwords.hash('x')));
  assert.deepEqual([counts.runs, outcomes.filter(({ status }) => status === 'rejected').length], [5, 5]);
  await passwords.hash('again');
});

test('scrypt itself: what is hashed is recognised, also by a dearer cost later', async () => {
  const cheap = new Passwords({ cost: { N: 2 ** 10, r: 8, p: 1 } });
  const kept = await cheap.hash('pässword');
  const dear = new Passwords();
  assert.deepEqual(
    [
      await dear.isRight('pässword', kept),
      await dear.isRight('pa\u0308ssword', kept),
      await dear.isRight('password', kept),
    ],
    [true, true, false],
  );
  assert.deepEqual([dear.isOutdated(kept), cheap.isOutdated(kept)], [true, false]);
  assert.equal(await dear.isRight('x', undefined), false);
  assert.ok((await dear.hash('y')).N >= 2 ** 14);
});

test('a password that was hashed cheaply is hashed anew when it is used', async (t) => {
  const { auth } = await authSite(t);
  const { account } = await auth.changes.addPerson('eve', password, ['admin'], by);
  const hashOf = () => {
    const proof = auth.book.find(account.id)?.proof;
    assert.ok(proof?.kind === 'password');
    return proof.hash;
  };
  // As an older version had it: the fake hash is the password, the salt and the cost.
  const salt = Buffer.from('old');
  const hash = Buffer.from(`${password} ${salt.toString('hex')} 1`.padEnd(32)).toString('base64url');
  await auth.book.change(account.id, {
    proof: { kind: 'password', hash: { N: 1, r: 1, p: 1, salt: salt.toString('base64url'), hash } },
  });
  assert.equal((await auth.login({ name: 'eve', password, address: 'a' })).kind, 'in');
  assert.equal(hashOf().N, 2);
  assert.equal((await auth.login({ name: 'eve', password, address: 'a' })).kind, 'in');
  // Also when several come in by it at the same time.
  await auth.book.change(account.id, {
    proof: { kind: 'password', hash: { N: 1, r: 1, p: 1, salt: salt.toString('base64url'), hash } },
  });
  const all = ['a', 'b', 'c', 'd'].map((address) => auth.login({ name: 'eve', password, address }));
  for (const { kind } of await Promise.all(all)) assert.equal(kind, 'in');
});

test('a password that is changed while it is looked at does not count any more, and does not come back', async (t) => {
  for (const cost of [1, 2]) {
    const { auth } = await authSite(t);
    const { account } = await auth.changes.addPerson('eve', password, ['admin'], by);
    const salt = Buffer.from('old');
    const hash = Buffer.from(`${password} ${salt.toString('hex')} ${cost}`.padEnd(32)).toString('base64url');
    const kept = { N: cost, r: 1, p: 1, salt: salt.toString('base64url'), hash };
    await auth.book.change(account.id, { proof: { kind: 'password', hash: kept } });
    const address = 'a';
    const changing = auth.changes.changePassword(account.id, 'another secret', by);
    const late = await auth.login({ name: 'eve', password, address });
    await changing;
    assert.equal(late.kind, 'wrong', `cost ${cost}`);
    assert.equal((await auth.login({ name: 'eve', password, address })).kind, 'wrong', `cost ${cost}`);
    assert.equal((await auth.login({ name: 'eve', password: 'another secret', address })).kind, 'in', `cost ${cost}`);
  }
});

test('sessions end when they are unused, too old, too many, or ended', async () => {
  const clock = new HandClock();
  const disk = new MemoryDisk();
  const open = async () => {
    const sessions = new Sessions({
      shelf: shelfOn(disk),
      operatingMs: clock.monotonic,
      limits: fewOptions,
      log: silentLog,
    });
    await sessions.load();
    return sessions;
  };
  const sessions = await open();
  const { id } = await sessions.begin('eve');
  assert.deepEqual(
    [sessions.personOf(id), sessions.personOf('x'), sessions.personOf('')],
    ['eve', undefined, undefined],
  );
  assert.ok(!disk.keys('auth.sessions').includes(id));
  clock.ms = 11 * 3_600_000;
  assert.equal(sessions.personOf(id), 'eve');
  clock.ms += 11 * 3_600_000;
  const { id: idle } = await sessions.begin('bob');
  assert.equal((await open()).personOf(idle), 'bob');
  assert.equal(sessions.personOf(id), 'eve');
  clock.ms += 13 * 3_600_000;
  assert.deepEqual([sessions.personOf(id), sessions.personOf(idle)], [undefined, undefined]);
  // In use all the time, and still over after a month.
  const { id: old } = await sessions.begin('eve');
  const begun = clock.ms;
  while (clock.ms - begun < 30 * 86_400_000) {
    assert.equal(sessions.personOf(old), 'eve');
    clock.ms += 6 * 3_600_000;
  }
  clock.ms++;
  assert.equal(sessions.personOf(old), undefined);
  const many = [];
  for (let i = 0; i < fewOptions.maxSessions + 1; i++) many.push((await sessions.begin(`p${i}`)).id);
  assert.deepEqual(
    many.map((one) => sessions.personOf(one) !== undefined),
    [false, true, true, true, true, true],
  );
  sessions.endAllOf('p3');
  await sessions.end(many[2]!);
  const again = await open();
  assert.deepEqual(
    many.map((one) => again.personOf(one) !== undefined),
    [false, true, false, false, true, true],
  );
});

test('whoever has an IPv6 address has its /64', () => {
  const rows: [address: string, place: string][] = [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::9', '2001:db8:1:2'],
    ['2001:db8::9', '2001:db8:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['::1', '0:0:0:0'],
  ];
  for (const [address, place] of rows) assert.equal(placeOf(address), place);
});
