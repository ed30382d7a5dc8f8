import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { atEnd } from './at-end.ts';

/** A directory of the test's own, gone when it ends. */
export function tempDir(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'headgate-test-'));
  atEnd(t, () => rmSync(path, { recursive: true, force: true }));
  return path;
}
