import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { passwordHashOf, passwordText } from '../../src/auth/password-text.ts';
import { Passwords } from '../../src/auth/passwords.ts';
import { main } from '../../src/cli/main.ts';
import { MemoryDisk } from '../support/memory-shelf.ts';
import { tempDir } from '../support/temp-dir.ts';
import { authSite, by, fewOptions } from './site.ts';

const options = (passwordHash: string, name = 'admin') => ({ ...fewOptions, administrator: { name, passwordHash } });

test('`user hash` prints what lets somebody in, and nothing that is too easy', async (t) => {
  const file = join(tempDir(t), 'password');
  const hash = async (password: string) => {
    writeFileSync(file, `${password}\n`);
    const said: string[] = [];
    const terminal = {
      out: (text: string) => said.push(text),
      err: (text: string) => said.push(text),
      environment: {},
    };
    return { code: await main(['user', 'hash', '--password-file', file], terminal), said: said.join('\n') };
  };
  const { code, said } = await hash('correct horse battery');
  assert.equal(code, 0);
  assert.match(said, /^\$scrypt\$ln=14,r=8,p=5\$[\w-]{22}\$[\w-]{43}$/);
  assert.equal(await new Passwords().isRight('correct horse battery', passwordHashOf(said)), true);
  assert.equal(await new Passwords().isRight('correct horse batterie', passwordHashOf(said)), false);
  const short = await hash('short');
  assert.equal(short.code, 2);
  assert.match(short.said, /A password has 10 to 1,000 characters/);
});

test('a line that is no hash, or one that would cost too much, is none', () => {
  const right = passwordText({ N: 16_384, r: 8, p: 5, salt: 'a'.repeat(22), hash: 'b'.repeat(43) });
  assert.notEqual(passwordHashOf(`${right}\n`), undefined);
  const rows = [
    ...['', 'secret', '$6$rounds=5000$salt$hash', right.slice(0, -1), `${right}x`, right.replace('scrypt', 'argon2id')],
    ...['ln=0', 'ln=29', 'ln=20'].map((ln) => right.replace('ln=14', ln)),
    ...['p=0', 'p=99', 'r=0', 'r=32,p=99'].map((one) => right.replace(one.startsWith('p') ? 'p=5' : 'r=8', one)),
  ];
  for (const row of rows) assert.equal(passwordHashOf(row), undefined, row);
  const standard = right.replace('aaaa', 'a+/a');
  assert.equal(passwordHashOf(standard)?.salt, `a-_a${'a'.repeat(18)}`);
});

test('the administrator of the configuration is made once, while nobody is set up', async (t) => {
  const disk = new MemoryDisk();
  const hash = passwordText({ N: 2, r: 1, p: 1, salt: 'a'.repeat(22), hash: 'b'.repeat(43) });
  const first = await authSite(t, { disk, options: options(hash, 'ada') });
  assert.equal(first.auth.setup.state, 'done');
  assert.equal(first.auth.setup.code, undefined);
  assert.deepEqual(first.auth.book.named('person', 'ada')?.scopes, ['admin']);
  assert.equal(first.auth.audit.newest(5)[0]?.what, 'setup');
  const id = first.auth.book.named('person', 'ada')!.id;
  // What they chose since holds; and who was taken out does not come back while somebody is there.
  await first.auth.changes.addPerson('bob', 'correct horse', ['admin'], by);
  await first.auth.changes.remove(id, by);
  const again = await authSite(t, { disk, options: options(hash, 'ada') });
  assert.equal(again.auth.book.named('person', 'ada'), undefined);
});

test('a hash that is none leaves the other ways open', async (t) => {
  const { auth } = await authSite(t, { options: options('correct horse') });
  assert.equal(auth.setup.state, 'open');
});
