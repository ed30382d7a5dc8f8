import type { TestContext } from 'node:test';
import { Auth } from '../../src/auth/auth.ts';
import type { AuthOptions } from '../../src/auth/options.ts';
import { Passwords } from '../../src/auth/passwords.ts';
import type { Clock } from '../../src/core/time.ts';
import { silentLog } from '../../src/lib/log.ts';
import { atEnd } from '../support/at-end.ts';
import { MemoryDisk, shelfOn } from '../support/memory-shelf.ts';
import { tempDir } from '../support/temp-dir.ts';

/** A clock that goes when it is told to. */
export class HandClock implements Clock {
  ms = 0;
  now = () => Date.UTC(2026, 5, 1) + this.ms;
  monotonic = () => this.ms;
}

export const fewOptions: AuthOptions = {
  setupWindow: 30 * 60_000,
  sessionIdle: 12 * 3_600_000,
  sessionLifetime: 30 * 86_400_000,
  administrator: { name: 'admin' },
  maxSessions: 5,
  maxAccounts: 50,
  maxAuditEntries: 20,
};

/** Passwords that cost little, and count what they cost. */
export function cheapPasswords() {
  const counts = { runs: 0, running: 0, mostRunning: 0 };
  const passwords = new Passwords({
    cost: { N: 2, r: 1, p: 1 },
    derive: async (password, salt, { N, r, p }) => {
      counts.runs++;
      counts.running++;
      counts.mostRunning = Math.max(counts.mostRunning, counts.running);
      await new Promise((resolve) => setImmediate(resolve));
      counts.running--;
      return Buffer.from(`${password} ${salt.toString('hex')} ${N * r * p}`.padEnd(32).slice(0, 200));
    },
  });
  return { passwords, counts };
}

export const by = { by: { id: 'local', kind: 'local', name: 'this machine' } as never, from: '127.0.0.1' };

/** Who may do what, on a disk of its own. */
export async function authSite(
  t: TestContext,
  { disk = new MemoryDisk(), clock = new HandClock(), options = fewOptions, directory = tempDir(t) } = {},
) {
  const { passwords, counts } = cheapPasswords();
  const auth = new Auth({
    options,
    buffer: {
      shelf: shelfOn(disk),
      get operatingMs() {
        return clock.ms;
      },
    },
    directory,
    clock,
    log: silentLog,
    passwords,
  });
  await auth.start();
  atEnd(t, () => auth.stop());
  return { auth, disk, clock, counts, directory, options };
}
