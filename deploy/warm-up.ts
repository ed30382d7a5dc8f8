import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spareGateway } from './spare-gateway.ts';

// What `npm ci` can prepare: starts a gateway for a moment, so that Node's compile cache holds all that a start loads
// and the first real one is as fast as the others. Nothing depends on it, so a failure is told and lets npm go on.

const dataDir = mkdtempSync(join(tmpdir(), 'headgate-warm-up-'));
try {
  const gateway = spareGateway(dataDir);
  try {
    await gateway.start(AbortSignal.timeout(10_000));
    // The verbs that a newcomer tries.
    await Promise.all([import('../src/cli/run.ts'), import('../src/cli/status.ts'), import('../src/cli/demo.ts')]);
  } finally {
    await gateway.stop(AbortSignal.timeout(5_000));
  }
} catch (error) {
  process.stderr.write(`The compile cache could not be prepared: ${String(error)}\n`);
} finally {
  rmSync(dataDir, { recursive: true, force: true });
}
process.exit(0);
