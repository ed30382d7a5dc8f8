import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Random } from '../../support/random.ts';
import { filesIn, frameBytes, isLog, isSegment, pageBytes, type Site, walHeaderBytes } from './site.ts';

/** What was done to a copy of a site. */
export interface Corruption {
  /** In words, with the file. */
  readonly what: string;
  /** Something of these records was hit: they may be lost. All others must not be. */
  readonly hit: ReadonlySet<string>;
  /** That anything is missing can't be seen: the file ends as an earlier crash would have left it. */
  readonly isSilent?: boolean;
}

type Kind = (site: Site, directory: string, random: Random) => Corruption | undefined;

const nothing: ReadonlySet<string> = new Set();

function pick<T>(random: Random, all: readonly T[]): T {
  const one = all[random.between(0, all.length - 1)];
  if (one === undefined) throw new Error('there is nothing to pick from');
  return one;
}

const logs = (site: Site): string[] => [...site.pages.keys()].filter(isLog);
const segments = (site: Site): string[] => [...site.pages.keys()].filter(isSegment);
const sized = (directory: string, paths: readonly string[]): string[] =>
  paths.filter((path) => readFileSync(join(directory, path)).length > 0);

/** The records on the pages that bytes `from` to `to` of a file touch. */
function recordsAt(site: Site, path: string, from: number, to: number): Set<string> {
  const pages = site.pages.get(path)!;
  const page = (at: number): number =>
    isLog(path) ? Math.floor((at - walHeaderBytes) / frameBytes) : Math.floor(at / pageBytes);
  const hit = new Set<string>();
  for (let index = page(from); index <= page(Math.max(from, to - 1)); index++) {
    for (const name of pages[index] ?? []) hit.add(name);
  }
  return hit;
}

const all = (site: Site, path: string): Set<string> => recordsAt(site, path, 0, endOf(site, path));

function endOf(site: Site, path: string): number {
  const pages = site.pages.get(path)!.length;
  return isLog(path) ? walHeaderBytes + pages * frameBytes : pages * pageBytes;
}

function overwrite(path: string, change: (bytes: Buffer) => void): void {
  const bytes = readFileSync(path);
  change(bytes);
  writeFileSync(path, bytes);
}

const anyFile = (site: Site, directory: string): string[] => sized(directory, [...segments(site), ...logs(site)]);

const flipBits: Kind = (site, directory, random) => {
  const path = pick(random, anyFile(site, directory));
  const hit = new Set<string>();
  const count = random.between(1, 20);
  overwrite(join(directory, path), (bytes) => {
    for (let i = 0; i < count; i++) {
      const at = random.between(0, bytes.length - 1);
      bytes[at]! ^= 1 << random.between(0, 7);
      for (const name of recordsAt(site, path, at, at + 1)) hit.add(name);
    }
  });
  return { what: `${count} bits of ${path} flipped`, hit };
};

/** In the first pages lie the schema, the meta row, the state and the summaries. */
const flipHeads: Kind = (site, directory, random) => {
  const path = pick(random, anyFile(site, directory));
  const hit = new Set<string>();
  overwrite(join(directory, path), (bytes) => {
    for (let i = 0; i < 8; i++) {
      const at = random.between(0, Math.min(bytes.length, 5 * frameBytes) - 1);
      bytes[at]! ^= 1 << random.between(0, 7);
      for (const name of recordsAt(site, path, at, at + 1)) hit.add(name);
    }
  });
  return { what: `8 bits of the head of ${path} flipped`, hit };
};

/** The digits of what the files say of themselves, which no page has a checksum for. */
const flipTexts: Kind = (site, directory, random) => {
  const path = pick(random, anyFile(site, directory));
  const hit = new Set<string>();
  let count = 0;
  overwrite(join(directory, path), (bytes) => {
    const text = bytes.toString('latin1');
    for (const { index, 0: json } of text.matchAll(/\{"(?:removed|number|gateway)"[^\0]{20,}/g)) {
      if (random.next() < 0.3) continue;
      const digits = [...json.slice(0, 250).matchAll(/\d/g)].map((one) => one.index);
      if (digits.length === 0) continue;
      const at = index + pick(random, digits);
      bytes[at]! ^= 1;
      count++;
      for (const name of recordsAt(site, path, at, at + 1)) hit.add(name);
    }
  });
  return { what: `${count} digits in the texts of ${path} changed`, hit };
};

function fillPage(name: string, fill: (random: Random, length: number) => Buffer): Kind {
  return (site, directory, random) => {
    const path = pick(random, anyFile(site, directory));
    const { length } = readFileSync(join(directory, path));
    const from = random.between(0, Math.floor((length - 1) / pageBytes)) * pageBytes;
    const to = Math.min(length, from + pageBytes * random.between(1, 3));
    overwrite(join(directory, path), (bytes) => fill(random, to - from).copy(bytes, from));
    return { what: `bytes ${from} to ${to} of ${path} ${name}`, hit: recordsAt(site, path, from, to) };
  };
}

/**
 * Where a log's last whole transaction ends. One that has lost its last frame looks as one that was never made, whose records were
 * refused: nobody can tell, so its other frames are lost with it.
 */
function lastCommit(log: Buffer): number {
  let end = walHeaderBytes;
  for (let start = walHeaderBytes; start + frameBytes <= log.length; start += frameBytes) {
    // The second word of a frame's header: the size of the database after a commit, 0 in all other frames.
    if (log.readUInt32BE(start + 4) !== 0) end = start + frameBytes;
  }
  return end;
}

const truncate: Kind = (site, directory, random) => {
  const path = pick(random, anyFile(site, directory));
  const { length } = readFileSync(join(directory, path));
  const to = random.between(0, length - 1);
  truncateSync(join(directory, path), to);
  const from = isLog(path) ? lastCommit(readFileSync(join(directory, path))) : to;
  return { what: `${path} cut at ${to}`, hit: recordsAt(site, path, from, length), isSilent: isLog(path) };
};

const loseLog: Kind = (site, directory, random) => {
  if (logs(site).length === 0) return undefined;
  const path = pick(random, logs(site));
  rmSync(join(directory, path));
  return { what: `${path} gone`, hit: all(site, path), isSilent: true };
};

const staleLog: Kind = (site, directory, random) => {
  const older = filesIn(site.earlier).filter((path) => isLog(path) && existsSync(join(directory, path.slice(0, -4))));
  if (older.length === 0) return undefined;
  const path = pick(random, older);
  copyFileSync(join(site.earlier, path), join(directory, path));
  const hit = site.pages.has(path) ? all(site, path) : nothing;
  return { what: `${path} from an earlier day`, hit, isSilent: true };
};

const foreignLog: Kind = (site, directory, random) => {
  const source = pick(random, filesIn(site.earlier).filter(isLog));
  const target = `${pick(random, segments(site))}-wal`;
  if (source === target) return undefined;
  copyFileSync(join(site.earlier, source), join(directory, target));
  return { what: `${target} is ${source}`, hit: site.pages.has(target) ? all(site, target) : nothing };
};

const litter: Kind = (site, directory, random) => {
  const path = pick(random, segments(site));
  for (const suffix of ['-shm', '-journal', '.tmp', '-wal.bak']) {
    if (random.next() < 0.7) writeFileSync(join(directory, path + suffix), random.bytes(random.between(0, 9_000)));
  }
  writeFileSync(join(directory, dirname(path), 'notes.txt'), 'somebody was here');
  mkdirSync(join(directory, 'empty-folder'));
  return { what: `litter beside ${path}`, hit: nothing };
};

const loseSegment: Kind = (site, directory, random) => {
  const path = pick(random, segments(site));
  const hit = all(site, path);
  if (site.pages.has(`${path}-wal`)) for (const name of all(site, `${path}-wal`)) hit.add(name);
  for (const suffix of ['', '-wal']) rmSync(join(directory, path + suffix), { force: true });
  // Nobody knows yet of the last one.
  const isLast = !segments(site).some((one) => dirname(one) === dirname(path) && one > path);
  return { what: `${path} deleted`, hit, isSilent: isLast };
};

const directoryInstead: Kind = (site, directory, random) => {
  const path = pick(random, anyFile(site, directory));
  rmSync(join(directory, path));
  mkdirSync(join(directory, path));
  writeFileSync(join(directory, path, 'inside'), 'kept');
  return { what: `${path} is a directory`, hit: all(site, path) };
};

const hurtHead: Kind = (_, directory, random) => {
  const path = join(directory, pick(random, ['head.db', 'head.db-wal']));
  const way = random.between(0, 4);
  if (!existsSync(path)) return undefined;
  if (way === 0) rmSync(path);
  else if (way === 1) writeFileSync(path, random.bytes(random.between(0, 20_000)));
  else if (way === 2) truncateSync(path, random.between(0, readFileSync(path).length));
  else if (way === 3) for (const suffix of ['', '-wal']) rmSync(join(directory, `head.db${suffix}`), { force: true });
  else
    overwrite(path, (bytes) => {
      for (let i = 0; i < 30 && bytes.length > 0; i++) bytes[random.between(0, bytes.length - 1)]! ^= 0xff;
    });
  return { what: `${path} hurt in way ${way}`, hit: nothing };
};

const hurtShelf: Kind = (_, directory, random) => {
  const path = join(directory, 'shelf.db');
  const way = random.between(0, 2);
  if (way === 0) rmSync(path);
  else if (way === 1) writeFileSync(path, random.bytes(random.between(1, 20_000)));
  else overwrite(path, (bytes) => bytes.fill(0, 0, Math.min(bytes.length, 200)));
  return { what: `${path} hurt in way ${way}`, hit: nothing };
};

/** Two things at once. */
const twice: Kind = (site, directory, random) => {
  const first = flipBits(site, directory, random)!;
  const second = pick(random, [flipBits, hurtShelf, hurtHead])(site, directory, random);
  return { what: `${first.what}; ${second?.what}`, hit: new Set([...first.hit, ...(second?.hit ?? [])]) };
};

export const corruptions: Readonly<Record<string, Kind>> = {
  flipBits,
  flipHeads,
  flipTexts,
  zeroPages: fillPage('zeroed', (_, length) => Buffer.alloc(length)),
  garbagePages: fillPage('overwritten', (random, length) => random.bytes(length)),
  truncate,
  loseLog,
  staleLog,
  foreignLog,
  litter,
  loseSegment,
  directoryInstead,
  hurtHead,
  hurtShelf,
  twice,
};
