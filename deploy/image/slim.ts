import { globSync, lstatSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { leftOut, modulesLeftOut } from './left-out.ts';

/** Takes out of a root file system what a gateway never needs, and tells each rule's bytes. `depmod` has to be run afterwards. */
export function slim(root: string): Map<string, number> {
  const gone = new Map<string, number>();
  for (const { why, paths, but = [] } of leftOut) {
    const stays = new Set(matches(root, but));
    const found = matches(root, paths).filter((path) => !stays.has(path));
    gone.set(
      why,
      found.reduce((sum, path) => sum + sizeOf(join(root, path)), 0),
    );
    for (const path of found) rmSync(join(root, path), { recursive: true });
  }
  for (const kernel of readdirSync(join(root, 'usr/lib/modules'))) {
    const folder = join(root, 'usr/lib/modules', kernel);
    for (const [path, why] of modulesToDrop(folder, readFileSync(join(folder, 'modules.dep'), 'utf8'))) {
      gone.set(why, (gone.get(why) ?? 0) + sizeOf(join(folder, path)));
      rmSync(join(folder, path));
    }
  }
  return gone;
}

/** Modules that go, each with its reason. Who is left never misses one that it depends on: `dependencies` is modules.dep's text. */
function modulesToDrop(folder: string, dependencies: string): Map<string, string> {
  const all = new Map<string, readonly string[]>();
  for (const line of dependencies.split('\n')) {
    const [module, others] = line.split(': ', 2);
    if (module?.includes('/')) all.set(module.replace(/:$/, ''), others?.split(' ') ?? []);
  }
  const drop = new Map<string, string>();
  for (const { why, paths, but = [] } of modulesLeftOut) {
    const below = (patterns: readonly string[]): Set<string> => new Set(matches(join(folder, 'kernel'), patterns));
    const [goes, stays] = [below(paths), below(but)];
    const within = (set: ReadonlySet<string>, path: string): boolean =>
      path !== '.' && (set.has(path) || within(set, dirname(path)));
    for (const module of all.keys()) {
      const path = module.replace('kernel/', '');
      if (within(goes, path) && !within(stays, path)) drop.set(module, why);
    }
  }
  for (const [module, needed] of all) if (!drop.has(module)) for (const one of needed) drop.delete(one);
  return drop;
}

function matches(folder: string, patterns: readonly string[]): string[] {
  return patterns.flatMap((pattern) => globSync(pattern, { cwd: folder }));
}

function sizeOf(path: string): number {
  const found = lstatSync(path);
  if (!found.isDirectory()) return found.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}
