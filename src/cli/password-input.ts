import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { HeadgateError } from '../core/errors.ts';
import { readSecret } from '../lib/secret-file.ts';

/**
 * A password: from a file, from standard input, or typed twice on a terminal, which shows nothing of it. Never from an argument: other users
 * can see those.
 *
 * @throws {HeadgateError} config.unreadable; usage.invalid when there is none, or two different ones
 */
export async function passwordFrom(file: string | undefined): Promise<string> {
  if (file !== undefined) return needed(readSecret(file, '--password-file').replace(/\r?\n$/, ''));
  if (!process.stdin.isTTY) {
    let text = '';
    for await (const chunk of process.stdin) text += String(chunk);
    return needed(text.replace(/\r?\n$/, ''));
  }
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    process.stderr.write('Password: ');
    const first = await terminal.question('');
    process.stderr.write('\nAgain: ');
    const second = await terminal.question('');
    process.stderr.write('\n');
    if (first !== second) throw new HeadgateError('usage.invalid', 'These were two different passwords.');
    return needed(first);
  } finally {
    terminal.close();
  }
}

function needed(password: string): string {
  if (password !== '') return password;
  throw new HeadgateError('usage.invalid', 'There is no password: type one, or name a file with --password-file.');
}
