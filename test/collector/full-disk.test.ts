import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { kinds, range, sinkIn, storedNames, temporaryDirectory } from './fixtures.ts';

const child = fileURLToPath(new URL('./full-disk-child.ts', import.meta.url));

for (const kind of kinds) {
  test(`${kind}: a disk that is full stores nothing, and one that has room again stores everything once`, async (t) => {
    const address = sinkIn(temporaryDirectory(t), kind);
    // A limit on the size of files is a full disk that any user can have: 400 KiB here, in the middle of a group.
    const script = `trap '' XFSZ; ulimit -S -f 400; exec "$@"`;
    const process_ = spawn('bash', ['-c', script, 'bash', process.execPath, child, address], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    t.after(() => process_.kill('SIGKILL'));
    const exited = once(process_, 'exit');
    let durable = 0;
    let failures = 0;
    for await (const line of createInterface(process_.stdout)) {
      if (line.startsWith('durable')) durable = Number(line.split(' ')[1]);
      else {
        assert.equal(line, 'sink.failed');
        failures++;
        // The sink is closed: what is there is what was promised, and nothing of the group that failed.
        assert.deepEqual(storedNames(address), range(1, durable).map(nameOf));
        if (failures === 3) execFileSync('prlimit', ['--pid', String(process_.pid), '--fsize=unlimited']);
        process_.stdin.write('\n');
      }
    }
    assert.deepEqual(await exited, [0, null]);
    assert.equal(failures, 3);
    assert.deepEqual(storedNames(address), range(1, 16_000).map(nameOf));
  });
}

function nameOf(sequence: number): string {
  return `gw/e/${sequence}`;
}
