import type { TestEvent } from 'node:test/reporters';

/** A test that did not run has proved nothing: it is named at the end, and the whole run fails. */
export default async function* skipReporter(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const skipped: string[] = [];
  for await (const { type, data } of events) {
    if (type === 'test:pass' && (data.skip !== undefined || data.todo !== undefined)) {
      skipped.push(`${data.file ?? ''}:${data.line ?? 0}: ${data.name}`);
    }
  }
  if (skipped.length > 0) {
    process.exitCode = 1;
    yield `\nThese tests did not run, so the run counts as failed:\n${skipped.map((line) => `  ${line}\n`).join('')}`;
  }
}
