// The house of src/, as data: who may import whom, and where each library lives. A reader learns the structure here,
// and architecture.test.ts holds the sources against it.

interface Room {
  /** Folders whose code it may load. */
  readonly may: readonly string[];
  /** Folders of which it may know the types; `parts` is every folder. */
  readonly types?: readonly string[];
}

const pure = ['core', 'lib'];

/** Folders of src/. Everyone may import from its own folder. A part's `options.ts` and `option-checks.ts` may be imported by `config`. */
export const rooms: Readonly<Record<string, Room>> = {
  core: { may: [] },
  lib: { may: ['core'] },
  wire: { may: pure },
  sources: { may: [...pure, 'auth'], types: ['profiles'] },
  profiles: { may: pure },
  admission: { may: pure },
  buffer: { may: pure },
  clock: { may: pure },
  live: { may: pure },
  load: { may: pure },
  upkeep: { may: pure },
  appliance: { may: [...pure, 'auth'], types: ['parts'] },
  history: { may: pure },
  registry: { may: pure, types: ['profiles'] },
  commands: { may: pure },
  alarms: { may: pure },
  'first-run': { may: pure },
  auth: { may: pure },
  pipeline: { may: [...pure, 'wire', 'profiles', 'admission', 'buffer', 'live', 'registry'] },
  uplink: { may: [...pure, 'wire'], types: ['buffer'] },
  collector: { may: [...pure, 'wire'] },
  api: { may: [...pure, 'wire', 'auth'], types: ['parts'] },
  config: { may: pure },
  instrumentation: { may: pure, types: ['parts'] },
  dashboard: { may: [] },
};

/** What may import anything: the entry, the composition root, the verbs, and the version that they tell. */
export const roots: readonly string[] = [
  'main.ts',
  'gateway.ts',
  'decoding.ts',
  'serving.ts',
  'http-parts.ts',
  'watching.ts',
  'upkeep-parts.ts',
  'cli/',
  'version.ts',
];

/** What a source stands on beyond its room: a Modbus bus is on a serial line, and what goes over it is what profiles read. */
export const foundations: Readonly<Record<string, readonly string[]>> = {
  'sources/modbus/': [
    'sources/serial/connection.ts',
    'sources/serial/intake.ts',
    'sources/serial/link.ts',
    'sources/serial/node.ts',
    'profiles/modbus/',
  ],
};

/** Files that start a process of their own, and so need what a root needs: folders they may import beyond their room's. */
export const entries: Readonly<Record<string, readonly string[]>> = {
  'collector/process.ts': ['instrumentation'],
};

/** The one home of each library: paths under src/ that may import it. */
export const homes: Readonly<Record<string, readonly string[]>> = {
  '@bufbuild/protobuf': ['wire/'],
  '@date-fns/tz': ['profiles/'],
  '@grpc/grpc-js': ['uplink/', 'api/grpc/', 'collector/'],
  '@nats-io/jetstream': ['collector/'],
  '@nats-io/kv': ['collector/'],
  '@nats-io/transport-node': ['collector/'],
  '@peculiar/x509': ['uplink/', 'collector/', 'auth/tls/'],
  '@preact/signals': ['dashboard/'],
  aedes: ['sources/mqtt/'],

  'better-sqlite3': ['buffer/', 'history/', 'collector/'],
  cborg: ['profiles/codecs/cbor/'],
  fastify: ['api/'],
  graphql: ['api/graphql/'],
  'graphql-ws': ['api/graphql/'],
  mqtt: ['sources/bridge/', 'cli/'],
  'mqtt-packet': ['sources/mqtt/'],
  pino: ['instrumentation/'],
  'pino-pretty': ['instrumentation/'],
  preact: ['dashboard/'],
  'prom-client': ['instrumentation/'],
  qlobber: ['sources/mqtt/'],
  re2js: ['profiles/'],
  'reflect-metadata': ['uplink/', 'collector/', 'auth/tls/'],
  serialport: ['sources/serial/connection.ts'],
  typebox: ['lib/', 'config/', 'api/', 'profiles/language/', '*/options.ts'],
  uplot: ['dashboard/charts/'],
  ws: ['api/'],
  yaml: ['config/', 'lib/settings/'],
};

/** Libraries that are built into the dashboard: nobody needs them at run time, so they are installed for development only. */
export const bundled: readonly string[] = ['@preact/signals', 'preact', 'uplot'];

/** Made by a program, not by hand: exempt from what is about style. */
export const generated = 'wire/generated/';
export const generatedFiles: readonly string[] = ['dashboard/api/schema.ts'];
export const maxLines = { source: 300, test: 400 };

/** One import of one file. */
export interface Import {
  /** Path under src/ of the importing file. */
  readonly from: string;
  /** Path under src/ of what it imports, or the library's name. */
  readonly to: string;
  readonly isLibrary: boolean;
  /** `type` is gone at run time; `later` is loaded when it is needed; `thread` in a worker or a process of its own. */
  readonly kind: 'value' | 'later' | 'type' | 'thread';
}

const statement = /^\s*(?:import|export)\s+(type\s)?(?:[\w*{}\s,$]+?\sfrom\s+)?'([^']+)'/gm;
const expression = /(typeof\s+)?\b(import|require|createRequire\(import\.meta\.url\))\(\s*'([^']+)'/g;
const thread = /new URL\(\s*'([^']+\.tsx?)',\s*import\.meta\.url\s*\)/g;

/** The imports in a source text; Node's own modules are left out. */
export function importsOf(from: string, text: string): Import[] {
  const found: [specifier: string, kind: Import['kind']][] = [
    ...[...text.matchAll(statement)].map(([, type, to]) => [to ?? '', type ? 'type' : 'value'] as const),
    ...[...text.matchAll(expression)].map(([, type, call, to]) => {
      const kind = call === 'import' ? 'later' : 'value';
      return [to ?? '', type ? 'type' : kind] as const;
    }),
    ...[...text.matchAll(thread)].map(([, to]) => [to ?? '', 'thread'] as const),
  ].map(([to, kind]) => [to, kind]);
  return found
    .filter(([to]) => !to.startsWith('node:'))
    .map(([to, kind]) => {
      const isLibrary = !to.startsWith('.');
      const base = new URL(from, 'file:///');
      const target = isLibrary ? (/^(@[^/]+\/)?[^/]+/.exec(to)?.[0] ?? to) : new URL(to, base).pathname.slice(1);
      return { from, to: target, isLibrary, kind };
    });
}

/** What is wrong with an import, as a sentence; undefined when the house allows it. */
export function trespass(one: Import): string | undefined {
  const { from, to, kind } = one;
  if (one.isLibrary) {
    const allowed = homes[to];
    if (!allowed) return `${from} imports ${to}, which has no home: give it one in test/house.ts.`;
    const isHome = allowed.some((place) =>
      place === '*/options.ts' ? from.endsWith('/options.ts') : from.startsWith(place),
    );
    return isHome || from.startsWith(generated)
      ? undefined
      : `${from} imports ${to}, whose home is ${allowed.join(', ')}.`;
  }
  if (roots.some((root) => from.startsWith(root))) return undefined;
  for (const [source, stones] of Object.entries(foundations)) {
    if (from.startsWith(source) && stones.some((stone) => to.startsWith(stone))) return undefined;
  }
  const folder = from.split('/')[0] ?? '';
  const target = to.split('/')[0] ?? '';
  const room = Object.hasOwn(rooms, folder) ? rooms[folder] : undefined;
  if (!room) return `${from}: src/${folder} has no place in the house: give it one in test/house.ts.`;
  if (folder === 'sources' && target === 'sources') {
    const isOwn = from.split('/')[1] === to.split('/')[1] || to.split('/').length === 2;
    return isOwn ? undefined : `${from} imports ${to}: sources know nothing of one another.`;
  }
  if (folder === target || room.may.includes(target) || entries[from]?.includes(target)) return undefined;
  if (folder === 'config' && /\/(?:options|option-checks)\.ts$/.test(to)) return undefined;
  const knows = room.types?.includes(target) || (room.types?.includes('parts') && Object.hasOwn(rooms, target));
  if (knows && kind === 'type') return undefined;
  const hint = knows ? ' (its types it may: `import type`)' : '';
  return `${from} imports ${to}, but ${folder} may import only ${room.may.join(', ') || 'nothing'}${hint}.`;
}

/** The first ring of files that load one another, as a path that ends where it starts; undefined when there is none. */
export function firstCycle(imports: readonly Import[]): string[] | undefined {
  const edges = new Map<string, string[]>();
  for (const { from, to, kind, isLibrary } of imports) {
    const isLoaded = kind === 'value' || kind === 'later';
    if (isLoaded && !isLibrary) edges.set(from, [...(edges.get(from) ?? []), to]);
  }
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (file: string): string[] | undefined => {
    if (trail.includes(file)) return [...trail.slice(trail.indexOf(file)), file];
    if (done.has(file)) return undefined;
    trail.push(file);
    for (const next of edges.get(file) ?? []) {
      const cycle = visit(next);
      if (cycle) return cycle;
    }
    trail.pop();
    done.add(file);
    return undefined;
  };
  for (const file of edges.keys()) {
    const cycle = visit(file);
    if (cycle) return cycle;
  }
  return undefined;
}
