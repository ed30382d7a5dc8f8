import { join } from 'node:path';
import { startChild } from './children.ts';
import type { BufferJob, BufferNumbers } from './deep-buffer-protocol.ts';
import { within } from './wait.ts';

const script = join(import.meta.dirname, '..', 'peers', 'deep-buffer.ts');

/** Has a process of its own do a job with a buffer. @throws an Error with its last lines when it fails */
export async function doBufferJob(job: BufferJob, limitMs: number): Promise<BufferNumbers> {
  let tells: (line: string) => void = () => {};
  const told = new Promise<string>((resolve) => {
    tells = resolve;
  });
  const child = await startChild('the buffer', process.execPath, [script, JSON.stringify(job)], {
    onLine: (line) => tells(line),
  });
  const line = await within(`the buffer to ${job.kind}`, limitMs, Promise.race([told, child.failed]));
  await child.end();
  return JSON.parse(line) as BufferNumbers;
}
