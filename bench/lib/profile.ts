import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(import.meta.dirname, '..', '..');
const shown = 25;
const shownParts = 12;

/** What V8 writes, as far as it is read here. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  /** Microseconds between samples. */
  readonly timeDeltas: readonly number[];
}

/** Which thread a profile is of, told by a file that only it loads. First match counts. */
const threads: readonly { readonly file: string; readonly name: string }[] = [
  { file: '/src/buffer/worker.ts', name: "gateway: the buffer's thread" },
  { file: '/src/collector/sink-worker.ts', name: "collector: the sink's thread" },
  { file: '/src/gateway.ts', name: 'gateway: main thread' },
  { file: '/src/collector/collector.ts', name: 'collector: main thread' },
];

/** Where CPU time went: for each thread that wrote a profile into `folder`, the functions that took the most of it. */
export function profileTable(folder: string): string {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.cpuprofile'))
    .sort();
  return files.map((name) => tableOf(JSON.parse(readFileSync(join(folder, name), 'utf8')) as CpuProfile)).join('\n');
}

function tableOf({ nodes, samples, timeDeltas }: CpuProfile): string {
  const byId = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const selfUs = new Map<string, number>();
  const byPart = new Map<string, number>();
  let busyUs = 0;
  let idleUs = 0;
  for (const [index, id] of samples.entries()) {
    const frame = byId.get(id);
    // The time behind a sample lasts until the next one.
    const us = timeDeltas[index + 1] ?? 0;
    if (frame === undefined || us < 0) continue;
    if (frame.functionName === '(idle)') {
      idleUs += us;
      continue;
    }
    busyUs += us;
    const place = `${frame.functionName || '(anonymous)'}  ${placeOf(frame.url, frame.lineNumber)}`;
    add(selfUs, place, us);
    add(byPart, partOf(frame.url), us);
  }
  const urls = new Set(nodes.map(({ callFrame }) => callFrame.url));
  const name = threads.find(({ file }) => [...urls].some((url) => url.endsWith(file)))?.name ?? 'another thread';
  const line = ([what, us]: readonly [string, number]) =>
    `  ${((100 * us) / busyUs).toFixed(1).padStart(6)} %  ${(us / 1000).toFixed(0).padStart(6)} ms  ${what}`;
  return [
    '',
    `  ${name}: busy for ${(busyUs / 1e6).toFixed(1)} s, idle for ${(idleUs / 1e6).toFixed(1)} s. Self time by part:`,
    ...most(byPart, shownParts).map(line),
    '  and by function:',
    ...most(selfUs, shown).map(line),
  ].join('\n');
}

function add(sums: Map<string, number>, key: string, us: number): void {
  sums.set(key, (sums.get(key) ?? 0) + us);
}

function most(sums: ReadonlyMap<string, number>, count: number): [string, number][] {
  return [...sums].sort(([, one], [, other]) => other - one).slice(0, count);
}

/** A folder of ours, a library, or Node. */
function partOf(url: string): string {
  if (url === '') return 'native';
  if (!url.startsWith('file:')) return 'node';
  const path = placeOf(url, 0);
  const library = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1];
  return library ?? (/^src\/[^/:]+/.exec(path)?.[0] || path);
}

function placeOf(url: string, line: number): string {
  if (url === '') return '';
  const path = url.startsWith('file:') ? relative(root, fileURLToPath(url)) : url;
  return `${path}:${line + 1}`;
}
