import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allows } from '../../src/auth/allows.ts';
import { HeadgateError } from '../../src/core/errors.ts';
import { authSite, by, fewOptions } from './site.ts';

const dayMs = 86_400_000;

test('a token is told once, counts after a crash, and is on no disk', async (t) => {
  const site = await authSite(t);
  const { account, token = '' } = await site.auth.changes.addProgram('panel', ['read'], undefined, by);
  assert.match(token, /^hg_[a-z2-9]{10}_[A-Za-z0-9_-]{43}$/);
  const after = await authSite(t, { disk: site.disk.afterCrash() });
  const found = after.auth.ofToken(token);
  assert.deepEqual([found?.id, found?.kind, found?.name], [account.id, 'program', 'panel']);
  assert.ok(allows(found!, { kind: 'read' }) && !allows(found!, { kind: 'admin' }));
  const secret = token.slice(14);
  for (const [, value] of await after.disk.entries('auth.accounts')) assert.ok(!Buffer.from(value).includes(secret));
  for (const wrong of [
    '',
    'hg_',
    token.slice(0, -1),
    `${token}x`,
    `hg_${account.id}_${'A'.repeat(43)}`,
    `hg_aaaaaaaaaa_${secret}`,
    token.toUpperCase(),
    ` ${token}`,
  ])
    assert.equal(after.auth.ofToken(wrong), undefined, wrong);
});

test('who is revoked is cut off at once, and stays out after a crash', async (t) => {
  const site = await authSite(t);
  const { auth } = site;
  const { account, token = '' } = await auth.changes.addProgram('panel', ['read'], undefined, by);
  const other = await auth.changes.addProgram('other', ['read'], undefined, by);
  const ended: string[] = [];
  auth.book.watch(account.id, () => ended.push('first'));
  auth.book.watch(account.id, () => {
    throw new Error('it is gone');
  });
  auth.book.watch(account.id, () => ended.push('third'));
  auth.book.watch(account.id, () => ended.push('closed before'))();
  auth.book.watch(other.account.id, () => ended.push('other'));
  const removed = auth.changes.remove(account.id, by);
  assert.deepEqual(ended, ['first', 'third']);
  assert.equal(auth.ofToken(token), undefined);
  auth.book.watch(account.id, () => ended.push('too late'));
  await removed;
  assert.deepEqual(ended, ['first', 'third', 'too late']);
  const after = await authSite(t, { disk: site.disk.afterCrash() });
  assert.equal(after.auth.ofToken(token), undefined);
  assert.ok(after.auth.ofToken(other.token ?? ''));
});

test('a token that is over does not count, and its connections end', async (t) => {
  const { auth, clock } = await authSite(t);
  const { account, token = '' } = await auth.changes.addProgram('guest', ['read'], clock.now() + dayMs, by);
  let ended = 0;
  auth.book.watch(account.id, () => ended++);
  clock.ms = dayMs - 1;
  auth.book.expire();
  assert.deepEqual([auth.ofToken(token)?.name, ended], ['guest', 0]);
  clock.ms = dayMs;
  auth.book.expire();
  assert.deepEqual([auth.ofToken(token), ended], [undefined, 1]);
});

test('when a token was used last is told to the hour, and written as seldom', async (t) => {
  const { auth, clock, disk } = await authSite(t);
  const { account, token = '' } = await auth.changes.addProgram('panel', ['read'], undefined, by);
  assert.equal(auth.book.lastUsedAt(account.id), undefined);
  clock.ms = 90 * 60_000;
  for (let i = 0; i < 100; i++) auth.ofToken(token);
  await auth.changes.addProgram('x', ['read'], undefined, by);
  const uses = disk.batches.flat().filter(({ space }) => space === 'auth.uses');
  assert.deepEqual([auth.book.lastUsedAt(account.id), uses.length], [clock.now() - 30 * 60_000, 1]);
});

test('what can not be kept is not there', async (t) => {
  const { auth, disk } = await authSite(t);
  disk.refusal = 'disk full';
  await assert.rejects(auth.changes.addProgram('panel', ['read'], undefined, by), { code: 'buffer.failed' });
  disk.refusal = undefined;
  assert.deepEqual(auth.book.list('program'), []);
  const { token = '' } = await auth.changes.addProgram('panel', ['read'], undefined, by);
  assert.equal(auth.ofToken(token)?.name, 'panel');
});

test('the first of all people is an administrator', async (t) => {
  const { auth } = await authSite(t);
  await assert.rejects(auth.changes.addPerson('bob', 'correct horse', ['read'], by), { code: 'request.conflict' });
  assert.equal(auth.trustsThisMachine, true);
  const eve = await auth.changes.addPerson('eve', 'correct horse', undefined, by);
  const bob = await auth.changes.addPerson('bob', 'correct horse', undefined, by);
  assert.deepEqual([eve.account.scopes, bob.account.scopes, auth.trustsThisMachine], [['admin'], ['read'], false]);
});

test('names, scopes and numbers have their limits', async (t) => {
  const { auth } = await authSite(t, { options: { ...fewOptions, maxAccounts: 4 } });
  await auth.changes.addProgram('a', ['read'], undefined, by);
  await auth.changes.addPerson('eve', 'correct horse', ['admin'], by);
  const rows: [wish: () => Promise<unknown>, code: string, says: RegExp][] = [
    [() => auth.changes.addProgram('a', ['read'], undefined, by), 'request.conflict', /a program called `a` already/],
    [() => auth.changes.addPerson('eve', 'battery staple', undefined, by), 'request.conflict', /a person called/],
    [() => auth.changes.addProgram('', ['read'], undefined, by), 'request.invalid', /1 to 200 characters/],
    [() => auth.changes.addProgram(' b', ['read'], undefined, by), 'request.invalid', /without spaces/],
    [() => auth.changes.addProgram('b\n', ['read'], undefined, by), 'request.invalid', /one line/],
    [() => auth.changes.addProgram('b', ['write'], undefined, by), 'request.invalid', /no scope `write`/],
    [() => auth.changes.addPerson('bob', 'short', ['read'], by), 'request.invalid', /10 to 1,000/],
    [() => auth.changes.addPerson('bob', 'bob is my name', ['read'], by), 'request.invalid', /the name in it/],
    [() => auth.changes.addPerson('bob', 'abababababab', ['read'], by), 'request.invalid', /4 different/],
    // People and devices sign in at MQTT by one set of names.
    [() => auth.changes.addDevice({ device: 'eve' }, by), 'request.conflict', /a person called `eve`/],
    [() => auth.changes.addDevice({ device: 'a+b' }, by), 'request.invalid', /is no topic/],
    [() => auth.changes.addDevice({ device: 'a', fingerprint: '12' }, by), 'request.invalid', /64 hex digits/],
    [
      () => auth.changes.addDevice({ device: 'a', commonName: 'x', password: 'y' }, by),
      'request.invalid',
      /Give one of/,
    ],
    [() => auth.changes.remove('nobody', by), 'request.unknown', /There is no `nobody`/],
    [() => auth.changes.remove(auth.book.named('person', 'eve')!.id, by), 'request.conflict', /the last administrator/],
  ];
  for (const [wish, code, says] of rows) {
    await assert.rejects(wish(), (error) => {
      assert.ok(error instanceof HeadgateError);
      assert.deepEqual([error.code, says.test(error.message)], [code, true], error.message);
      return true;
    });
  }
  await auth.changes.addDevice({ device: 'shelly:one' }, by);
  await auth.changes.addProgram('__proto__', ['read'], undefined, by);
  await assert.rejects(auth.changes.addProgram('five', ['read'], undefined, by), /There are 4 people/);
  assert.ok(!auth.audit.newest(100).some(({ about }) => about === 'five'));
});

test('what a device may do by itself is what its name is in', async (t) => {
  const { auth } = await authSite(t);
  const { account } = await auth.changes.addDevice({ device: 'tasmota:plug' }, by);
  const device = auth.book.principal(account.id)!;
  const may = (topic: string) => allows(device, { kind: 'publish', topic });
  const hears = (filter: string) => allows(device, { kind: 'subscribe', filter });
  assert.deepEqual(
    ['plug', 'plug/a/b', 'tele/plug/SENSOR', 'headgate/devices/tasmota:plug/commands/7/result'].map(may),
    [true, true, true, true],
  );
  assert.deepEqual(
    [
      'tele/plug2/SENSOR',
      'a/b/plug',
      'headgate/devices/tasmota:plug/commands',
      'headgate/devices/x/commands/7/result',
    ].map(may),
    [false, false, false, false],
  );
  assert.deepEqual(['cmnd/plug/#', 'headgate/devices/tasmota:plug/commands', '#', 'cmnd/+/POWER'].map(hears), [
    true,
    true,
    false,
    false,
  ]);
});

test('an entry that can not be read does not count, and stays where it is', async (t) => {
  const { disk } = await authSite(t);
  const bad = [
    'null',
    '{',
    '{"id":"a"}',
    '{"id":"b","kind":"person","name":"x","scopes":["admin"],"proof":{"kind":"none"}}',
  ];
  await disk.apply(bad.map((text, i) => ({ space: 'auth.accounts', key: 'abcd'[i]!, value: Buffer.from(text) })));
  const { auth } = await authSite(t, { disk });
  assert.deepEqual([auth.book.list('person'), auth.trustsThisMachine], [[], true]);
  assert.equal(disk.keys('auth.accounts').length, 4);
});
